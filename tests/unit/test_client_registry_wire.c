/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the server is told of sockets over the encrypted tunnel: in which order, how often, and what happens when it
 * does not answer or refuses.  Shields: test_client_shields.c.
 */
#include "tests/unit/client_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool state_is(struct client_world *w, const char *state)
{
	return strcmp(world_status(w, "encrypted.state"), state) == 0;
}

static unsigned bindings_in(const struct tscf_message *m)
{
	uint32_t offset = 0;
	unsigned n = 0;
	struct tscf_tlv tlv;

	while (tscf_message_next(m, &offset, &tlv))
		n += tlv.type == TSCF_TLV_BINDING;
	return n;
}

/* The action in the last request for the socket at @p port, or -1. */
static int action_in(const struct tscf_message *m, uint16_t port)
{
	struct tscf_wire_binding wire;
	uint32_t offset = 0;
	struct tscf_tlv tlv;

	while (tscf_message_next(m, &offset, &tlv))
		if (tlv.type == TSCF_TLV_BINDING && tscf_tlv_binding(&tlv, &wire) == 0 && wire.key.local_port == port)
			return (int)wire.action;
	return -1;
}

/* --- bindings --- */

/* It is lost: it is told again, until it is confirmed, and answers that come twice change nothing. */
WORLD_TEST(bind_lost, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd;
	unsigned told;

	world_pass(w, 1000);
	told = w->server.count[WORLD_BIND];
	w->server.reaction[WORLD_BIND] = WORLD_LOSES;
	fd = world_only(w, 5000);
	world_pass(w, 1000);
	ck_assert_uint_ge(w->server.count[WORLD_BIND], told + 2);
	ck_assert(!world_bound(w, 5000));
	w->server.reaction[WORLD_BIND] = WORLD_TWICE;
	WORLD_UNTIL(w, 3000, world_bound(w, 5000));
	told = w->server.count[WORLD_BIND];
	world_pass(w, 3000);
	ck_assert_uint_eq(w->server.count[WORLD_BIND], told);
	close(fd);
	close(keeper);
}

/* Refused, or answered with nothing: the socket is not known there, and the next look at the sockets tells it again. */
WORLD_TEST(bind_refused, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd;
	unsigned told;

	world_pass(w, 1000);
	if (w->i)
		w->server.reaction[WORLD_BIND] = WORLD_WITHOUT;
	w->server.code[WORLD_BIND] = TSCF_RESPONSE_LIMIT;
	w->server.text = "too many";
	fd = world_only(w, 5000);
	world_pass(w, 200);
	ck_assert(!world_bound(w, 5000));
	told = w->server.count[WORLD_BIND];
	world_pass(w, 6000);
	ck_assert_uint_gt(w->server.count[WORLD_BIND], told);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	w->server.code[WORLD_BIND] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 6000, world_bound(w, 5000));
	close(fd);
	close(keeper);
}

static void little_room(struct client_world *w)
{
	w->server.room = 3;
}

/* It has no room for all: the whole address is encrypted then, without asking again and again, until there is room. */
WORLD_TEST(no_room, little_room)
{
	int keeper = world_encrypted_up(w, 4000), fds[4];
	unsigned told;

	for (unsigned i = 0; i < 4; i++)
		fds[i] = world_only(w, (uint16_t)(5000 + i));
	WORLD_UNTIL(w, 2000, world_bound_whole(w));
	told = w->server.count[WORLD_BIND];
	world_pass(w, 20000);
	ck_assert_uint_le(w->server.count[WORLD_BIND], told + 20);
	ck_assert(world_bound_whole(w));
	for (unsigned i = 0; i < 4; i++)
		world_close(w, fds[i]);
	WORLD_UNTIL(w, 20000, !world_bound_whole(w));
	close(keeper);
}

#define MANY 100

/* As many as there are, in messages that fit every path. */
WORLD_TEST(many, NULL)
{
	int fds[MANY], keeper;
	unsigned told = 0;

	keeper = world_encrypted_up(w, 4000);
	for (unsigned i = 0; i < MANY; i++)
		fds[i] = world_only(w, (uint16_t)(5000 + i));
	for (unsigned i = 0; i < MANY; i++)
		WORLD_UNTIL(w, 3000, world_bound(w, (uint16_t)(5000 + i)));
	/* All at once, for a new tunnel. */
	w->server.count[WORLD_BIND] = 0;
	world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
	WORLD_UNTIL(w, 5000, world_counter(w, "encrypted_reconnects") == 1 && state_is(w, "up"));
	world_pass(w, 1000);
	ck_assert_uint_le(w->server.count[WORLD_BIND], 4);
	struct tscf_message m = world_last(w, WORLD_BIND);
	ck_assert_uint_le(bindings_in(&m), 40);
	for (unsigned i = 0; i < MANY; i++)
		told += world_bound(w, (uint16_t)(5000 + i));
	ck_assert_uint_eq(told, MANY);
	for (unsigned i = 0; i < MANY; i++)
		close(fds[i]);
	close(keeper);
}

/* Requests may overtake each other: the next word on a socket waits until the one before has been answered. */
WORLD_TEST(one_word_at_a_time, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd;
	unsigned told;

	world_pass(w, 1000);
	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	told = w->server.count[WORLD_BIND];
	fd = world_only(w, 5000);
	ck_assert_uint_eq(w->server.count[WORLD_BIND], told + 1);
	world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	ck_assert_uint_eq(w->server.count[WORLD_BIND], told + 1);
	world_answer(w, WORLD_BIND);
	struct tscf_message m = world_last(w, WORLD_BIND);
	ck_assert_int_eq(action_in(&m, 5000), TSCF_BIND_ACTION_RELEASE);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 3000, !world_bound(w, 5000) && world_mark(w, fd) == TSCF_LEVEL_UNENCRYPTED);
	close(fd);
	close(keeper);
}

/* A preferred socket is gone: the server hears that it is closed, not that it is plain now. */
WORLD_TEST(preferred_closed, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000), again;

	world_level(w, fd, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	world_close(w, fd);
	WORLD_UNTIL(w, 6000, !world_bound(w, 5000));
	struct tscf_message m = world_last(w, WORLD_BIND);
	ck_assert_int_eq(action_in(&m, 5000), TSCF_BIND_ACTION_CLOSE);
	again = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), again, 5000));
	ck_assert(world_arrives(world_link(w, WORLD_UDP), again, 5000));
	close(again);
	close(keeper);
}

/* The socket is gone: the server hears of it, and what still comes for it is dropped here, by both tunnels. */
WORLD_TEST(closed, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = world_only(w, 5000), again;

	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	world_close(w, fd);
	WORLD_UNTIL(w, 6000, !world_bound(w, 5000));
	struct tscf_message m = world_last(w, WORLD_BIND);
	ck_assert_int_eq(action_in(&m, 5000), TSCF_BIND_ACTION_CLOSE);
	again = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert(!world_arrives(world_link(w, WORLD_UDP), again, 5000));
	ck_assert_int_gt(world_counter(w, "down_clear_refused"), 0);
	/* A minute later nothing is under way any more. */
	world_pass(w, 70000);
	ck_assert(world_arrives(world_link(w, WORLD_UDP), again, 5000));
	close(again);
	close(keeper);
}

/* A plain socket has the port of an encrypted-only one that has closed: what it sends must not be in clear, so it is
 * served by the encrypted tunnel until nothing of the other one can be under way any more. */
WORLD_TEST(guest, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = world_only(w, 5000);
	unsigned in_clear;

	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	world_close(w, fd);
	WORLD_UNTIL(w, 6000, !world_bound(w, 5000));
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	in_clear = world_link(w, WORLD_UDP)->inner;
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), fd, 5000));
	for (unsigned i = 0; w->i == 0 && i < 30; i++) {
		world_pass(w, 1000);
		ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	}
	world_turn(w);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, in_clear);
	/* Silent, or over: the server forgets it either way, and in the end it is plain. */
	world_pass(w, 70000);
	ck_assert(!world_bound(w, 5000));
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	world_turn(w);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, in_clear + 1);
	close(fd);
	close(keeper);
}

static void policy_for_port(struct client_world *w)
{
	w->config.policies.count = 1;
	w->config.policies.list[0] =
	    (struct policy){.name = "calls",
			    .protocol = IPPROTO_UDP,
			    .local_port = {5000, 5999},
			    .uid = {.low = w->i ? 4711 : 0, .high = w->i ? 4711 : 0, .given = true},
			    .level = TSCF_LEVEL_ENCRYPTED_ONLY};
}

/* A socket of which a policy speaks only waits, and nobody has seen it yet: its first clear packet is refused, and the
 * server hears of it; one of which it does not speak gets its packets. */
WORLD_TEST(suspect, policy_for_port)
{
	int fd;

	world_plain_up(w);
	if (w->i == 0)
		close(world_encrypted_up(w, 4000));
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert_int_eq(world_arrives(world_link(w, WORLD_UDP), fd, 5000), w->i);
	ck_assert_int_eq(world_arrives(world_link(w, WORLD_UDP), fd, 5000), w->i);
	if (w->i == 0)
		WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	close(fd);
}

/* The tunnel is lost with bindings under way: the next one is told all, whatever was said last. */
WORLD_TEST(under_way_when_lost, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd, gone;

	gone = world_only(w, 5001);
	world_pass(w, 1000);
	w->server.reaction[WORLD_BIND] = WORLD_LOSES;
	fd = world_only(w, 5000);
	world_close(w, gone);
	world_pass(w, 200);
	world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 5000, state_is(w, "up") && world_bound(w, 5000));
	WORLD_UNTIL(w, 5000, !world_bound(w, 5001));
	close(fd);
	close(keeper);
}

static int raw_fd;

/* The client drops the right to make one. */
static void make_raw(struct client_world *w)
{
	(void)w;
	raw_fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
	ck_assert_int_ge(raw_fd, 0);
}

/* A raw socket has no port to be known by: its packets bind their flow, as long as they come. */
WORLD_TEST(raw, make_raw)
{
	static const uint8_t udp[16] = {0x13, 0x88, 0x1b, 0x58, 0, 16};
	int keeper = world_encrypted_up(w, 4000), fd = raw_fd;
	struct sockaddr_in to = {.sin_family = AF_INET};
	unsigned told;

	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY)->error, 0);
	told = w->server.count[WORLD_BIND];
	to.sin_addr.s_addr = htonl(0xcb007105);
	ck_assert_int_eq(sendto(fd, udp, sizeof(udp), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(udp));
	world_turn(w);
	ck_assert_uint_eq(w->server.count[WORLD_BIND], told + 1);
	ck_assert(world_bound(w, 5000));
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 0);
	for (unsigned i = 0; i < 5; i++) {
		world_pass(w, 4000);
		sendto(fd, udp, sizeof(udp), 0, (struct sockaddr *)&to, sizeof(to));
		world_turn(w);
	}
	ck_assert(world_bound(w, 5000));
	WORLD_UNTIL(w, 20000, !world_bound(w, 5000));
	close(fd);
	close(keeper);
}

/* A packet on its way to the tunnel when that is lost.  Of a preferred socket it binds nothing that would keep it
 * silent; an encrypted-only one with that port stays shielded, in whatever order they are listed. */
WORLD_TEST(late_packet, NULL)
{
	uint32_t mark = tscf_mark_set(0, w->config.fwmark_mask, tscf_mark_explicit(TSCF_LEVEL_ENCRYPTED_PREFERRED));
	int keeper = world_encrypted_up(w, 4000), on = 1, fd, other = -1;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5000)};

	ck_assert_int_eq(inet_pton(AF_INET, WORLD_PLAIN, &to.sin_addr), 1);
	fd = world_socket(SOCK_DGRAM, NULL, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	/* Nobody has told of it yet. */
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	if (w->i) {
		other = world_socket(SOCK_DGRAM, NULL, 0);
		setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		ck_assert_int_eq(bind(other, (struct sockaddr *)&to, sizeof(to)), 0);
		world_level(w, other, TSCF_LEVEL_ENCRYPTED_ONLY);
		world_pass(w, 500);
	}
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "late"), 0);
	world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
	WORLD_UNTIL(w, 3000, strcmp(world_status(w, "encrypted.gate"), "shut") == 0);
	world_pass(w, 8000);
	ck_assert_int_eq(world_shielded(w, 5000), w->i);
	if (w->i == 0) {
		unsigned sent = world_link(w, WORLD_UDP)->inner;

		ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
		world_turn(w);
		ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, sent + 1);
		ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	} else {
		ck_assert(!world_arrives(world_link(w, WORLD_UDP), fd, 5000));
		close(other);
	}
	close(fd);
	close(keeper);
}

/* --- what the kernel says --- */

/* Half a list of sockets says nothing about what is gone. */
WORLD_TEST(dump_broken_off, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = world_only(w, 5000);

	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	w->diag_error = -EIO;
	world_close(w, fd);
	world_pass(w, 12000);
	ck_assert(world_bound(w, 5000));
	w->diag_error = 0;
	WORLD_UNTIL(w, 6000, !world_bound(w, 5000));
	close(keeper);
}

/* Words on closed sockets were lost: all are looked at soon. */
WORLD_TEST(events_lost, NULL)
{
	static const struct tscf_socket nothing;
	uint32_t mark = tscf_mark_set(0, w->config.fwmark_mask, tscf_mark_explicit(TSCF_LEVEL_ENCRYPTED_ONLY));
	int keeper = world_encrypted_up(w, 4000), fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);

	world_pass(w, 200);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	w->diag->destroyed(w->diag_context, &nothing);
	world_pass(w, 300);
	ck_assert(world_bound(w, 5000));
	close(fd);
	close(keeper);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client registry wire");
	TCase *bindings = tcase_create("bindings"), *kernel = tcase_create("kernel");

	tcase_add_test(bindings, bind_lost);
	tcase_add_loop_test(bindings, bind_refused, 0, 2);
	tcase_add_test(bindings, no_room);
	tcase_add_test(bindings, many);
	tcase_add_test(bindings, one_word_at_a_time);
	tcase_add_test(bindings, closed);
	tcase_add_test(bindings, preferred_closed);
	tcase_add_loop_test(bindings, guest, 0, 2);
	tcase_add_loop_test(bindings, suspect, 0, 2);
	tcase_add_test(bindings, under_way_when_lost);
	tcase_add_test(bindings, raw);
	tcase_add_loop_test(bindings, late_packet, 0, 2);
	tcase_add_test(kernel, dump_broken_off);
	tcase_add_test(kernel, events_lost);
	suite_add_tcase(s, bindings);
	suite_add_tcase(s, kernel);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
