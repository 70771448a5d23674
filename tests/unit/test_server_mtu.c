/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keepalives that ask what the path carries, and clients that say it. */
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"

#define SMALLEST_ANSWER (TSCF_MESSAGE_HEADER + TSCF_SEAL_SIZE)

static struct world *w;
static struct world_client a;

/** The lease that was told of last. */
static struct {
	unsigned calls, before, now;
} told;

static void narrowed(void *context, const struct server_lease *lease, unsigned before)
{
	ck_assert_ptr_eq(context, w);
	told.calls++;
	told.before = before;
	told.now = lease->mtu;
}

static void setup(void)
{
	told.calls = told.before = told.now = 0;
	w = world_new(SERVER_SERVICE_DTTE);
	w->state->settings.mtu = 1340;
	w->state->leases.narrowed = narrowed;
	w->state->leases.context = w;
	world_client(w, &a, 1, 5000);
	world_connect(&a);
}

static void teardown(void)
{
	w->state->leases.narrowed = NULL;
	world_free(w);
}

/** A keepalive request padded to @p length that names @p mtu, unless it is 0.  @return the length of the answer. */
static uint32_t keepalive(struct world_client *c, uint32_t length, unsigned mtu, bool encrypted)
{
	uint8_t data[TSCF_PROBE_MAX];
	struct tscf_writer writer;
	const uint32_t seal = encrypted ? 0 : TSCF_SEAL_SIZE;
	const uint64_t tsid = encrypted ? c->encrypted_tsid : c->tsid;

	tscf_write_begin(&writer, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, tsid,
			 encrypted ? ++c->encrypted_sequence : ++c->sequence);
	if (mtu != 0)
		tscf_write_u16(&writer, TSCF_TLV_MTU, (uint16_t)mtu);
	tscf_write_pad(&writer, length > seal ? length - seal : 0);
	world_send(c, &writer, encrypted);
	return w->answer.length;
}

/* The answer shows that the path carries that size both ways: it is as large, and must not be fragmented. */
START_TEST(answer_of_the_same_size)
{
	ck_assert_uint_eq(keepalive(&a, 0, 0, false), SMALLEST_ANSWER);
	for (uint32_t length = 64; length <= TSCF_PROBE_MAX; length += 359) {
		ck_assert_uint_eq(keepalive(&a, length, 0, false), length);
		ck_assert(w->answer.whole);
	}
	ck_assert_uint_eq(keepalive(&a, TSCF_PROBE_MAX, 0, false), TSCF_PROBE_MAX);
	ck_assert_uint_eq(told.calls, 0);
}
END_TEST

/* What the client says of its path holds for its address, until it says another thing. */
START_TEST(client_names_its_mtu)
{
	keepalive(&a, 0, 1300, false);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert_uint_eq(told.now, 1300);
	keepalive(&a, 0, 1300, false);
	ck_assert_uint_eq(told.calls, 1);
	keepalive(&a, 0, 1320, false);
	ck_assert_uint_eq(told.before, 1300);
	ck_assert_uint_eq(told.now, 1320);
	/* As much as everybody has, or more. */
	keepalive(&a, 0, 1500, false);
	ck_assert_uint_eq(told.before, 1320);
	ck_assert_uint_eq(told.now, 0);
}
END_TEST

/* An old request that comes late, or twice, does not undo a newer one. */
START_TEST(late_request)
{
	keepalive(&a, 0, 1300, false);
	keepalive(&a, 0, 1320, false);
	a.sequence -= 2;
	keepalive(&a, 0, 1300, false);
	ck_assert_uint_eq(told.now, 1320);
}
END_TEST

/* Nobody can make a tunnel useless by a tiny number: this one has an IPv6 address. */
START_TEST(least)
{
	keepalive(&a, 0, 1, false);
	ck_assert_uint_eq(told.now, TSCF_MTU_FLOOR_IPV6);
}
END_TEST

/* When the tunnel goes nothing of it stays, on either address. */
START_TEST(forgotten)
{
	world_encrypt(&a);
	keepalive(&a, 0, 1300, false);
	keepalive(&a, 0, 1300, true);
	ck_assert_uint_eq(told.calls, 2);
	server_sessions_end_all(w->state, w->now);
	ck_assert_uint_eq(told.calls, 4);
	ck_assert_uint_eq(told.before, 1300);
	ck_assert_uint_eq(told.now, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-mtu");
	TCase *t = tcase_create("mtu");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, answer_of_the_same_size);
	tcase_add_test(t, client_names_its_mtu);
	tcase_add_test(t, late_request);
	tcase_add_test(t, least);
	tcase_add_test(t, forgotten);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
