/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server's half of redundancy on streams: who gets copy ways beside a stream, by which secret and which connection,
 * by which of them packets go down, each by all or by one in turn, and what becomes of them.
 */
#include "tests/unit/packet_build.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"
#include "tscf-server/path_redundancy.h"
#include "tscf-server/session/copy_ways.h"
#include "tscf-server/session/session_move.h"
#include "tscf-server/session/side_ways.h"

#include "common/crypto/hash.h"

#include <netinet/in.h>
#include <string.h>

#define WAY  6000
#define WAYS SERVER_COPY_WAYS

/** The @p i th secret of a client. */
static const uint8_t *secret(unsigned i)
{
	static uint8_t secrets[8][SERVER_SECRET_SIZE];

	secrets[i][0] = (uint8_t)(i + 1);
	return secrets[i];
}

/** Offer a copy way by the stream.  @return the response code. */
static int offer(struct world_client *c, unsigned i, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX], hash[SERVER_SECRET_SIZE];
	struct tscf_writer writer;

	tscf_sha256(secret(i), SERVER_SECRET_SIZE, hash);
	world_begin(c, &writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_REDUNDANCY);
	tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
	return world_send(c, &writer, encrypted);
}

/** The same client on a connection of its own from port WAY + @p i: TCP, or TLS if @p encrypted. */
static struct world_client beside(const struct world_client *c, unsigned i, bool encrypted)
{
	struct world_client other = *c;

	tscf_endpoint_set_port(&other.outer, (uint16_t)(WAY + i));
	if (encrypted)
		world_handshake(&other);
	else
		world_dial(&other);
	return other;
}

/** Show secret @p i by @p way.  @return the response code. */
static int attach(struct world_client *c, struct world_client *way, unsigned i, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	int code;

	/* One client: its numbers go on. */
	way->seal = c->seal;
	way->sequence = c->sequence + 100;
	way->encrypted_sequence = c->encrypted_sequence + 100;
	world_begin(way, &writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_REDUNDANCY);
	tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_SECRET, secret(i), SERVER_SECRET_SIZE);
	code = world_send(way, &writer, encrypted);
	c->seal = way->seal;
	return code;
}

/** A plain tunnel on a stream, or the encrypted one by TLS. */
static void open_tunnel(struct world_client *c, bool encrypted)
{
	world_dial(c);
	world_connect(c);
	if (!encrypted)
		return;
	c->by_tls = true;
	world_encrypt(c);
}

static struct world_client open_way(struct world_client *c, unsigned i, bool encrypted)
{
	struct world_client way;

	ck_assert_int_eq(offer(c, i, encrypted), TSCF_RESPONSE_SUCCESS);
	way = beside(c, i, encrypted);
	ck_assert_int_eq(attach(c, &way, i, encrypted), TSCF_RESPONSE_SUCCESS);
	return way;
}

static struct server_session *session(const struct world_client *c, bool encrypted)
{
	return encrypted ? world_encrypted(c) : world_plain(c);
}

static struct tscf_peer *peer_of(const struct world_client *way, bool encrypted)
{
	return encrypted ? &way->connection->peer : &way->stream->peer;
}

/** @return by how many streams a UDP packet goes down. */
static unsigned streams(struct server_session *s, uint8_t redundancy)
{
	const struct tscf_packet_info info = {.protocol = IPPROTO_UDP, .total = 200};
	struct tscf_peer *peers[TSCF_REDUNDANCY_STREAMS];

	return server_copy_ways_down(s, &info, redundancy, w->now, peers);
}

/* Not assigned, not on a stream: there are no copy ways. */
START_TEST(not_offered)
{
	world_connect(&b);
	ck_assert_int_eq(offer(&b, 0, false), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	w->interface->services = SERVER_SERVICE_DTTE | SERVER_SERVICE_DDT;
	open_tunnel(&a, false);
	ck_assert_int_eq(offer(&a, 0, false), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_uint_eq(streams(world_plain(&a), 4), 1);
}
END_TEST

/* Up to three, beside TCP and beside TLS; a packet goes by as many as the redundancy of its socket says. */
START_TEST(as_many_as_asked_for)
{
	bool encrypted = _i;
	struct server_session *s;

	open_tunnel(&a, encrypted);
	s = session(&a, encrypted);
	for (unsigned i = 0; i < WAYS; i++) {
		struct world_client way = open_way(&a, i, encrypted);

		ck_assert_ptr_eq(peer_of(&way, encrypted)->user, s);
		ck_assert_uint_eq(streams(s, TSCF_REDUNDANCY_AUTO), 2);
		ck_assert_uint_eq(streams(s, 4), i + 2);
		/* The answer was lost. */
		ck_assert_int_eq(attach(&a, &way, i, encrypted), TSCF_RESPONSE_SUCCESS);
		ck_assert_uint_eq(streams(s, 4), i + 2);
	}
	ck_assert_uint_eq(streams(s, 1), 2);
	ck_assert_uint_eq(streams(s, 3), 3);
	ck_assert_uint_eq(streams(s, TSCF_REDUNDANCY_BALANCE), 4);
	ck_assert_uint_eq(streams(s, TSCF_REDUNDANCY_NONE), 1);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_COPY_WAYS_OPENED), WAYS);
	/* Still the same tunnel. */
	ck_assert_ptr_eq(s->peer, peer_of(&a, encrypted));
	ck_assert_int_eq(world_keepalive(&a, encrypted), 0);
}
END_TEST

/* Only UDP, whole and not too large. */
START_TEST(what_is_copied)
{
	struct tscf_packet_info info = {.protocol = IPPROTO_UDP, .total = TSCF_COPY_INNER_MAX};
	struct tscf_peer *peers[TSCF_REDUNDANCY_STREAMS];
	struct server_session *s;

	open_tunnel(&a, false);
	open_way(&a, 0, false);
	s = world_plain(&a);
	ck_assert_uint_eq(server_copy_ways_down(s, &info, 2, w->now, peers), 2);
	ck_assert_ptr_eq(peers[0], s->peer);
	info.total++;
	ck_assert_uint_eq(server_copy_ways_down(s, &info, 2, w->now, peers), 1);
	info = (struct tscf_packet_info){.protocol = IPPROTO_UDP, .total = 100, .fragment = true};
	ck_assert_uint_eq(server_copy_ways_down(s, &info, 2, w->now, peers), 1);
	info = (struct tscf_packet_info){.protocol = IPPROTO_TCP, .total = 100};
	ck_assert_uint_eq(server_copy_ways_down(s, &info, 2, w->now, peers), 1);
}
END_TEST

/** A packet for a socket with balance goes down.  @return the connection that it waits for, NULL: the caller sends it.
 */
static struct tscf_peer *balance_down(struct server_session *s)
{
	struct tscf_batch *out = &w->state->redundancy.out;
	struct tscf_packet_info info;
	struct tscf_packet packet;
	struct build inner;

	build_ipv4(&inner, IPPROTO_UDP, 0, 0);
	build_ports(&inner, 8);
	build_zero(&inner, 160);
	build_finish(&inner);
	packet = (struct tscf_packet){.data = inner.data, .length = inner.length, .peer = s->peer};
	ck_assert_int_eq(tscf_packet_parse(inner.data, inner.length, &info), TSCF_PACKET_OK);
	if (!server_redundancy_down(w->state, s, &packet, &info, TSCF_REDUNDANCY_BALANCE, w->now)) {
		ck_assert_uint_eq(out->count, 0);
		return NULL;
	}
	ck_assert_uint_eq(out->count, 1);
	ck_assert_ptr_eq(out->packet[0], &packet);
	out->count = 0;
	return packet.peer;
}

/* With balance each packet goes once, by the tunnel's own connection and its ways in turn; each way's count says so. */
START_TEST(in_turn)
{
	struct server_session *s;
	struct tscf_peer *last;

	open_tunnel(&a, false);
	s = world_plain(&a);
	ck_assert_ptr_null(balance_down(s));
	for (unsigned i = 0; i < WAYS; i++)
		open_way(&a, i, false);
	last = balance_down(s);
	for (unsigned i = 1; i < 10 * (WAYS + 1); i++) {
		struct tscf_peer *peer = balance_down(s);

		ck_assert_ptr_nonnull(peer);
		ck_assert_ptr_ne(peer, last);
		last = peer;
	}
	for (unsigned i = 0; i < WAYS; i++)
		ck_assert_uint_eq(s->copy_ways->way[i].sent_packets, 10);
	ck_assert_uint_eq(w->state->redundancy.shared.counters.balanced, 10 * (WAYS + 1));
	ck_assert_uint_eq(w->state->redundancy.shared.counters.copies_sent, 0);
	/* A way by which nothing comes has no turn. */
	w->now += SERVER_SIDE_WAY_FRESH_MS;
	ck_assert_ptr_null(balance_down(s));
}
END_TEST

/* Datagrams are not followed by anything. */
START_TEST(in_turn_not_by_datagrams)
{
	world_connect(&b);
	for (unsigned i = 0; i < 50; i++)
		ck_assert_ptr_null(balance_down(world_plain(&b)));
	ck_assert_uint_eq(w->state->redundancy.shared.flows, 0);
}
END_TEST

/* A secret is for once, and only that of an offer is good; the tunnel's own connection is no way beside it. */
START_TEST(secrets)
{
	struct world_client way, other;

	open_tunnel(&a, false);
	way = beside(&a, 0, false);
	ck_assert_int_eq(attach(&a, &way, 0, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(offer(&a, 0, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(attach(&a, &way, 1, false), TSCF_RESPONSE_RESERVATION);
	ck_assert_ptr_null(way.stream->peer.user);
	other = a;
	ck_assert_int_ne(attach(&a, &other, 0, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(attach(&a, &way, 0, false), TSCF_RESPONSE_SUCCESS);
	other = beside(&a, 1, false);
	ck_assert_int_eq(attach(&a, &other, 0, false), TSCF_RESPONSE_RESERVATION);
	ck_assert_uint_eq(streams(world_plain(&a), 4), 2);
	ck_assert_ptr_eq(world_plain(&a)->peer, &a.stream->peer);
}
END_TEST

/* Without the session's MAC nothing is opened, whatever secret is shown. */
START_TEST(needs_seal)
{
	struct world_client way;

	open_tunnel(&a, false);
	ck_assert_int_eq(offer(&a, 0, false), TSCF_RESPONSE_SUCCESS);
	way = beside(&a, 0, false);
	way.sealed_tsid = 0;
	ck_assert_int_ne(attach(&a, &way, 0, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(streams(world_plain(&a), 4), 1);
}
END_TEST

/* An encrypted tunnel never gets a way in clear, whatever its client shows, nor a plain one by TLS. */
START_TEST(never_in_clear)
{
	struct world_client way;

	open_tunnel(&a, true);
	ck_assert_int_eq(offer(&a, 0, true), TSCF_RESPONSE_SUCCESS);
	way = beside(&a, 0, false);
	way.tsid = a.encrypted_tsid;
	ck_assert_int_ne(attach(&a, &way, 0, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(streams(world_encrypted(&a), 4), 1);
	ck_assert_int_eq(offer(&a, 1, false), TSCF_RESPONSE_SUCCESS);
	way = beside(&a, 1, true);
	way.encrypted_tsid = a.tsid;
	ck_assert_int_ne(attach(&a, &way, 1, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(streams(world_plain(&a), 4), 1);
}
END_TEST

/* A way by which nothing comes carries nothing, and is the one that a fourth offer replaces. */
START_TEST(silent_ways)
{
	struct world_client way[WAYS];
	struct server_session *s;

	open_tunnel(&a, false);
	s = world_plain(&a);
	for (unsigned i = 0; i < WAYS; i++)
		way[i] = open_way(&a, i, false);
	w->now += SERVER_SIDE_WAY_FRESH_MS - 1;
	ck_assert_uint_eq(streams(s, 4), 4);
	server_copy_ways_heard(s, &way[0].stream->peer, w->now);
	server_copy_ways_heard(s, &way[2].stream->peer, w->now);
	w->now++;
	ck_assert_uint_eq(streams(s, 4), 3);
	ck_assert_int_eq(offer(&a, 4, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(way[0].stream->open && !way[1].stream->open && way[2].stream->open);
	ck_assert_uint_eq(streams(s, 4), 3);
	way[1] = beside(&a, 4, false);
	ck_assert_int_eq(attach(&a, &way[1], 4, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(streams(s, 4), 4);
}
END_TEST

/* The loss of a way is not the tunnel's; no other session takes its place; a message by it says nothing of the tunnel,
 * and offers nothing. */
START_TEST(only_a_way)
{
	struct world_client way, other;
	struct server_session *s;

	open_tunnel(&a, false);
	s = world_plain(&a);
	way = open_way(&a, 0, false);
	other = b;
	other.stream = way.stream;
	other.outer = way.outer;
	ck_assert_int_eq(world_configure(&other, NULL, false), -1);
	ck_assert_ptr_eq(way.stream->peer.user, s);
	way.seal = a.seal;
	way.sequence = a.sequence + 200;
	ck_assert_int_eq(offer(&way, 1, false), TSCF_RESPONSE_NOT_ALLOWED);
	a.seal = way.seal;
	ck_assert(server_side_way_lost(w->state, s, &way.stream->peer, w->now, "lost"));
	ck_assert(!server_side_way_lost(w->state, s, s->peer, w->now, "lost"));
	ck_assert_ptr_eq(world_plain(&a), s);
	ck_assert_uint_eq(streams(s, 4), 1);
}
END_TEST

/* They end with their tunnel; when that goes on at another connection they stay until their client closes them. */
START_TEST(end_with_tunnel)
{
	struct server_place place = {.listener = &w->interface->listener[SERVER_TCP]};
	struct world_client way;

	open_tunnel(&a, false);
	way = open_way(&a, 0, false);
	tscf_endpoint_set_port(&a.outer, 5001);
	world_dial(&a);
	place.connection = &a.stream->peer;
	place.outer = a.outer;
	ck_assert_int_eq(server_session_move(w->state, world_plain(&a), &place, NULL, w->now), 0);
	ck_assert(way.stream->open);
	ck_assert_uint_eq(streams(world_plain(&a), 2), 2);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!way.stream->open);
}
END_TEST

/* Of each packet the first copy counts, by whichever stream it comes. */
START_TEST(first_copy_counts)
{
	uint8_t data[TSCF_COPY_HEADER + 20] = {0};
	struct world_client way;

	open_tunnel(&a, false);
	tscf_copy_write(7, data);
	/* Without any copy way nobody has asked for it. */
	ck_assert(!server_redundancy_is_first(w->state, &a.stream->peer, data, sizeof(data), w->now));
	way = open_way(&a, 0, false);
	ck_assert(server_redundancy_is_first(w->state, &way.stream->peer, data, sizeof(data), w->now));
	ck_assert(!server_redundancy_is_first(w->state, &a.stream->peer, data, sizeof(data), w->now));
	tscf_copy_write(8, data);
	ck_assert(server_redundancy_is_first(w->state, &a.stream->peer, data, sizeof(data), w->now));
	ck_assert(!server_redundancy_is_first(w->state, &way.stream->peer, data, sizeof(data), w->now));
	ck_assert_uint_eq(w->state->redundancy.shared.counters.copies_dropped, 2);
	ck_assert_uint_eq(w->state->redundancy.shared.counters.repair_invalid, 1);
}
END_TEST

static void setup_redundancy(void)
{
	setup();
	w->interface->services |= SERVER_SERVICE_REDUNDANCY;
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_copy_ways");
	TCase *t = tcase_create("copy ways");

	tcase_add_checked_fixture(t, setup_redundancy, teardown);
	tcase_add_test(t, not_offered);
	tcase_add_loop_test(t, as_many_as_asked_for, 0, 2);
	tcase_add_test(t, what_is_copied);
	tcase_add_test(t, in_turn);
	tcase_add_test(t, in_turn_not_by_datagrams);
	tcase_add_test(t, secrets);
	tcase_add_test(t, needs_seal);
	tcase_add_test(t, never_in_clear);
	tcase_add_test(t, silent_ways);
	tcase_add_test(t, only_a_way);
	tcase_add_test(t, end_with_tunnel);
	tcase_add_test(t, first_copy_counts);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
