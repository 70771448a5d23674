/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages in the plain tunnel that the server has not made, or that come twice: dropped, counted, and nothing else.
 */
#include "tests/unit/client_world.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Begin the server's release of the tunnel. */
static void write_release(struct client_world *w, struct tscf_writer *t, uint8_t *buffer)
{
	world_begin(world_link(w, WORLD_UDP), t, buffer, TSCF_RELEASE_REQUEST);
	tscf_write_response(t, TSCF_RESPONSE_SHUTDOWN, "the server stops");
	ck_assert_int_gt(tscf_write_finish(t), 0);
}

static void receive(struct client_world *w, const uint8_t *data, uint32_t length)
{
	world_link_receive(world_link(w, WORLD_UDP), data, length);
	world_turn(w);
}

static void is_untouched(struct client_world *w, unsigned messages)
{
	ck_assert(world_plain_is_up(w));
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 0);
	/* No answer. */
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->messages, messages);
}

WORLD_TEST(missing, NULL)
{
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	world_plain_up(w);
	world_pass(w, 1000);
	unsigned messages = world_link(w, WORLD_UDP)->messages;
	write_release(w, &t, buffer);
	receive(w, buffer, t.length);
	world_begin(world_link(w, WORLD_UDP), &t, buffer, TSCF_KEEPALIVE_REQUEST);
	tscf_write_bytes(&t, TSCF_TLV_QUIET, NULL, 0);
	receive(w, buffer, (uint32_t)tscf_write_finish(&t));
	ck_assert_int_eq(world_counter(w, "control_unsealed"), 2);
	is_untouched(w, messages);
	/* Inner packets need no seal. */
	int fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	close(fd);
}

/* Not a byte of a sealed message can be changed. */
WORLD_TEST(forged, NULL)
{
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;
	uint32_t length;

	world_plain_up(w);
	world_pass(w, 1000);
	unsigned messages = world_link(w, WORLD_UDP)->messages;
	write_release(w, &t, buffer);
	length = tscf_seal_close(world_seal(w, w->server.tsid), buffer, t.length);
	/* The session id, the number and the MAC. */
	for (uint32_t i = 4; i < length; i = i == 11 ? length - 24 : i + 1) {
		buffer[i] ^= 1;
		receive(w, buffer, length);
		buffer[i] ^= 1;
	}
	ck_assert_int_eq(world_counter(w, "control_forged"), 8 + 24);
	ck_assert_int_eq(world_counter(w, "control_wrong_tsid"), 0);
	is_untouched(w, messages);
	receive(w, buffer, length);
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 1);
}

/* A keepalive of the server is answered once; one that was overtaken is answered, too. */
WORLD_TEST(replayed, NULL)
{
	uint8_t first[TSCF_PROBE_MAX], second[TSCF_PROBE_MAX];
	struct tscf_writer t;
	uint32_t length;

	world_plain_up(w);
	world_pass(w, 1000);
	struct world_link *l = world_link(w, WORLD_UDP);
	world_begin(l, &t, first, TSCF_KEEPALIVE_REQUEST);
	length = tscf_seal_close(world_seal(w, w->server.tsid), first, (uint32_t)tscf_write_finish(&t));
	world_begin(l, &t, second, TSCF_KEEPALIVE_REQUEST);
	tscf_seal_close(world_seal(w, w->server.tsid), second, (uint32_t)tscf_write_finish(&t));
	unsigned messages = l->messages;
	receive(w, second, length);
	receive(w, first, length);
	ck_assert_uint_eq(l->messages, messages + 2);
	receive(w, first, length);
	receive(w, second, length);
	ck_assert_int_eq(world_counter(w, "control_replayed"), 2);
	is_untouched(w, messages + 2);
}

/* A restarted server goes on in another run; what it said before is not accepted any more, and the client follows: the
 * world checks every number. */
WORLD_TEST(restarted, NULL)
{
	uint8_t old[TSCF_PROBE_MAX], buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;
	uint32_t length;

	world_plain_up(w);
	world_pass(w, 1000);
	struct world_link *l = world_link(w, WORLD_UDP);
	write_release(w, &t, old);
	length = tscf_seal_close(world_seal(w, w->server.tsid), old, t.length);
	tscf_seal_restart(world_seal(w, w->server.tsid), 3);
	world_begin(l, &t, buffer, TSCF_KEEPALIVE_REQUEST);
	world_send(l, &t);
	receive(w, old, length);
	ck_assert_int_eq(world_counter(w, "control_replayed"), 1);
	ck_assert(world_plain_is_up(w));
	world_pass(w, 60000);
	ck_assert(world_plain_is_up(w));
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 0);
}

/* Answer the oldest request of that kind as anybody can. */
static void answer_unsealed(struct client_world *w, enum world_ask ask)
{
	struct tscf_message m = world_last(w, ask);
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	tscf_write_begin(&t, buffer, sizeof(buffer), m.type + 1, m.tsid, m.sequence);
	tscf_write_response(&t, TSCF_RESPONSE_NO_SESSION, NULL);
	receive(w, buffer, (uint32_t)tscf_write_finish(&t));
}

/* That the session is unknown counts unsealed only for a request to resume it: a new one is verified. */
WORLD_TEST(session_unknown, NULL)
{
	world_plain_up(w);
	world_pass(w, 1000);
	unsigned asked = w->server.count[WORLD_KEEPALIVE];
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_KEEPS;
	WORLD_UNTIL(w, 60000, w->server.count[WORLD_KEEPALIVE] > asked);
	answer_unsealed(w, WORLD_KEEPALIVE);
	ck_assert_int_eq(world_counter(w, "control_unsealed"), 1);
	ck_assert(world_plain_is_up(w));
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	w->server.reaction[WORLD_RESUME] = WORLD_LOSES;
	WORLD_UNTIL(w, 60000, w->server.count[WORLD_RESUME] > 0);
	unsigned configured = w->server.count[WORLD_CONFIGURE];
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	answer_unsealed(w, WORLD_RESUME);
	WORLD_UNTIL(w, 60000, world_plain_is_up(w));
	ck_assert_uint_gt(w->server.count[WORLD_CONFIGURE], configured);
}

/* What anybody can send is no sign that the path is alive and narrow: the tunnel is lost, and its MTU stays. */
WORLD_TEST(no_sign_of_life, NULL)
{
	char mtu[16];
	unsigned asked;

	world_plain_up(w);
	world_pass(w, 1000);
	ck_assert_str_eq(world_status(w, "plain.mtu_confirmed"), "true");
	snprintf(mtu, sizeof(mtu), "%s", world_status(w, "plain.mtu"));
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	w->server.reaction[WORLD_RESUME] = WORLD_LOSES;
	asked = w->server.count[WORLD_KEEPALIVE];
	WORLD_UNTIL(w, 60000, w->server.count[WORLD_KEEPALIVE] > asked);
	for (unsigned i = 0; i < 100 && world_plain_is_up(w); i++) {
		answer_unsealed(w, WORLD_KEEPALIVE);
		world_pass(w, 100);
	}
	ck_assert(!world_plain_is_up(w));
	ck_assert_str_eq(world_status(w, "plain.mtu"), mtu);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client sealing");
	TCase *t = tcase_create("sealing");

	tcase_add_test(t, missing);
	tcase_add_test(t, forged);
	tcase_add_test(t, replayed);
	tcase_add_test(t, restarted);
	tcase_add_test(t, session_unknown);
	tcase_add_test(t, no_sign_of_life);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
