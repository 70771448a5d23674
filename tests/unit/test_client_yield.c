/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client whose encrypted tunnel others need more: what it tells the server of its need, how it gives the tunnel up
 * without losing a packet, and that an encrypted-only socket keeps it, whenever it comes.
 */
#include "tests/unit/client_world.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int udp(uint16_t port)
{
	return world_socket(SOCK_DGRAM, WORLD_PLAIN, port);
}

static bool state_is(struct client_world *w, const char *state)
{
	return strcmp(world_status(w, "encrypted.state"), state) == 0;
}

static bool yields(struct client_world *w)
{
	return strcmp(world_status(w, "yields"), "true") == 0;
}

static void sends_by(struct client_world *w, int fd, bool encrypted)
{
	struct world_link *l = world_link(w, encrypted ? WORLD_DTLS : WORLD_UDP);
	unsigned before = l->inner;

	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	WORLD_UNTIL(w, 1000, l->inner == before + 1);
}

/** A preferred socket at port 5000, in the encrypted tunnel. */
static int preferred_up(struct client_world *w)
{
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_ENCRYPTED_PREFERRED)->error, 0);
	WORLD_UNTIL(w, 3000, state_is(w, "up") && world_bound(w, 5000));
	return fd;
}

/** The server's order to yield the encrypted tunnel comes by @p l. */
static void order_by(struct world_link *l)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer t;

	world_begin(l, &t, buffer, TSCF_KEEPALIVE_REQUEST);
	tscf_write_bytes(&t, TSCF_TLV_YIELD, NULL, 0);
	world_send(l, &t);
}

static void order(struct client_world *w)
{
	order_by(world_link(w, WORLD_DTLS));
}

/** @return whether the last message of that kind says that preferred sockets are all that need the tunnel. */
static bool said_preferred(struct client_world *w, enum world_ask ask)
{
	struct tscf_message m = world_last(w, ask);
	struct tscf_tlv tlv;

	ck_assert(tscf_message_find(&m, TSCF_TLV_NEED, &tlv));
	return tscf_message_needs_preferred(&m);
}

/** @return the need in the last keepalive of the encrypted tunnel; default: there was none, or it has no need. */
static enum tscf_level told(struct client_world *w)
{
	struct tscf_message m;
	struct tscf_tlv tlv;

	if (w->server.count[WORLD_KEEPALIVE_ENCRYPTED] == 0)
		return TSCF_LEVEL_DEFAULT;
	m = world_last(w, WORLD_KEEPALIVE_ENCRYPTED);
	return tscf_message_find(&m, TSCF_TLV_NEED, &tlv) ? tlv.value[0] : TSCF_LEVEL_DEFAULT;
}

/* The need is in the request, in the configuration, and in a keepalive as soon as it has changed. */
WORLD_TEST(tells_need, NULL)
{
	int fd = preferred_up(w), only = udp(5001);

	ck_assert(said_preferred(w, WORLD_RESERVE));
	ck_assert(said_preferred(w, WORLD_CONFIGURE_ENCRYPTED));
	ck_assert_int_ne(told(w), TSCF_LEVEL_ENCRYPTED_ONLY);
	world_level(w, only, TSCF_LEVEL_ENCRYPTED_ONLY);
	WORLD_UNTIL(w, 100, told(w) == TSCF_LEVEL_ENCRYPTED_ONLY);
	/* It counts for a while after its end. */
	world_close(w, only);
	world_pass(w, 2000);
	ck_assert_int_eq(told(w), TSCF_LEVEL_ENCRYPTED_ONLY);
	WORLD_UNTIL(w, 60000, told(w) == TSCF_LEVEL_ENCRYPTED_PREFERRED);
	close(fd);
}

WORLD_TEST(tells_only, NULL)
{
	int fd = world_encrypted_up(w, 5000);

	ck_assert(!said_preferred(w, WORLD_RESERVE));
	ck_assert(!said_preferred(w, WORLD_CONFIGURE_ENCRYPTED));
	order(w);
	world_pass(w, 1000);
	ck_assert(state_is(w, "up") && !yields(w));
	ck_assert_int_eq(world_counter(w, "encrypted_yielded"), 0);
	sends_by(w, fd, true);
	close(fd);
}

/* A socket without a port is in no list of the kernel's: its level counts all the same. */
WORLD_TEST(tells_only_unbound, NULL)
{
	int fd = preferred_up(w), only = world_socket(SOCK_DGRAM, NULL, 0);

	world_level(w, only, TSCF_LEVEL_ENCRYPTED_ONLY);
	WORLD_UNTIL(w, 100, told(w) == TSCF_LEVEL_ENCRYPTED_ONLY);
	close(only);
	close(fd);
}

/** @return a program that is told what becomes of the socket. */
static struct world_call *watch(struct client_world *w, int fd)
{
	struct world_call *call = world_call(w, TSCF_CONTROL_SUBSCRIBE, -1);

	world_ask_again(w, call, TSCF_CONTROL_WATCH, fd, 0);
	WORLD_UNTIL(w, 1000, call->events > 0 && call->event[0].enabled);
	return call;
}

/* The server is told first, both ends follow, and the tunnel goes when nothing can be under way in it. */
WORLD_TEST(gives_up, NULL)
{
	int fd = preferred_up(w);
	struct world_call *watcher = watch(w, fd);
	unsigned released = w->server.count[WORLD_RELEASE], requests;

	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	order(w);
	world_pass(w, 100);
	ck_assert(yields(w) && world_counter(w, "encrypted_yielded") == 1);
	ck_assert(watcher->event[0].type == TSCF_CONTROL_EVENT_SOCKET && !watcher->event[0].enabled);
	ck_assert_str_eq(watcher->event[0].reason, "the server needs the encrypted tunnel for others");
	sends_by(w, fd, true);
	/* Asked again meanwhile. */
	order(w);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, false);
	ck_assert(!world_bound(w, 5000));
	sends_by(w, fd, false);
	ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), fd, 5000));
	order(w);
	ck_assert_uint_eq(w->server.count[WORLD_RELEASE], released);
	WORLD_UNTIL(w, TSCF_MOVE_GRACE_MS + 20, w->server.count[WORLD_RELEASE] == released + 1);
	ck_assert(state_is(w, "idle"));
	ck_assert_int_eq(world_counter(w, "encrypted_yielded"), 1);
	sends_by(w, fd, false);
	/* It asks again after a while, and is refused; then granted. */
	requests = w->server.count[WORLD_RESERVE];
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	world_pass(w, 4500);
	ck_assert(yields(w));
	ck_assert_uint_eq(w->server.count[WORLD_RESERVE], requests);
	WORLD_UNTIL(w, 4000, w->server.count[WORLD_RESERVE] == requests + 1);
	ck_assert(said_preferred(w, WORLD_RESERVE) && !yields(w));
	sends_by(w, fd, false);
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 5000, world_bound(w, 5000));
	sends_by(w, fd, true);
	close(fd);
}

/* An encrypted-only socket comes while the client leaves (0), when it has left (1), or when the tunnel is gone (2). */
WORLD_TEST(only_comes, NULL)
{
	int fd = preferred_up(w), only = udp(5001);
	unsigned released = w->server.count[WORLD_RELEASE], clear;

	w->server.reaction[WORLD_BIND] = w->i == 0 ? WORLD_KEEPS : WORLD_ANSWERS;
	order(w);
	world_pass(w, w->i == 2 ? 1000 : 100);
	ck_assert(yields(w) && state_is(w, w->i == 2 ? "idle" : w->i == 1 ? "lingering" : "up"));
	clear = world_link(w, WORLD_UDP)->inner;
	world_level(w, only, TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(world_program_sends(only, WORLD_SERVICE, 7000, "x"), 0);
	world_turn(w);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 1000, state_is(w, "up") && world_bound(w, 5001));
	ck_assert(w->i == 2 ? !said_preferred(w, WORLD_RESERVE) : told(w) == TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert(!yields(w));
	ck_assert_uint_eq(w->server.count[WORLD_RELEASE], released + (w->i == 2));
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, clear);
	world_pass(w, 1000);
	ck_assert(state_is(w, "up"));
	/* The tunnel stays, so the preferred socket can be in it, too. */
	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	sends_by(w, fd, true);
	sends_by(w, only, true);
	close(fd);
	close(only);
}

/* The server ends the tunnel itself: preferred sockets are plain, an encrypted-only one that came too late is not. */
WORLD_TEST(forced, NULL)
{
	int fd = preferred_up(w);
	struct world_link *l = world_link(w, WORLD_DTLS);
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer t;

	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	world_begin(l, &t, buffer, TSCF_RELEASE_REQUEST);
	tscf_write_response(&t, TSCF_RESPONSE_SERVICE_UNAVAILABLE, "needed");
	world_send(l, &t);
	world_turn(w);
	sends_by(w, fd, false);
	ck_assert(said_preferred(w, WORLD_RESERVE));
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY)->error, 0);
	world_turn(w);
	ck_assert(!said_preferred(w, WORLD_RESERVE));
	close(fd);
}

/* Refused to preferred sockets, the tunnel is asked for anew for an encrypted-only one, whose first packet is held. */
WORLD_TEST(needed_after_refusal, NULL)
{
	unsigned requests;
	int fd, only;

	world_plain_up(w);
	fd = udp(5000);
	only = udp(5001);
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	world_level(w, fd, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	WORLD_UNTIL(w, 1000, state_is(w, "failed"));
	requests = w->server.count[WORLD_RESERVE];
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_BUSY;
	world_level(w, only, TSCF_LEVEL_ENCRYPTED_ONLY);
	world_turn(w);
	ck_assert_uint_eq(w->server.count[WORLD_RESERVE], requests + 1);
	ck_assert(!said_preferred(w, WORLD_RESERVE));
	ck_assert_int_eq(world_program_sends(only, WORLD_SERVICE, 7000, "x"), 0);
	world_pass(w, 700);
	ck_assert_uint_ge(w->server.count[WORLD_RESERVE], requests + 3);
	ck_assert(state_is(w, "requested"));
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 500, state_is(w, "up"));
	WORLD_UNTIL(w, 500, world_link(w, WORLD_DTLS)->inner == 1);
	close(fd);
	close(only);
}

/* The same order by the plain tunnel, where others can send in the server's name before there are keys: ignored. */
WORLD_TEST(not_by_the_plain_tunnel, NULL)
{
	int fd = preferred_up(w);

	order_by(world_link(w, WORLD_UDP));
	world_pass(w, 500);
	ck_assert(!yields(w) && state_is(w, "up"));
	sends_by(w, fd, true);
	close(fd);
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client yield");
	TCase *tc = tcase_create("yield");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, tells_need);
	tcase_add_test(tc, tells_only);
	tcase_add_test(tc, tells_only_unbound);
	tcase_add_test(tc, gives_up);
	tcase_add_loop_test(tc, only_comes, 0, 3);
	tcase_add_test(tc, forced);
	tcase_add_test(tc, needed_after_refusal);
	tcase_add_test(tc, not_by_the_plain_tunnel);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return world_main(make_suite);
}
