/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted tunnels whose clients seem to be gone: they are asked, and only silence ends them. */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_world_packets.h"
#include "tscf-server/session/session_move.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define PREFERRED 4001
#define ONLY      4002
#define TICK_MS   1000

static struct world *w;
static struct world_client a;
static struct tscf_addr remote;
static struct tscf_transport_ops changed_ops;

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

static void plain_answers(void)
{
	world_plain(&a)->heard = w->now;
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

/* Let time pass as the server does while a session is suspected. */
static void pass(uint64_t ms)
{
	for (uint64_t end = w->now + ms; w->now < end;)
		world_pass(w, end - w->now < SERVER_LIVENESS_TICK_MS ? end - w->now : SERVER_LIVENESS_TICK_MS);
}

static void expect_aside(bool aside)
{
	ck_assert_ptr_nonnull(world_encrypted(&a));
	ck_assert_int_eq(passes_in_clear(PREFERRED), aside);
	ck_assert_int_eq(down(PREFERRED).verdict, aside ? SERVER_TO_PLAIN : SERVER_TO_ENCRYPTED);
	ck_assert(!passes_in_clear(ONLY));
	ck_assert_int_eq(down(ONLY).verdict, SERVER_TO_ENCRYPTED);
}

/* Asked until the time is over.  Soon the preferred socket is served in clear; at the end the only one has a shield. */
START_TEST(dead)
{
	a.connection->peer.round_trip_ms = _i ? 100 : 1;
	pass(TICK_MS);
	ck_assert(!passes_in_clear(PREFERRED));
	ck_assert_uint_eq(asked(), 0);
	world_pass(w, SERVER_LIVENESS_TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	ck_assert_uint_eq(a.connection->last[1], TSCF_KEEPALIVE_REQUEST);
	plain_answers();
	pass(_i ? 300 - SERVER_LIVENESS_TICK_MS : SERVER_ASIDE_MS - SERVER_LIVENESS_TICK_MS);
	expect_aside(false);
	pass(SERVER_LIVENESS_TICK_MS);
	expect_aside(true);
	ck_assert_uint_ge(asked(), 2);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_ENCRYPTED_ASIDE), 1);
	pass(SERVER_PROBE_MS - 500);
	expect_aside(true);
	pass(500);
	expect_ended();
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_ENCRYPTED_PROBED), 1);
}
END_TEST

/* Without a round trip that is known, more patience. */
START_TEST(dead_and_far)
{
	pass(TICK_MS);
	passes_in_clear(PREFERRED);
	pass(SERVER_ASIDE_MOST_MS);
	expect_aside(false);
	plain_answers();
	pass(2 * SERVER_LIVENESS_TICK_MS);
	expect_aside(true);
}
END_TEST

/* A tunnel that is used is not even asked, and whatever comes by it answers. */
START_TEST(alive)
{
	pass(TICK_MS);
	answer();
	ck_assert(!passes_in_clear(PREFERRED));
	world_pass(w, SERVER_LIVENESS_SILENCE_MS - 1);
	ck_assert_uint_eq(asked(), 0);
	pass(TICK_MS);
	ck_assert(!passes_in_clear(PREFERRED));
	world_pass(w, SERVER_LIVENESS_TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	w->now++;
	world_encrypted(&a)->heard = w->now;
	pass(SERVER_PROBE_MS);
	expect_aside(false);
	ck_assert_uint_eq(asked(), 1);
}
END_TEST

/* What comes by the tunnel ends that it is aside. */
START_TEST(back_again)
{
	a.connection->peer.round_trip_ms = 1;
	pass(TICK_MS);
	passes_in_clear(PREFERRED);
	pass(SERVER_ASIDE_MS);
	plain_answers();
	pass(SERVER_ASIDE_MS);
	expect_aside(true);
	w->now++;
	answer();
	pass(SERVER_LIVENESS_TICK_MS);
	expect_aside(false);
	pass(SERVER_LIVENESS_TICK_MS);
	ck_assert_ptr_null(w->state->sessions.suspected);
}
END_TEST

static void send_down(unsigned packets)
{
	for (unsigned i = 0; i < packets; i++)
		server_liveness_sent(w->state, world_encrypted(&a), w->now);
}

/* A client that is silent on both tunnels would not hear what is sent in clear. */
START_TEST(neither_answers)
{
	a.connection->peer.round_trip_ms = 1;
	pass(TICK_MS);
	send_down(SERVER_TALK_PACKETS - 1);
	pass(SERVER_TALK_MS);
	send_down(1);
	pass(2 * SERVER_PROBE_MS);
	ck_assert_int_eq(down(PREFERRED).verdict, SERVER_TO_ENCRYPTED);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_ENCRYPTED_ASIDE), 0);
	plain_answers();
	pass(SERVER_LIVENESS_TICK_MS);
	expect_aside(true);
}
END_TEST

/* Voice that nothing answers makes the server ask, and never ends the tunnel. */
START_TEST(talk_in_vain)
{
	a.connection->peer.round_trip_ms = 1;
	pass(TICK_MS);
	send_down(SERVER_TALK_PACKETS - 1);
	pass(SERVER_TALK_MS);
	ck_assert_uint_eq(asked(), 0);
	send_down(1);
	world_pass(w, SERVER_LIVENESS_TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	plain_answers();
	pass(SERVER_ASIDE_MS + SERVER_LIVENESS_TICK_MS);
	expect_aside(true);
	pass(2 * SERVER_PROBE_MS);
	expect_aside(true);
	/* And then only now and then. */
	ck_assert_uint_le(asked(),
			  SERVER_PROBE_MS / SERVER_PROBE_PAUSE_MS + SERVER_PROBE_MS / SERVER_PROBE_LONG_PAUSE_MS + 2);
}
END_TEST

/* Video that only goes down, and whose client answers: it is asked now and then. */
START_TEST(one_way)
{
	const unsigned seconds = 20;

	a.connection->peer.round_trip_ms = 1;
	pass(TICK_MS);
	for (unsigned t = 0; t < seconds * 1000; t += SERVER_LIVENESS_TICK_MS) {
		send_down(4);
		pass(SERVER_LIVENESS_TICK_MS);
		w->now++;
		if (world_encrypted(&a)->liveness.asked)
			answer();
		expect_aside(false);
	}
	ck_assert_uint_ge(asked(), seconds / 2);
	ck_assert_uint_le(asked(), seconds);
}
END_TEST

/* An idle tunnel is not asked, however long it says nothing. */
START_TEST(idle)
{
	pass(TICK_MS);
	send_down(3);
	pass(10 * TICK_MS);
	ck_assert_uint_eq(asked(), 0);
}
END_TEST

static void tell(bool aside)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_KEEPALIVE_REQUEST, true);
	if (aside)
		tscf_write_bytes(&writer, TSCF_TLV_ASIDE, NULL, 0);
	world_send(&a, &writer, true);
}

/* A client that sends and does not hear says so. */
START_TEST(reported)
{
	tell(true);
	expect_aside(true);
	w->now++;
	answer();
	pass(TICK_MS);
	expect_aside(true);
	tell(false);
	expect_aside(false);
	/* What was overtaken says nothing. */
	server_liveness_reported(w->state, world_encrypted(&a), true, 1, w->now);
	expect_aside(false);
}
END_TEST

/* A client that reports again and again does not fill the log: what is more than it may is counted. */
START_TEST(reported_too_often)
{
	const unsigned at_once = 20;
	unsigned lines = 0;
	char expected[128];
	const char *text;

	w->state->client_lines = (struct server_client_lines){0};
	tscf_log_set_level(TSCF_LOG_INFO);
	for (unsigned told = 0; told < 2 * SERVER_CLIENT_LINES; told += at_once) {
		capture_begin();
		for (unsigned i = 0; i < at_once; i++)
			tell(i % 2 == 0);
		for (text = capture_end(); (text = strstr(text, "encrypted-preferred sockets")) != NULL; text++)
			lines++;
	}
	ck_assert_uint_eq(lines, SERVER_CLIENT_LINES);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_LINES_OMITTED), SERVER_CLIENT_LINES);
	w->now += SERVER_CLIENT_LINES_MS;
	capture_begin();
	tell(true);
	tell(false);
	snprintf(expected, sizeof(expected),
		 "%u lines about clients of 198.51.100.1 were left out: more than %u in 60 s\n", SERVER_CLIENT_LINES,
		 SERVER_CLIENT_LINES);
	text = strstr(capture_end(), expected);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strstr(text + strlen(expected), "left out"));
}
END_TEST

static bool is_proved;

static void prove(struct tscf_peer *peer)
{
	(void)peer;
	is_proved = true;
}

static void answer_number(uint32_t number)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	tscf_write_begin(&writer, data, sizeof(data), TSCF_KEEPALIVE_RESPONSE, a.encrypted_tsid, number);
	world_send(&a, &writer, true);
}

/* Only the answer to what was sent there proves an address. */
START_TEST(moved)
{
	uint32_t before = world_encrypted(&a)->sequence;

	is_proved = false;
	changed_ops = *w->encrypted.ops;
	changed_ops.proved = prove;
	w->encrypted.ops = &changed_ops;
	tscf_endpoint_set_port(&a.connection->peer.outer, 6000);
	server_session_moved(w->state, world_encrypted(&a), w->now);
	server_liveness_moved(w->state, world_encrypted(&a), w->now);
	ck_assert_uint_eq(tscf_endpoint_port(&world_encrypted(&a)->outer), 6000);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_ENCRYPTED_MOVED), 1);
	ck_assert_uint_eq(asked(), 1);
	answer_number(before + 1);
	ck_assert(!is_proved);
	/* It is asked until it answers. */
	pass(4 * SERVER_PROBE_PAUSE_MS);
	ck_assert_uint_ge(asked(), 3);
	answer_number(world_encrypted(&a)->liveness.proof);
	ck_assert(is_proved);
	pass(SERVER_LIVENESS_TICK_MS + SERVER_LIVENESS_SILENCE_MS);
	ck_assert_ptr_null(w->state->sessions.suspected);
}
END_TEST

/* Forged packets, as many as there may be, make the server ask one question in a while. */
START_TEST(forged)
{
	const unsigned probes = 10;

	for (unsigned t = 0; t < probes * SERVER_LIVENESS_REST_MS; t += TICK_MS) {
		for (unsigned n = 0; n < 100; n++)
			ck_assert(!passes_in_clear(PREFERRED));
		pass(TICK_MS);
		w->now++;
		if (world_encrypted(&a)->liveness.asked)
			answer();
	}
	ck_assert_uint_le(world_counter(w, SERVER_COUNT_ENCRYPTED_PROBED), probes + 1);
	ck_assert_uint_ge(world_counter(w, SERVER_COUNT_ENCRYPTED_PROBED), probes / 2);
	ck_assert_ptr_nonnull(world_encrypted(&a));
}
END_TEST

/* An ICMP error belongs to two flows, and both may be set aside only if neither is encrypted-only. */
START_TEST(errors)
{
	const enum tscf_level own = _i & 1 ? TSCF_LEVEL_ENCRYPTED_ONLY : TSCF_LEVEL_ENCRYPTED_PREFERRED;
	const uint16_t port = _i & 2 ? ONLY : PREFERRED;
	const struct tscf_binding_key icmp = world_key(&a.plain, IPPROTO_ICMP, 0, NULL, 0);
	const struct world_packet sent = world_udp(&a.plain, port, &remote, 4000),
				  came = world_udp(&remote, 4000, &a.plain, port),
				  from = world_icmp_error(&a.plain, &remote, &came, 28),
				  to = world_icmp_error(&remote, &a.plain, &sent, 28);

	ck_assert_int_eq(world_bind(&a, &icmp, TSCF_BIND_ACTION_BIND, own, 0), TSCF_RESPONSE_SUCCESS);
	tell(true);
	expect_aside(true);
	ck_assert_int_eq(world_up(&a, &from, false).verdict, _i ? SERVER_DROP : SERVER_TO_TUN);
	ck_assert_int_eq(world_down(w, &to).verdict, _i ? SERVER_TO_ENCRYPTED : SERVER_TO_PLAIN);
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
	world_pass(w, SERVER_LIVENESS_TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	world_pass(w, SERVER_PROBE_MS);
	expect_ended();
}
END_TEST

/* On a stream nothing is lost: one question, and more time. */
START_TEST(stream)
{
	changed_ops = *w->encrypted.ops;
	changed_ops.stream = true;
	w->encrypted.ops = &changed_ops;
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

static const struct {
	unsigned round_trip, after;
} patience[] = {{1, SERVER_ASIDE_STREAM_MS}, {280, 840}, {700, SERVER_ASIDE_MOST_MS}, {0, SERVER_ASIDE_MOST_MS}};

/* On a stream, too, a long round trip is no silence. */
START_TEST(stream_and_far)
{
	changed_ops = *w->encrypted.ops;
	changed_ops.stream = true;
	w->encrypted.ops = &changed_ops;
	a.connection->peer.round_trip_ms = patience[_i].round_trip;
	pass(TICK_MS);
	passes_in_clear(PREFERRED);
	world_pass(w, SERVER_LIVENESS_TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	plain_answers();
	pass(patience[_i].after - SERVER_LIVENESS_TICK_MS);
	expect_aside(false);
	pass(2 * SERVER_LIVENESS_TICK_MS);
	expect_aside(true);
}
END_TEST

/* A suspected tunnel that ends is forgotten. */
START_TEST(ended_while_suspected)
{
	world_pass(w, TICK_MS);
	ck_assert(!passes_in_clear(PREFERRED));
	world_pass(w, TICK_MS);
	ck_assert_uint_eq(asked(), 1);
	world_disconnect(&a);
	world_pass(w, SERVER_PROBE_MS);
	ck_assert_ptr_null(w->state->sessions.suspected);
	expect_ended();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server liveness");
	TCase *t = tcase_create("liveness");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, dead, 0, 2);
	tcase_add_test(t, dead_and_far);
	tcase_add_test(t, alive);
	tcase_add_test(t, back_again);
	tcase_add_test(t, neither_answers);
	tcase_add_test(t, talk_in_vain);
	tcase_add_test(t, one_way);
	tcase_add_test(t, idle);
	tcase_add_test(t, reported);
	tcase_add_loop_test(t, errors, 0, 4);
	tcase_add_test(t, reported_too_often);
	tcase_add_test(t, moved);
	tcase_add_test(t, forged);
	tcase_add_test(t, encrypted_only);
	tcase_add_test(t, asks_for_another);
	tcase_add_test(t, stream);
	tcase_add_loop_test(t, stream_and_far, 0, sizeof(patience) / sizeof(*patience));
	tcase_add_test(t, ended_while_suspected);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
