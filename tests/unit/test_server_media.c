/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The server's half of DDT: who gets a media way beside a stream, by which secret and which transport, what goes down
 * by it, and what becomes of it.
 */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"
#include "tscf-server/session/media.h"
#include "tscf-server/session/session_move.h"
#include "tscf-server/session/side_ways.h"

#include "common/crypto/hash.h"

#include <netinet/in.h>
#include <string.h>

/** The media port, and one of a socket that is no media. */
#define RTP  40000
#define SIP  5060
#define WAY  6000
#define WAY2 6001

static const uint8_t secret[SERVER_SECRET_SIZE] = {7, 8, 9};

/** Offer a media way by the stream.  @return the response code. */
static int offer(struct world_client *c, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX], hash[SERVER_SECRET_SIZE];
	struct tscf_writer writer;

	tscf_sha256(secret, sizeof(secret), hash);
	world_begin(c, &writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DDT);
	tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
	return world_send(c, &writer, encrypted);
}

static void write_attach(struct world_client *c, struct tscf_writer *writer, uint8_t *data, const uint8_t *shown,
			 bool encrypted)
{
	world_begin(c, writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DDT);
	tscf_write_bytes(writer, TSCF_TLV_RESERVATION_SECRET, shown, SERVER_SECRET_SIZE);
}

/** The client sends a message that is written by UDP from @p port instead of by its stream. */
static int send_by_udp(struct world_client *c, struct tscf_writer *writer, uint16_t port)
{
	struct world_peer *stream = c->stream;
	union tscf_endpoint outer = c->outer;
	int code;

	c->stream = NULL;
	tscf_endpoint_set_port(&c->outer, port);
	code = world_send(c, writer, false);
	c->stream = stream;
	c->outer = outer;
	return code;
}

static int attach_from(struct world_client *c, const uint8_t *shown, uint16_t port)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	write_attach(c, &writer, data, shown, false);
	return send_by_udp(c, &writer, port);
}

/** Show the cookie of the last answer from @p port. */
static void prove_from(struct world_client *c, uint16_t port)
{
	uint8_t data[TSCF_MESSAGE_MAX], cookie[SERVER_RESUME_COOKIE_SIZE];
	struct tscf_writer writer;
	struct tscf_tlv tlv;

	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv));
	ck_assert_uint_eq(tlv.length, sizeof(cookie));
	memcpy(cookie, tlv.value, sizeof(cookie));
	world_begin(c, &writer, data, TSCF_KEEPALIVE_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_COOKIE, cookie, sizeof(cookie));
	ck_assert_int_eq(send_by_udp(c, &writer, port), -2);
}

static struct world_peer *way_at(struct world_client *c, uint16_t port)
{
	union tscf_endpoint outer = c->outer;

	tscf_endpoint_set_port(&outer, port);
	return world_peer_at(w, &outer);
}

/** A plain tunnel on a stream with an open media way. */
static struct world_peer *open_plain(struct world_client *c)
{
	world_dial(c);
	world_connect(c);
	ck_assert_int_eq(offer(c, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(attach_from(c, secret, WAY), TSCF_RESPONSE_SUCCESS);
	prove_from(c, WAY);
	return way_at(c, WAY);
}

/** What the server learns from a packet of @p port that comes up by @p peer. */
static void comes_up(struct server_session *s, const struct world_peer *peer, uint16_t port, bool fragment)
{
	struct tscf_packet_info info = {.protocol = IPPROTO_UDP, .source_port = port, .fragment = fragment};

	server_media_learn(s, &peer->peer, &info, w->now);
}

/** What the socket asks for that the packet is for. */
static const struct tscf_service_entry *asked(const struct tscf_packet_info *info)
{
	return tscf_services_of_packet(w->state->services, info, TSCF_TO_LOCAL);
}

static bool goes_down_by_way(const struct server_session *s, uint8_t protocol, uint16_t port, bool fragment)
{
	struct tscf_packet_info info = {.protocol = protocol, .destination_port = port, .fragment = fragment};

	return server_media_of(s, &info, asked(&info), w->now) != NULL;
}

/* Not assigned, not on a stream, no datagrams on the interface, no hash: there is no media way. */
START_TEST(not_offered)
{
	world_dial(&a);
	world_connect(&a);
	w->interface->services = SERVER_SERVICE_DTTE;
	world_connect(&b);
	ck_assert_int_eq(offer(&b, false), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	world_plain(&b)->services |= SERVER_SERVICE_DDT;
	ck_assert_int_eq(offer(&b, false), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	/* What is assigned holds for new tunnels. */
	ck_assert_int_eq(offer(&a, false), TSCF_RESPONSE_SUCCESS);
	w->interface->listener[SERVER_UDP].transport = NULL;
	ck_assert_int_eq(offer(&a, false), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	w->interface->listener[SERVER_UDP].transport = &w->plain;
}
END_TEST

/* By UDP the way is open when the client has shown that it receives there. */
START_TEST(plain_way)
{
	struct tscf_packet_info large = {
	    .protocol = IPPROTO_UDP, .destination_port = RTP, .total = SERVER_MEDIA_PACKET_MAX};
	struct server_session *s;
	struct world_peer *way;

	world_dial(&a);
	world_connect(&a);
	s = world_plain(&a);
	ck_assert_int_eq(offer(&a, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(attach_from(&a, secret, WAY), TSCF_RESPONSE_SUCCESS);
	way = way_at(&a, WAY);
	ck_assert_ptr_eq(way->peer.user, s);
	comes_up(s, way, RTP, false);
	ck_assert(!goes_down_by_way(s, IPPROTO_UDP, RTP, false));
	/* The answer was lost. */
	ck_assert_int_eq(attach_from(&a, secret, WAY), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_eq(way_at(&a, WAY), way);
	prove_from(&a, WAY);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_MEDIA_OPENED), 1);
	comes_up(s, way, RTP, false);
	ck_assert(goes_down_by_way(s, IPPROTO_UDP, RTP, false));
	ck_assert(!goes_down_by_way(s, IPPROTO_UDP, RTP, true));
	ck_assert(!goes_down_by_way(s, IPPROTO_TCP, RTP, false));
	ck_assert(!goes_down_by_way(s, IPPROTO_UDP, SIP, false));
	large.total++;
	ck_assert_ptr_null(server_media_of(s, &large, asked(&large), w->now));
	large.total--;
	ck_assert_ptr_nonnull(server_media_of(s, &large, asked(&large), w->now));
	/* The tunnel is still the stream's. */
	ck_assert_ptr_eq(s->peer, &a.stream->peer);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
}
END_TEST

/* A flow is where its last packet came up; fragments change nothing. */
START_TEST(follows_the_client)
{
	struct world_peer *way = open_plain(&a);
	struct server_session *s = world_plain(&a);

	for (unsigned i = 0; i < 500; i++) {
		comes_up(s, way, RTP, false);
		ck_assert(goes_down_by_way(s, IPPROTO_UDP, RTP, false));
		comes_up(s, a.stream, RTP, true);
		ck_assert(goes_down_by_way(s, IPPROTO_UDP, RTP, false));
		comes_up(s, a.stream, RTP, false);
		ck_assert(!goes_down_by_way(s, IPPROTO_UDP, RTP, false));
		comes_up(s, way, RTP, true);
		ck_assert(!goes_down_by_way(s, IPPROTO_UDP, RTP, false));
	}
	comes_up(s, way, RTP, false);
	comes_up(s, way, RTP + 1, false);
	comes_up(s, a.stream, RTP + 1, false);
	ck_assert(goes_down_by_way(s, IPPROTO_UDP, RTP, false));
}
END_TEST

/* A socket that prefers datagrams gets them without sending any, until it sends by the stream. */
START_TEST(sockets_that_only_receive)
{
	struct world_peer *way = open_plain(&a);
	struct server_session *s = world_plain(&a);
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, RTP, NULL, 0);
	struct tscf_service_entry *e = tscf_services_put(w->state->services, &key, s, &s->sockets);
	struct tscf_packet_info info = {
	    .protocol = IPPROTO_UDP, .destination = a.plain, .destination_port = RTP, .source_port = 7000};

	ck_assert_ptr_null(server_media_of(s, &info, asked(&info), w->now));
	e->now.datagram = true;
	ck_assert_ptr_nonnull(server_media_of(s, &info, asked(&info), w->now));
	comes_up(s, a.stream, RTP, false);
	ck_assert_ptr_null(server_media_of(s, &info, asked(&info), w->now));
	comes_up(s, way, RTP, false);
	ck_assert_ptr_nonnull(server_media_of(s, &info, asked(&info), w->now));
	info.fragment = true;
	ck_assert_ptr_null(server_media_of(s, &info, asked(&info), w->now));
	info.fragment = false;
	info.destination_port++;
	ck_assert_ptr_null(server_media_of(s, &info, asked(&info), w->now));
	info.destination_port--;
	w->now += SERVER_SIDE_WAY_FRESH_MS;
	ck_assert_ptr_null(server_media_of(s, &info, asked(&info), w->now));
}
END_TEST

/* A way by which nothing comes any more carries nothing; a keepalive is enough. */
START_TEST(silent_way)
{
	struct world_peer *way = open_plain(&a);
	struct server_session *s = world_plain(&a);
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	comes_up(s, way, RTP, false);
	w->now += SERVER_SIDE_WAY_FRESH_MS - 1;
	ck_assert(goes_down_by_way(s, IPPROTO_UDP, RTP, false));
	w->now++;
	ck_assert(!goes_down_by_way(s, IPPROTO_UDP, RTP, false));
	world_begin(&a, &writer, data, TSCF_KEEPALIVE_REQUEST, false);
	ck_assert_int_eq(send_by_udp(&a, &writer, WAY), -2);
	ck_assert(goes_down_by_way(s, IPPROTO_UDP, RTP, false));
}
END_TEST

/* A secret is for once, and only the right one of the present offer is good. */
START_TEST(secrets)
{
	static const uint8_t wrong[SERVER_SECRET_SIZE] = {1};

	world_dial(&a);
	world_connect(&a);
	ck_assert_int_eq(attach_from(&a, secret, WAY), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(offer(&a, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(attach_from(&a, wrong, WAY), TSCF_RESPONSE_RESERVATION);
	ck_assert_ptr_null(way_at(&a, WAY));
	/* An address that was not proved is replaced. */
	ck_assert_int_eq(attach_from(&a, secret, WAY), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(attach_from(&a, secret, WAY2), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(way_at(&a, WAY));
	prove_from(&a, WAY2);
	ck_assert_int_eq(attach_from(&a, secret, WAY), TSCF_RESPONSE_RESERVATION);
	ck_assert_ptr_nonnull(way_at(&a, WAY2));
	/* A new offer closes the way. */
	ck_assert_int_eq(offer(&a, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(way_at(&a, WAY2));
}
END_TEST

/* A request without the session's MAC opens nothing, whatever secret it shows. */
START_TEST(needs_seal)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	struct tscf_seal seal;

	world_dial(&a);
	world_connect(&a);
	ck_assert_int_eq(offer(&a, false), TSCF_RESPONSE_SUCCESS);
	seal = a.seal;
	a.seal.agreed = false;
	write_attach(&a, &writer, data, secret, false);
	ck_assert_int_eq(send_by_udp(&a, &writer, WAY), -1);
	ck_assert_ptr_null(way_at(&a, WAY));
	a.seal = seal;
	ck_assert_int_eq(attach_from(&a, secret, WAY), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* No other session can take the place of a media way, and its end is not the tunnel's. */
START_TEST(no_other_session)
{
	struct world_peer *way = open_plain(&a);
	struct server_session *s = world_plain(&a);

	tscf_endpoint_set_port(&b.outer, WAY);
	b.outer = way->peer.outer;
	ck_assert_int_eq(world_configure(&b, NULL, false), -1);
	ck_assert_ptr_eq(way->peer.user, s);
	ck_assert_ptr_null(s->pending);
	/* Another offer is the stream's. */
	ck_assert_uint_eq(w->interface->plain_count, 1);
}
END_TEST

/* A translator gives the port of a client that is gone to another one, which gets its tunnel there. */
START_TEST(port_of_another_client)
{
	struct world_peer *way = open_plain(&a);
	struct server_session *s = world_plain(&a);

	b.outer = way->peer.outer;
	w->now += SERVER_SIDE_WAY_FRESH_MS - 1;
	ck_assert_int_eq(world_configure(&b, NULL, false), -1);
	ck_assert_ptr_eq(way->peer.user, s);
	w->now++;
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!way->open);
	ck_assert_ptr_null(s->media->way.peer);
	ck_assert_ptr_ne(way_at(&a, WAY)->peer.user, s);
	ck_assert(server_session_find(&w->state->sessions, a.tsid) == s);
}
END_TEST

/* The way ends with its tunnel, and when that moves to another connection. */
START_TEST(ends_with_tunnel)
{
	struct server_place place = {.listener = &w->interface->listener[SERVER_TCP]};
	struct world_peer *way = open_plain(&a), *before = a.stream;

	tscf_endpoint_set_port(&a.outer, 5001);
	world_dial(&a);
	place.connection = &a.stream->peer;
	place.outer = a.outer;
	ck_assert_int_eq(server_session_move(w->state, world_plain(&a), &place, NULL, w->now), 0);
	ck_assert(!way->open && !before->open);
	ck_assert_ptr_null(world_plain(&a)->media);
	ck_assert_int_eq(offer(&a, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(attach_from(&a, secret, WAY), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(way_at(&a, WAY));
}
END_TEST

/** The same client on a DTLS connection beside its TLS one. */
static struct world_client beside(struct world_client *c)
{
	struct world_client other = *c;

	other.by_tls = false;
	tscf_endpoint_set_port(&other.outer, WAY);
	world_handshake(&other);
	return other;
}

static int attach_by_dtls(struct world_client *other)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	write_attach(other, &writer, data, secret, true);
	return world_send(other, &writer, true);
}

static void encrypt_by_tls(struct world_client *c)
{
	world_dial(c);
	world_connect(c);
	c->by_tls = true;
	world_encrypt(c);
	ck_assert_int_eq(offer(c, true), TSCF_RESPONSE_SUCCESS);
}

/* The media way of an encrypted tunnel is DTLS, open at once, and takes the encrypted session's decisions. */
START_TEST(encrypted_way)
{
	struct server_session *s;
	struct world_client way;

	encrypt_by_tls(&a);
	s = world_encrypted(&a);
	way = beside(&a);
	ck_assert_int_eq(attach_by_dtls(&way), TSCF_RESPONSE_SUCCESS);
	ck_assert(!has_tlv(TSCF_TLV_COOKIE));
	ck_assert_ptr_eq(way.connection->peer.user, s);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
	comes_up(s, way.connection, RTP, false);
	ck_assert(goes_down_by_way(s, IPPROTO_UDP, RTP, false));
	/* The same answer again. */
	ck_assert_int_eq(attach_by_dtls(&way), TSCF_RESPONSE_SUCCESS);
	/* Its loss is not the tunnel's. */
	ck_assert(server_side_way_lost(w->state, s, &way.connection->peer, w->now, "lost"));
	ck_assert_ptr_eq(world_encrypted(&a), s);
	ck_assert(!goes_down_by_way(s, IPPROTO_UDP, RTP, false));
	ck_assert(!server_side_way_lost(w->state, s, s->peer, w->now, "lost"));
}
END_TEST

/* An encrypted session never gets a way in clear, nor a plain one by the secret of the other. */
START_TEST(never_in_clear)
{
	struct world_client plain, way;

	encrypt_by_tls(&a);
	plain = a;
	plain.tsid = a.encrypted_tsid;
	ck_assert_int_eq(attach_from(&plain, secret, WAY), TSCF_RESPONSE_NO_SESSION);
	ck_assert_ptr_null(way_at(&a, WAY));
	ck_assert_ptr_null(world_encrypted(&a)->media->way.peer);
	/* The plain session by DTLS. */
	ck_assert_int_eq(offer(&a, false), TSCF_RESPONSE_SUCCESS);
	way = beside(&a);
	way.encrypted_tsid = a.tsid;
	ck_assert_int_ne(attach_by_dtls(&way), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(world_plain(&a)->media->way.peer);
}
END_TEST

/* Keepalives by the way say nothing of the tunnel: what the stream has said holds. */
START_TEST(says_nothing_of_the_tunnel)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct world_client way;
	struct tscf_writer writer;

	encrypt_by_tls(&a);
	way = beside(&a);
	ck_assert_int_eq(attach_by_dtls(&way), TSCF_RESPONSE_SUCCESS);
	world_begin(&a, &writer, data, TSCF_KEEPALIVE_REQUEST, true);
	tscf_write_bytes(&writer, TSCF_TLV_ASIDE, NULL, 0);
	ck_assert_int_eq(world_send(&a, &writer, true), -2);
	ck_assert(server_liveness_aside(&world_encrypted(&a)->liveness));
	way.encrypted_sequence = a.encrypted_sequence + 10;
	ck_assert_int_eq(world_keepalive(&way, true), 0);
	ck_assert(server_liveness_aside(&world_encrypted(&a)->liveness));
	ck_assert_int_eq(offer(&way, true), TSCF_RESPONSE_NOT_ALLOWED);
}
END_TEST

static void setup_ddt(void)
{
	setup();
	w->interface->services |= SERVER_SERVICE_DDT;
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_media");
	TCase *t = tcase_create("media");

	tcase_add_checked_fixture(t, setup_ddt, teardown);
	tcase_add_test(t, not_offered);
	tcase_add_test(t, plain_way);
	tcase_add_test(t, follows_the_client);
	tcase_add_test(t, sockets_that_only_receive);
	tcase_add_test(t, silent_way);
	tcase_add_test(t, secrets);
	tcase_add_test(t, needs_seal);
	tcase_add_test(t, no_other_session);
	tcase_add_test(t, port_of_another_client);
	tcase_add_test(t, ends_with_tunnel);
	tcase_add_test(t, encrypted_way);
	tcase_add_test(t, never_in_clear);
	tcase_add_test(t, says_nothing_of_the_tunnel);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
