/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The encrypted tunnel: every state of it against every answer and every loss, what is held meanwhile, how long it
 * lingers, and how a better kind of transport takes its place.
 */
#include "tests/unit/client_world.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool state_is(struct client_world *w, const char *state)
{
	return strcmp(world_status(w, "encrypted.state"), state) == 0;
}

static bool gate_is(struct client_world *w, const char *gate)
{
	return strcmp(world_status(w, "encrypted.gate"), gate) == 0;
}

static bool reason_has(struct client_world *w, const char *text)
{
	return strstr(world_status(w, "encrypted.reason"), text) != NULL;
}

/* A socket asks for the tunnel.  @return it. */
static int ask(struct client_world *w)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY)->error, 0);
	return fd;
}

static void recovers(struct client_world *w)
{
	for (unsigned i = 0; i < WORLD_ASKS; i++) {
		w->server.reaction[i] = WORLD_ANSWERS;
		w->server.code[i] = TSCF_RESPONSE_SUCCESS;
	}
	for (unsigned i = 0; i < WORLD_KINDS; i++)
		w->reception[i] = WORLD_ACCEPTS;
	WORLD_UNTIL(w, 45000, state_is(w, "up"));
	ck_assert(gate_is(w, "open"));
	WORLD_UNTIL(w, 2000, world_bound(w, 5000));
}

static void short_persistence(struct client_world *w)
{
	w->config.persistence = 2;
}

/* --- set-up --- */

WORLD_TEST(comes_and_goes, short_persistence)
{
	struct tscf_message m;
	struct tscf_tlv tlv;
	int fd = ask(w);

	WORLD_UNTIL(w, 2000, state_is(w, "up"));
	ck_assert(gate_is(w, "open"));
	ck_assert_str_eq(world_status(w, "encrypted.transport"), "dtls");
	ck_assert_str_eq(world_status(w, "encrypted.internal.0"), WORLD_ENCRYPTED);
	m = world_last(w, WORLD_RESERVE);
	/* Who listens on the plain tunnel cannot take the reservation. */
	ck_assert(tscf_message_find(&m, TSCF_TLV_RESERVATION_HASH, &tlv));
	ck_assert(!tscf_message_find(&m, TSCF_TLV_RESERVATION_SECRET, &tlv));
	m = world_last(w, WORLD_CONFIGURE_ENCRYPTED);
	ck_assert(tscf_message_find(&m, TSCF_TLV_RESERVATION_SECRET, &tlv));
	ck_assert(!tscf_message_find(&m, TSCF_TLV_RESUME_SECRET, &tlv));
	world_close(w, fd);
	WORLD_UNTIL(w, 2000, state_is(w, "lingering"));
	ck_assert(gate_is(w, "open"));
	WORLD_UNTIL(w, 3000, state_is(w, "idle"));
	ck_assert_uint_eq(w->server.count[WORLD_RELEASE], 1);
	ck_assert_ptr_null(world_link(w, WORLD_DTLS));
}

static bool last_bind_is_complete(struct client_world *w)
{
	struct tscf_message m = world_last(w, WORLD_BIND);
	struct tscf_tlv tlv;

	return tscf_message_find(&m, TSCF_TLV_COMPLETE, &tlv);
}

/* The tunnel comes up for a socket, and so long afterwards the server has not heard that it knows all.  @return the
 * socket. */
static int up_untold(struct client_world *w, uint64_t ms)
{
	int fd = ask(w);

	WORLD_UNTIL(w, 2000, state_is(w, "up"));
	world_pass(w, ms);
	ck_assert(!last_bind_is_complete(w));
	return fd;
}

/* The server hears that it knows all sockets when it has confirmed each, and once for each tunnel. */
WORLD_TEST(all_are_told, NULL)
{
	unsigned count;
	int fd;

	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	fd = up_untold(w, 1000);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, true);
	WORLD_UNTIL(w, 2000, last_bind_is_complete(w));
	count = w->server.count[WORLD_BIND];
	world_pass(w, 20000);
	ck_assert_uint_eq(w->server.count[WORLD_BIND], count);
	close(fd);
}

/* It is not told so while it refuses a socket. */
WORLD_TEST(not_all_are_told, NULL)
{
	int fd;

	w->server.code[WORLD_BIND] = TSCF_RESPONSE_NOT_ALLOWED;
	fd = up_untold(w, 10000);
	w->server.code[WORLD_BIND] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 10000, last_bind_is_complete(w));
	close(fd);
}

/* The server has entries of a former run: a tunnel that no socket wants is set up to end them, and released. */
WORLD_TEST(ends_what_is_left, short_persistence)
{
	world_plain_up(w);
	ck_assert(state_is(w, "idle"));
	w->server.entries_left = true;
	WORLD_UNTIL(w, 60000, w->server.count[WORLD_BIND] > 0 && last_bind_is_complete(w));
	w->server.entries_left = false;
	WORLD_UNTIL(w, 5000, state_is(w, "idle"));
	ck_assert_uint_eq(w->server.count[WORLD_RELEASE], 1);
	world_pass(w, 60000);
	ck_assert_uint_eq(w->server.count[WORLD_RESERVE], 1);
}

/* A refused tunnel is asked for until the server has been told. */
WORLD_TEST(ends_it_later, short_persistence)
{
	int fd;

	world_plain_up(w);
	w->server.entries_left = true;
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_LIMIT;
	WORLD_UNTIL(w, 60000, state_is(w, "failed"));
	w->server.entries_left = false;
	/* Listings of the sockets do not end that. */
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_UNENCRYPTED)->error, 0);
	world_pass(w, 10000);
	ck_assert(!state_is(w, "idle"));
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 45000, w->server.count[WORLD_BIND] > 0 && last_bind_is_complete(w));
	WORLD_UNTIL(w, 5000, state_is(w, "idle"));
	close(fd);
}

/* Wanted again while it lingers: it stays, without a new handshake. */
WORLD_TEST(wanted_again, short_persistence)
{
	int fd = ask(w);

	WORLD_UNTIL(w, 2000, state_is(w, "up"));
	world_close(w, fd);
	WORLD_UNTIL(w, 2000, state_is(w, "lingering"));
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5002);
	world_level(w, fd, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	ck_assert(state_is(w, "up"));
	WORLD_UNTIL(w, 2000, world_bound(w, 5002));
	world_pass(w, 5000);
	ck_assert(state_is(w, "up"));
	ck_assert_uint_eq(w->server.count[WORLD_RESERVE], 1);
	close(fd);
}

static const enum world_ask asks[] = {WORLD_RESERVE, WORLD_CONFIGURE_ENCRYPTED};
static const char *const asked_for[] = {"service", "configuration"};

/* The first messages are lost: they are sent again. */
WORLD_TEST(lost_at_first, NULL)
{
	w->server.reaction[asks[w->i]] = WORLD_LOSES;
	int fd = ask(w);
	world_pass(w, 1500);
	ck_assert_uint_ge(w->server.count[asks[w->i]], 2);
	ck_assert(!state_is(w, "up"));
	w->server.reaction[asks[w->i]] = WORLD_TWICE;
	WORLD_UNTIL(w, 3000, state_is(w, "up"));
	ck_assert_int_eq(world_counter(w, "encrypted_reconnects"), 0);
	close(fd);
}

/* Never answered: what was held is given up, the programs are told, and later it is tried again. */
WORLD_TEST(never_answered, NULL)
{
	w->server.reaction[asks[w->i]] = WORLD_LOSES;
	int fd = ask(w);
	WORLD_UNTIL(w, 20000, gate_is(w, "shut"));
	WORLD_UNTIL(w, 20000, state_is(w, "failed") && reason_has(w, asked_for[w->i]));
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), -EACCES);
	ck_assert(world_shielded(w, 5000));
	recovers(w);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	close(fd);
}

static const enum tscf_response refusals[] = {TSCF_RESPONSE_SERVICE_UNAVAILABLE, TSCF_RESPONSE_LIMIT,
					      TSCF_RESPONSE_RESERVATION, TSCF_RESPONSE_UNAUTHORIZED};
#define REFUSALS (int)(sizeof(refusals) / sizeof(*refusals))

WORLD_TEST(refused, NULL)
{
	enum world_ask which = asks[w->i / REFUSALS];

	w->server.code[which] = refusals[w->i % REFUSALS];
	w->server.text = "not today";
	int fd = ask(w);
	WORLD_UNTIL(w, 1000, state_is(w, "failed"));
	ck_assert(gate_is(w, "shut") && reason_has(w, "not today"));
	recovers(w);
	close(fd);
}

WORLD_TEST(no_response_code, NULL)
{
	w->server.reaction[asks[w->i]] = WORLD_WITHOUT;
	int fd = ask(w);
	WORLD_UNTIL(w, 1000, state_is(w, "failed"));
	ck_assert(reason_has(w, "no response code"));
	recovers(w);
	close(fd);
}

WORLD_TEST(no_address, NULL)
{
	w->server.encrypted = w->server.encrypted6 = NULL;
	int fd = ask(w);
	WORLD_UNTIL(w, 1000, state_is(w, "failed"));
	ck_assert(reason_has(w, "lacks an address"));
	w->server.encrypted = WORLD_ENCRYPTED;
	recovers(w);
	close(fd);
}

/* Packets from the address of the encrypted tunnel go by that or not at all: it must not be one of this host. */
WORLD_TEST(foreign_address, NULL)
{
	static const struct {
		const char *address, *why;
	} foreign[] = {{"198.51.100.10", "out0 of this host has that"},
		       {"0.0.0.0", "no tunnel can have that"},
		       {WORLD_PLAIN, "the plain tunnel has that"}};
	int program = world_socket(SOCK_DGRAM, "198.51.100.10", 6000), any = world_socket(SOCK_DGRAM, NULL, 6001);

	w->server.encrypted = foreign[w->i].address;
	ask(w);
	WORLD_UNTIL(w, 2000, gate_is(w, "shut"));
	ck_assert(reason_has(w, foreign[w->i].why));
	ck_assert_int_eq(world_program_sends(program, "198.51.100.1", 9, "as ever"), 0);
	ck_assert_int_eq(world_program_sends(any, "198.51.100.1", 9, "as ever"), 0);
	ck_assert_int_eq(world_program_sends(any, WORLD_SERVICE, 9, "by the plain tunnel"), 0);
	close(program);
	close(any);
	w->server.encrypted = WORLD_ENCRYPTED;
	recovers(w);
}

/* The server does not know the plain tunnel that asks: that is set up again, and then the encrypted one. */
WORLD_TEST(plain_unknown, NULL)
{
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	int fd = ask(w);
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_NO_SESSION;
	world_answer(w, WORLD_RESERVE);
	WORLD_UNTIL(w, 1000, world_counter(w, "plain_reconnects") == 1);
	recovers(w);
	ck_assert_uint_ge(w->server.count[WORLD_RESUME], 1);
	close(fd);
}

/* An answer that comes after its time, for a reservation that was given up, changes nothing. */
WORLD_TEST(late_reservation, NULL)
{
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	int fd = ask(w);
	WORLD_UNTIL(w, 20000, state_is(w, "failed"));
	w->server.reaction[WORLD_RESERVE] = WORLD_LOSES;
	world_answer_all(w, true);
	ck_assert(state_is(w, "failed"));
	ck_assert_ptr_null(world_link(w, WORLD_DTLS));
	recovers(w);
	close(fd);
}

WORLD_TEST(handshake_fails, NULL)
{
	static const enum world_reception receptions[] = {WORLD_REFUSES, WORLD_SILENT, WORLD_FAILS};

	w->reception[WORLD_DTLS] = receptions[w->i];
	int fd = ask(w);
	WORLD_UNTIL(w, 10000, gate_is(w, "shut"));
	ck_assert(!state_is(w, "up"));
	world_pass(w, 15000);
	recovers(w);
	close(fd);
}

/* Nobody wants it any more while it is being made. */
WORLD_TEST(not_wanted_any_more, short_persistence)
{
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	int fd = ask(w);
	ck_assert(state_is(w, "requested"));
	world_close(w, fd);
	world_pass(w, 500);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 10000, state_is(w, "idle"));
	ck_assert_ptr_null(world_link(w, WORLD_DTLS));
}

/* --- what is held --- */

WORLD_TEST(held, NULL)
{
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	int fd = ask(w);

	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "the first"), 0);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "the second"), 0);
	world_pass(w, 100);
	ck_assert_int_eq(world_counter(w, "held"), 2);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 1000, state_is(w, "up"));
	/* The server hears of the socket before its packets come. */
	ck_assert_uint_eq(world_link(w, WORLD_DTLS)->inner, 2);
	ck_assert_mem_eq(world_link(w, WORLD_DTLS)->last + 28, "the second", 10);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 0);
	close(fd);
}

/* A packet alone asks for the tunnel, too: of a socket that got its mark without this client. */
WORLD_TEST(packet_asks, short_persistence)
{
	uint32_t mark = tscf_mark_set(0, w->config.fwmark_mask, tscf_mark_explicit(TSCF_LEVEL_ENCRYPTED_ONLY));

	world_plain_up(w);
	int fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	WORLD_UNTIL(w, 2000, state_is(w, "up"));
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 0);
	WORLD_UNTIL(w, 2000, world_bound(w, 5000));
	world_close(w, fd);
	WORLD_UNTIL(w, 10000, state_is(w, "idle"));
}

/* --- loss --- */

static void lose_by_close(struct client_world *w)
{
	world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
}

static void lose_by_release(struct client_world *w)
{
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	world_begin(world_link(w, WORLD_DTLS), &t, buffer, TSCF_RELEASE_REQUEST);
	tscf_write_response(&t, TSCF_RESPONSE_SHUTDOWN, "ends");
	world_send(world_link(w, WORLD_DTLS), &t);
}

static void lose_by_tsid(struct client_world *w)
{
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	tscf_write_begin(&t, buffer, sizeof(buffer), TSCF_KEEPALIVE_REQUEST, 4711, 1);
	world_send(world_link(w, WORLD_DTLS), &t);
}

static void lose_by_silence(struct client_world *w)
{
	w->server.reaction[WORLD_KEEPALIVE_ENCRYPTED] = WORLD_LOSES;
	WORLD_UNTIL(w, 60000, world_counter(w, "encrypted_reconnects") > 0);
	w->server.reaction[WORLD_KEEPALIVE_ENCRYPTED] = WORLD_ANSWERS;
}

static void (*const losses[])(struct client_world *w) = {lose_by_close, lose_by_release, lose_by_tsid, lose_by_silence};

/* It is made again at once, and takes the place of the one before. */
WORLD_TEST(lost, NULL)
{
	struct tscf_message m;
	struct tscf_tlv tlv;
	int fd = world_encrypted_up(w, 5000);

	losses[w->i](w);
	WORLD_UNTIL(w, 3000, world_counter(w, "encrypted_reconnects") == 1 && state_is(w, "up"));
	m = world_last(w, WORLD_CONFIGURE_ENCRYPTED);
	ck_assert(tscf_message_find(&m, TSCF_TLV_RESUME_SECRET, &tlv));
	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), fd, 5000));
	close(fd);
}

/* Nothing of an encrypted-only socket is in clear while it is away, in either direction. */
WORLD_TEST(nothing_in_clear_while_away, NULL)
{
	int fd = world_encrypted_up(w, 5000);

	world_pass(w, 3500);
	w->reception[WORLD_DTLS] = WORLD_REFUSES;
	lose_by_close(w);
	for (unsigned i = 0; i < 50; i++) {
		world_program_sends(fd, WORLD_SERVICE, 7000, "secret");
		world_pass(w, 100);
		ck_assert(!world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	}
	ck_assert(gate_is(w, "shut") && world_shielded(w, 5000));
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 0);
	recovers(w);
	close(fd);
}

#define STALLS 20

/* A network that carries neither tunnel for a while, near or far: nothing is put aside, not even when the plain one
 * answers first.  The last time the encrypted one goes on not to answer. */
WORLD_TEST(stalled, NULL)
{
	int fd = world_encrypted_up(w, 5000);
	bool remains = w->i == STALLS;
	unsigned asked;

	w->server.delay = remains ? 0 : 4 * (unsigned)w->i;
	world_pass(w, 3500);
	w->server.reaction[WORLD_KEEPALIVE] = w->server.reaction[WORLD_KEEPALIVE_ENCRYPTED] = WORLD_LOSES;
	for (unsigned i = 0; i < 50; i++) {
		ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
		world_pass(w, 20);
	}
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	asked = w->server.count[WORLD_KEEPALIVE];
	WORLD_UNTIL(w, 2000, w->server.count[WORLD_KEEPALIVE] > asked);
	world_pass(w, remains ? 500 : 20);
	ck_assert_int_eq(world_counter(w, "encrypted_aside"), remains);
	w->server.reaction[WORLD_KEEPALIVE_ENCRYPTED] = WORLD_ANSWERS;
	world_pass(w, 500);
	ck_assert_int_eq(world_counter(w, "encrypted_aside"), remains);
	ck_assert_int_eq(world_counter(w, "encrypted_reconnects"), remains);
	close(fd);
}

/* The plain tunnel goes, and the encrypted one goes on by itself; both come back if both are lost. */
WORLD_TEST(plain_lost, NULL)
{
	int fd = world_encrypted_up(w, 5000);

	w->server.reaction[WORLD_KEEPALIVE] = w->server.reaction[WORLD_RESUME] = WORLD_LOSES;
	world_link_unreachable(world_link(w, WORLD_UDP));
	WORLD_UNTIL(w, 5000, strcmp(world_status(w, "plain.state"), "up") != 0);
	world_pass(w, 1000);
	ck_assert(state_is(w, "up"));
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), fd, 5000));
	if (w->i) {
		lose_by_close(w);
		world_pass(w, 5000);
		ck_assert(!state_is(w, "up"));
	}
	w->server.reaction[WORLD_KEEPALIVE] = w->server.reaction[WORLD_RESUME] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 20000, strcmp(world_status(w, "plain.state"), "up") == 0);
	recovers(w);
	close(fd);
}

static void by_tls(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_TCP;
}

/* A call that hears nothing, on a path with a long round trip: each keepalive is answered, so the tunnel is not aside.
 */
WORLD_TEST(far_on_a_stream, by_tls)
{
	unsigned asked;
	int fd;

	world_plain_up(w);
	w->server.delay = 700;
	fd = ask(w);
	WORLD_UNTIL(w, 20000, state_is(w, "up") && world_bound(w, 5000));
	ck_assert_str_eq(world_status(w, "encrypted.transport"), "tls");
	asked = w->server.count[WORLD_KEEPALIVE_ENCRYPTED];
	for (unsigned i = 0; i < 300; i++) {
		ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
		world_pass(w, 20);
	}
	ck_assert_uint_ge(w->server.count[WORLD_KEEPALIVE_ENCRYPTED], asked + 2);
	ck_assert_int_eq(world_counter(w, "encrypted_aside"), 0);
	/* Only a silence of two round trips is one. */
	w->server.reaction[WORLD_KEEPALIVE_ENCRYPTED] = WORLD_LOSES;
	asked = w->server.count[WORLD_KEEPALIVE_ENCRYPTED];
	WORLD_UNTIL(w, 2000,
		    world_program_sends(fd, WORLD_SERVICE, 7000, "x") == 0 &&
			w->server.count[WORLD_KEEPALIVE_ENCRYPTED] > asked);
	world_pass(w, 1300);
	ck_assert_int_eq(world_counter(w, "encrypted_aside"), 0);
	world_pass(w, 200);
	ck_assert_int_eq(world_counter(w, "encrypted_aside"), 1);
	close(fd);
}

/* --- both transports --- */

static void both(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_AUTO;
}

/* Where DTLS does not get through, TLS does; later DTLS takes its place, and nothing is lost meanwhile. */
WORLD_TEST(renewed, both)
{
	w->reception[WORLD_DTLS] = WORLD_SILENT;
	int fd = world_encrypted_up(w, 5000);
	ck_assert_str_eq(world_status(w, "encrypted.transport"), "tls");
	world_pass(w, 20000);
	ck_assert(state_is(w, "up"));
	ck_assert_str_eq(world_status(w, "encrypted.transport"), "tls");
	w->reception[WORLD_DTLS] = WORLD_ACCEPTS;
	WORLD_UNTIL(w, 120000, strcmp(world_status(w, "encrypted.transport"), "dtls") == 0);
	ck_assert_ptr_null(world_link(w, WORLD_TLS));
	ck_assert(state_is(w, "up"));
	ck_assert_int_eq(world_counter(w, "encrypted_reconnects"), 0);
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), fd, 5000));
	close(fd);
}

/* The better way does not get as far as that: the tunnel stays where it is, whatever the reason. */
WORLD_TEST(not_renewed, both)
{
	w->reception[WORLD_DTLS] = WORLD_SILENT;
	int fd = world_encrypted_up(w, 5000);
	w->reception[WORLD_DTLS] = WORLD_ACCEPTS;
	if (w->i < 2)
		w->server.code[asks[w->i]] = TSCF_RESPONSE_LIMIT;
	else
		w->server.reaction[asks[w->i - 2]] = WORLD_LOSES;
	world_pass(w, 60000);
	ck_assert(state_is(w, "up"));
	ck_assert_str_eq(world_status(w, "encrypted.transport"), "tls");
	ck_assert(world_arrives(world_link(w, WORLD_TLS), fd, 5000));
	ck_assert_int_eq(world_counter(w, "encrypted_reconnects"), 0);
	close(fd);
}

/* The server closes the old one when it has configured the new one, and its answer comes later. */
WORLD_TEST(old_one_closed_first, both)
{
	w->reception[WORLD_DTLS] = WORLD_SILENT;
	int fd = world_encrypted_up(w, 5000);
	w->reception[WORLD_DTLS] = WORLD_ACCEPTS;
	w->server.reaction[WORLD_CONFIGURE_ENCRYPTED] = WORLD_KEEPS;
	WORLD_UNTIL(w, 120000, w->server.count[WORLD_CONFIGURE_ENCRYPTED] == 2);
	world_link_down(world_link(w, WORLD_TLS), ECONNRESET);
	ck_assert(state_is(w, "up"));
	if (w->i == 0) {
		w->server.reaction[WORLD_CONFIGURE_ENCRYPTED] = WORLD_ANSWERS;
		world_answer(w, WORLD_CONFIGURE_ENCRYPTED);
		ck_assert(state_is(w, "up"));
		ck_assert_str_eq(world_status(w, "encrypted.transport"), "dtls");
		ck_assert_int_eq(world_counter(w, "encrypted_reconnects"), 0);
	} else {
		/* The answer never comes: both are gone. */
		world_lose(w);
		w->server.reaction[WORLD_CONFIGURE_ENCRYPTED] = WORLD_LOSES;
		WORLD_UNTIL(w, 20000, !state_is(w, "up"));
		recovers(w);
	}
	close(fd);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client encrypted");
	TCase *up = tcase_create("set-up"), *on = tcase_create("goes on");

	tcase_add_test(up, comes_and_goes);
	tcase_add_test(up, all_are_told);
	tcase_add_test(up, not_all_are_told);
	tcase_add_test(up, ends_what_is_left);
	tcase_add_test(up, ends_it_later);
	tcase_add_test(up, wanted_again);
	tcase_add_loop_test(up, lost_at_first, 0, 2);
	tcase_add_loop_test(up, never_answered, 0, 2);
	tcase_add_loop_test(up, refused, 0, 2 * REFUSALS);
	tcase_add_loop_test(up, no_response_code, 0, 2);
	tcase_add_test(up, no_address);
	tcase_add_loop_test(up, foreign_address, 0, 3);
	tcase_add_test(up, plain_unknown);
	tcase_add_test(up, late_reservation);
	tcase_add_loop_test(up, handshake_fails, 0, 3);
	tcase_add_test(up, not_wanted_any_more);
	tcase_add_test(up, held);
	tcase_add_test(up, packet_asks);
	tcase_add_loop_test(on, lost, 0, sizeof(losses) / sizeof(*losses));
	tcase_add_test(on, nothing_in_clear_while_away);
	tcase_add_loop_test(on, plain_lost, 0, 2);
	tcase_add_loop_test(on, stalled, 0, STALLS + 1);
	tcase_add_test(on, far_on_a_stream);
	tcase_add_test(on, renewed);
	tcase_add_loop_test(on, not_renewed, 0, 4);
	tcase_add_loop_test(on, old_one_closed_first, 0, 2);
	suite_add_tcase(s, up);
	suite_add_tcase(s, on);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
