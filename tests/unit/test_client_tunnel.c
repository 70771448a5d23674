/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a tunnel asks whether the server is there. */
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/tunnel.h"

static struct client_config config;
static uint64_t now;
static struct tscf_timers timers = {.now = &now};
static const struct tunnel_host host = {.config = &config, .timers = &timers};
static struct tunnel plain, encrypted;

static void setup(void)
{
	config = (struct client_config){.keepalive = 10};
	now = 1000000;
	tunnel_init(&plain, &host, false, NULL);
	tunnel_init(&encrypted, &host, true, NULL);
}

/* Let @p t be told these, 0: not told, and be up since now. */
static void told(struct tunnel *t, unsigned keepalive, unsigned persistence)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_message m;
	struct tscf_writer w;
	tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_RESPONSE, 1, 1);
	if (keepalive)
		tscf_write_u16(&w, TSCF_TLV_KEEPALIVE, (uint16_t)keepalive);
	if (persistence)
		tscf_write_u16(&w, TSCF_TLV_PERSISTENCE, (uint16_t)persistence);
	ck_assert_int_eq(tscf_message_decode(data, (uint32_t)tscf_write_finish(&w), &m), 0);
	tunnel_take_times(t, &m);
	t->state = TUNNEL_UP;
	t->last_heard = t->last_sent = now;
}

static void told_nagle(struct tunnel *t, unsigned ms)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_message m;
	struct tscf_writer w;
	tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_RESPONSE, 1, 1);
	if (ms)
		tscf_write_u16(&w, TSCF_TLV_NAGLE, (uint16_t)ms);
	ck_assert_int_eq(tscf_message_decode(data, (uint32_t)tscf_write_finish(&w), &m), 0);
	tunnel_take_times(t, &m);
}

/* @return after how many seconds of silence it asks; 0: never. */
static uint64_t asks_after(const struct tunnel *t)
{
	uint64_t next = tunnel_next(t);
	return next == UINT64_MAX ? 0 : (next - now) / 1000;
}

/* The server's timer is that of the tunnel it was told on; the other one has its own. */
START_TEST(each_its_own)
{
	told(&plain, 300, 0);
	told(&encrypted, 20, 0);
	ck_assert_uint_eq(asks_after(&plain), 300);
	ck_assert_uint_eq(asks_after(&encrypted), 20);
	told(&plain, 0, 0);
	ck_assert_uint_eq(asks_after(&plain), 10);
	ck_assert_uint_eq(asks_after(&encrypted), 20);
}
END_TEST

static const struct {
	unsigned own, keepalive, persistence;
	uint64_t asks_after;
} cases[] = {
    {10, 0, 0, 10}, {10, 300, 0, 300}, {10, 300, 330, 110}, {10, 0, 330, 10}, {10, 0, 12, 4},
    {0, 0, 0, 0},   {0, 0, 330, 110},  {0, 25, 330, 25},    {0, 0, 2, 1},
};

START_TEST(how_long)
{
	config.keepalive = cases[_i].own;
	told(&plain, cases[_i].keepalive, cases[_i].persistence);
	ck_assert_uint_eq(asks_after(&plain), cases[_i].asks_after);
}
END_TEST

/* Only a stream holds packets, and not for long. */
START_TEST(how_long_it_holds)
{
	struct tscf_transport_ops ops = {.stream = true};
	struct tscf_transport transport = {.ops = &ops};
	static const struct {
		unsigned nagle, held;
	} of[] = {{0, 0}, {1, 1}, {50, 50}, {60000, 50}};

	plain.transport = &transport;
	for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		told_nagle(&plain, of[i].nagle);
		ck_assert_uint_eq(plain.nagle_ms, of[i].held);
	}
	ops.stream = false;
	told_nagle(&plain, 5);
	ck_assert_uint_eq(plain.nagle_ms, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("client tunnel");
	TCase *t = tcase_create("keepalive");
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, each_its_own);
	tcase_add_test(t, how_long_it_holds);
	tcase_add_loop_test(t, how_long, 0, sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
