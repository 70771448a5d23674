/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted tunnels whose clients seem to be gone: they are asked, and only silence ends them. */
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"

#include <netinet/in.h>

#define PREFERRED 4001
#define ONLY      4002
#define TICK_MS   1000

static struct world *w;
static struct world_client a;
static struct tscf_addr remote;
static struct tscf_transport_ops stream_ops;

static void bind_level(uint16_t port, enum tscf_level level)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_BIND, level, 0), TSCF_RESPONSE_SUCCESS);
}

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	world_client(w, &a, 1, 5000);
	remote = world_addr("192.0.2.1");
	world_connect(&a);
	world_encrypt(&a);
	bind_level(PREFERRED, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	bind_level(ONLY, TSCF_LEVEL_ENCRYPTED_ONLY);
}

static void teardown(void)
{
	world_free(w);
}

static bool passes_in_clear(uint16_t port)
{
	struct world_packet p = world_udp(&a.plain, port, &remote, 4000);

	return world_up(&a, &p, false).verdict == SERVER_TO_TUN;
}

/** What the server sends to the socket. */
static struct server_decision down(uint16_t port)
{
	struct world_packet p = world_udp(&remote, 4000, &a.plain, port);

	return world_down(w, &p);
}

static unsigned asked(void)
{
	return a.connection->sent;
}

static void answer(void)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_KEEPALIVE_RESPONSE, true);
	world_send(&a, &writer, true);
}

static void expect_ended(void)
{
	ck_assert_ptr_null(world_encrypted(&a));
	ck_assert(!a.connection->open);
	ck_assert(passes_in_clear(PREFERRED));
	ck_assert_int_eq(down(PREFERRED).verdict, SERVER_TO_PLAIN);
	ck_assert(!passes_in_clear(ONLY));
	ck_assert_int_eq(down(ONLY).verdict, SERVER_DROP);
	ck_assert_int_eq(down(ONLY).reason, SERVER_COUNT_SHIELDED);
}

/* Asked with every tick until the time is over; then the preferred socket is free, and the only one has a shield. */
START_TEST(dead)
{
	world_pass(w, TICK_MS);
	ck_assert(!passes_in_clear(PREFERRED));
	ck_assert_uint_eq(asked(), 0);
	world_pass(w, TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	ck_assert_uint_eq(a.connection->last[1], TSCF_KEEPALIVE_REQUEST);
	for (unsigned t = TICK_MS; t < SERVER_PROBE_MS; t += TICK_MS) {
		ck_assert(!passes_in_clear(PREFERRED));
		ck_assert_int_eq(down(PREFERRED).verdict, SERVER_TO_ENCRYPTED);
		world_pass(w, TICK_MS);
		ck_assert_uint_eq(asked(), 1 + t / TICK_MS);
		ck_assert_ptr_nonnull(world_encrypted(&a));
	}
	world_pass(w, TICK_MS);
	expect_ended();
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_ENCRYPTED_PROBED), 1);
}
END_TEST

/* A tunnel that is used is not even asked, and whatever comes by it answers. */
START_TEST(alive)
{
	struct world_packet p = world_udp(&a.encrypted, 4001, &remote, 4000);

	world_pass(w, TICK_MS);
	answer();
	ck_assert(!passes_in_clear(PREFERRED));
	world_pass(w, SERVER_LIVENESS_SILENCE_MS - 1);
	world_pass(w, TICK_MS);
	ck_assert_uint_eq(asked(), 0);
	ck_assert(!passes_in_clear(PREFERRED));
	world_pass(w, TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	w->now++;
	world_up(&a, &p, true);
	world_encrypted(&a)->heard = w->now;
	world_pass(w, SERVER_PROBE_MS);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	ck_assert(!passes_in_clear(PREFERRED));
	ck_assert_int_eq(down(ONLY).verdict, SERVER_TO_ENCRYPTED);
}
END_TEST

/* Forged packets, as many as there may be, make the server ask one question in a while. */
START_TEST(forged)
{
	const unsigned probes = 10;

	for (unsigned t = 0; t < probes * SERVER_LIVENESS_REST_MS; t += TICK_MS) {
		for (unsigned n = 0; n < 100; n++)
			ck_assert(!passes_in_clear(PREFERRED));
		world_pass(w, TICK_MS);
		w->now++;
		if (world_encrypted(&a)->doubt.asked)
			answer();
	}
	ck_assert_uint_le(world_counter(w, SERVER_COUNT_ENCRYPTED_PROBED), probes);
	ck_assert_uint_ge(world_counter(w, SERVER_COUNT_ENCRYPTED_PROBED), probes / 2);
	ck_assert_uint_eq(asked(), world_counter(w, SERVER_COUNT_ENCRYPTED_PROBED));
	ck_assert_ptr_nonnull(world_encrypted(&a));
}
END_TEST

/* No client sends an encrypted-only socket in clear: that says nothing about the tunnel. */
START_TEST(encrypted_only)
{
	world_pass(w, TICK_MS);
	ck_assert(!passes_in_clear(ONLY));
	world_pass(w, TICK_MS);
	ck_assert_uint_eq(asked(), 0);
}
END_TEST

/* A socket that only receives is helped by the request for another tunnel. */
START_TEST(asks_for_another)
{
	struct world_client again = a;

	world_pass(w, TICK_MS);
	ck_assert_int_eq(world_reserve(&again), TSCF_RESPONSE_SUCCESS);
	world_pass(w, TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	world_pass(w, SERVER_PROBE_MS);
	expect_ended();
}
END_TEST

/* On a stream nothing is lost: one question, and more time. */
START_TEST(stream)
{
	stream_ops = *w->encrypted.ops;
	stream_ops.stream = true;
	w->encrypted.ops = &stream_ops;
	world_pass(w, TICK_MS);
	ck_assert(!passes_in_clear(PREFERRED));
	world_pass(w, TICK_MS);
	for (unsigned t = TICK_MS; t < SERVER_PROBE_STREAM_MS; t += TICK_MS)
		world_pass(w, TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	world_pass(w, TICK_MS);
	expect_ended();
}
END_TEST

/* A tunnel that ends while it is in doubt is forgotten. */
START_TEST(ended_in_doubt)
{
	world_pass(w, TICK_MS);
	ck_assert(!passes_in_clear(PREFERRED));
	world_pass(w, TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	world_disconnect(&a);
	world_pass(w, SERVER_PROBE_MS);
	ck_assert_ptr_null(w->state->sessions.doubted);
	expect_ended();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server doubt");
	TCase *t = tcase_create("doubt");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, dead);
	tcase_add_test(t, alive);
	tcase_add_test(t, forged);
	tcase_add_test(t, encrypted_only);
	tcase_add_test(t, asks_for_another);
	tcase_add_test(t, stream);
	tcase_add_test(t, ended_in_doubt);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
