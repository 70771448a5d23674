/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain tunnels that go on from another address or by another transport, which only the key allows, and what they are
 * told of keepalive timers then. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include "common/crypto/hash.h"
#include "common/crypto/random.h"
#include "tscf-server/context.h"

#include <netinet/in.h>
#include <string.h>

/** Ask to resume, with @p key, the lock of @p next, and @p sequence; perhaps on the encrypted connection. */
static int resume_by(struct world_client *c, const uint8_t key[32], const uint8_t next[32], uint32_t sequence,
		     bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX], lock[32];
	struct tscf_writer writer;

	tscf_sha256(next, 32, lock);
	tscf_write_begin(&writer, data, sizeof(data), TSCF_RESUME_REQUEST, c->tsid, sequence);
	tscf_write_bytes(&writer, TSCF_TLV_RESUME_KEY, key, 32);
	tscf_write_bytes(&writer, TSCF_TLV_RESUME_LOCK, lock, 32);
	return world_send(c, &writer, encrypted);
}

static int resume_with(struct world_client *c, const uint8_t key[32], const uint8_t next[32], uint32_t sequence)
{
	return resume_by(c, key, next, sequence, false);
}

/** Show @p cookie in a keepalive request. */
static int prove(struct world_client *c, const uint8_t cookie[SERVER_RESUME_COOKIE_SIZE])
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	int code;

	world_begin(c, &writer, data, TSCF_KEEPALIVE_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_COOKIE, cookie, SERVER_RESUME_COOKIE_SIZE);
	code = world_send(c, &writer, false);
	return code == -2 ? 0 : code;
}

static void take_cookie(uint8_t cookie[SERVER_RESUME_COOKIE_SIZE])
{
	struct tscf_tlv tlv;

	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv));
	ck_assert_uint_eq(tlv.length, SERVER_RESUME_COOKIE_SIZE);
	memcpy(cookie, tlv.value, SERVER_RESUME_COOKIE_SIZE);
}

static void at_port(struct world_client *c, unsigned host, uint16_t port)
{
	uint8_t bytes[4] = {198, 51, 100, (uint8_t)host};
	struct tscf_addr addr = tscf_addr_v4(bytes);

	tscf_endpoint_make(&addr, port, &c->outer);
}

static const uint8_t key_1[32] = {1}, key_2[32] = {2}, key_3[32] = {3};

/* The client is given a lock with its configuration. */
static void connect_with_lock(struct world_client *c)
{
	memcpy(c->resume_key, key_1, sizeof(key_1));
	world_connect(c);
}

START_TEST(resume_moves)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	union tscf_endpoint before;
	struct tscf_tlv tlv;

	connect_with_lock(&a);
	world_encrypt(&a);
	before = a.outer;
	at_port(&a, 77, 7777);
	/* Keepalives from there are told that no session is there. */
	ck_assert_int_eq(world_keepalive(&a, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(w->reply.type, TSCF_RESUME_RESPONSE);
	ck_assert_uint_eq(w->reply.tsid, a.tsid);
	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_OBSERVED_ADDRESS, &tlv));
	take_cookie(cookie);
	/* Not before the address is proved. */
	ck_assert_ptr_nonnull(world_peer_at(w, &before));
	ck_assert_ptr_null(world_peer_at(w, &a.outer));
	/* Nor by who has not received the cookie. */
	cookie[0] ^= 1;
	ck_assert_int_ne(prove(&a, cookie), 0);
	ck_assert_ptr_nonnull(world_peer_at(w, &before));
	cookie[0] ^= 1;
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert_ptr_null(world_peer_at(w, &before));
	ck_assert_ptr_eq(world_peer_at(w, &a.outer)->peer.user, world_plain(&a));
	ck_assert(tscf_endpoint_equal(&world_plain(&a)->outer, &a.outer));
	ck_assert_ptr_eq(world_plain(&a)->lease->encrypted_session, world_encrypted(&a));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_PLAIN_RESUMED), 1);
	ck_assert_uint_eq(w->interface->plain_count, 1);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	/* And on, with the next key. */
	at_port(&a, 78, 7777);
	ck_assert_int_eq(resume_with(&a, key_2, key_3, 901), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert(tscf_endpoint_equal(&world_plain(&a)->outer, &a.outer));
}
END_TEST

/* Between two workers it is nowhere for a moment: its client must not hear that it has gone. */
START_TEST(resume_under_way)
{
	struct server server = {.worker_count = 1};
	struct server_worker worker = {.server = &server};

	connect_with_lock(&a);
	at_port(&a, 77, 7777);
	worker.handoffs[3] = (struct server_handoff){.tsid = a.tsid, .until = w->now + 100};
	w->interface->worker = &worker;
	ck_assert_int_eq(world_keepalive(&a, false), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_UNANSWERED), 1);
	w->now += 100;
	ck_assert_int_eq(world_keepalive(&a, false), TSCF_RESPONSE_NO_SESSION);
	w->interface->worker = NULL;
}
END_TEST

/* A service that is asked for before the address is proved has no answer, so that the client neither starts over nor
 * has it done twice. */
START_TEST(resume_too_early)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];

	connect_with_lock(&a);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_int_eq(world_reserve(&a), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_UNANSWERED), 1);
	/* Another client is told what is true for it. */
	at_port(&a, 78, 7777);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_NO_SESSION);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* From UDP to a stream, from a lost stream to another, and back; a connection that has a tunnel takes no other. */
START_TEST(resume_on_a_stream)
{
	static const uint8_t keys[][32] = {{1}, {2}, {3}, {4}};
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	union tscf_endpoint before;
	struct tscf_tlv tlv;

	connect_with_lock(&a);
	before = a.outer;
	for (unsigned i = 0; i < 3; i++) {
		at_port(&a, 77 + i, 7777);
		if (i == 1)
			world_hang_up(&a);
		if (i == 2)
			a.stream = NULL;
		else
			world_dial(&a);
		ck_assert_int_eq(world_keepalive(&a, false), TSCF_RESPONSE_NO_SESSION);
		ck_assert_int_eq(resume_with(&a, keys[i], keys[i + 1], 900 + i), TSCF_RESPONSE_SUCCESS);
		/* Who has a connection has an address: there is nothing more to prove. */
		if (a.stream) {
			ck_assert(!tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv));
			/* Asked again it is where it is, and the key is still the next one. */
			ck_assert_int_eq(resume_with(&a, keys[i], keys[i + 1], 950 + i), TSCF_RESPONSE_SUCCESS);
		} else {
			take_cookie(cookie);
			ck_assert_int_eq(prove(&a, cookie), 0);
		}
		ck_assert_ptr_null(world_peer_at(w, &before));
		ck_assert_int_eq(world_keepalive(&a, false), 0);
		ck_assert_ptr_nonnull(world_plain(&a)->peer);
		ck_assert_ptr_eq(world_plain(&a)->listener->transport, world_plain(&a)->peer->transport);
	}
	world_dial(&b);
	world_connect(&b);
	b.tsid = b.sealed_tsid = a.tsid;
	ck_assert_int_eq(resume_with(&b, key_3, key_1, 903), -1);
	ck_assert(!b.stream->open);
	ck_assert_ptr_nonnull(world_plain(&a));
}
END_TEST

/** @return the KEEPALIVE of the last answer, or 0. */
static unsigned keepalive_told(void)
{
	uint16_t seconds = 0;
	struct tscf_tlv tlv;

	if (tscf_message_find(&w->reply, TSCF_TLV_KEEPALIVE, &tlv))
		ck_assert_int_eq(tscf_tlv_u16(&tlv, &seconds), 0);
	return seconds;
}

/* Each tunnel is told the timer of the transport that it is on, also when it goes on by another one. */
START_TEST(keepalive_timers)
{
	struct world_client c;

	w->state->settings.keepalive_stream = 300;
	w->state->settings.keepalive_datagram = 20;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(keepalive_told(), 20);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	world_dial(&b);
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(keepalive_told(), 300);
	ck_assert_int_eq(world_keepalive(&b, false), 0);
	/* The encrypted partner of a tunnel on a stream is on datagrams here. */
	ck_assert_int_eq(world_reserve(&b), TSCF_RESPONSE_SUCCESS);
	world_handshake(&b);
	ck_assert_int_eq(world_configure_encrypted(&b, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(keepalive_told(), 20);
	w->state->settings.keepalive_datagram = 0;
	world_client(w, &c, 3, 3000);
	connect_with_lock(&c);
	at_port(&c, 77, 7777);
	world_dial(&c);
	ck_assert_int_eq(resume_with(&c, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(keepalive_told(), 300);
	ck_assert(has_tlv(TSCF_TLV_PERSISTENCE));
	c.stream = NULL;
	at_port(&c, 78, 7777);
	ck_assert_int_eq(resume_with(&c, key_2, key_3, 901), TSCF_RESPONSE_SUCCESS);
	ck_assert(!has_tlv(TSCF_TLV_KEEPALIVE));
}
END_TEST

/* Inside a connection that has no tunnel, where the key is demanded as well. */
START_TEST(resume_inside)
{
	struct server_session *accepted;
	union tscf_endpoint before;
	struct tscf_tlv tlv;

	connect_with_lock(&a);
	before = a.outer;
	at_port(&a, 77, 7777);
	world_handshake(&a);
	accepted = a.connection->peer.user;
	ck_assert_ptr_eq(server_session_accepted(&w->state->sessions, accepted->serial), accepted);
	ck_assert_ptr_null(server_session_accepted(&w->state->sessions, accepted->serial + 1));
	ck_assert_int_eq(resume_by(&a, key_2, key_3, 900, true), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_ptr_eq(a.connection->peer.user, accepted);
	ck_assert_ptr_nonnull(world_peer_at(w, &before));
	ck_assert_int_eq(resume_by(&a, key_1, key_2, 901, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv));
	ck_assert_ptr_null(world_peer_at(w, &before));
	ck_assert_ptr_eq(a.connection->peer.user, world_plain(&a));
	ck_assert_ptr_eq(world_plain(&a)->listener->transport, &w->encrypted);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
	ck_assert(a.connection->open);
	/* An answer that was lost. */
	ck_assert_int_eq(resume_by(&a, key_1, key_2, 901, true), TSCF_RESPONSE_SUCCESS);
	/* A connection that has an encrypted tunnel is the place of no other, whatever key is shown there. */
	world_connect(&b);
	world_encrypt(&b);
	b.tsid = a.tsid;
	ck_assert_int_eq(resume_by(&b, key_2, key_3, 902, true), -1);
	ck_assert(!b.connection->open);
	ck_assert_ptr_eq(a.connection->peer.user, world_plain(&a));
}
END_TEST

/* An answer that was lost: the same request from the same place has the same answer, and no other has any. */
START_TEST(resume_repeated)
{
	uint8_t first[SERVER_RESUME_COOKIE_SIZE], again[SERVER_RESUME_COOKIE_SIZE];

	connect_with_lock(&a);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(first);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(again);
	ck_assert_mem_eq(first, again, sizeof(first));
	/* Somebody who has listened. */
	at_port(&a, 66, 6666);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(resume_with(&a, key_1, key_3, 900), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(prove(&a, first), TSCF_RESPONSE_NO_SESSION);
	/* The client itself, which has moved on before the answer came, has the next key. */
	ck_assert_int_eq(resume_with(&a, key_2, key_3, 901), TSCF_RESPONSE_SUCCESS);
	take_cookie(again);
	ck_assert_mem_ne(first, again, sizeof(first));
	ck_assert_int_eq(prove(&a, again), 0);
	/* Used up. */
	ck_assert_int_eq(prove(&a, again), 0);
	at_port(&a, 67, 6666);
	ck_assert_int_eq(prove(&a, again), TSCF_RESPONSE_NO_SESSION);
}
END_TEST

START_TEST(resume_refused)
{
	struct world_client stranger;

	connect_with_lock(&a);
	world_connect(&b);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(resume_with(&a, key_2, key_3, 900), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(request(&a, TSCF_RESUME_REQUEST, false), TSCF_RESPONSE_MALFORMED);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_RESUME), 2);
	/* Without a lock there is nothing that opens it. */
	ck_assert_int_eq(resume_with(&b, key_1, key_2, 900), TSCF_RESPONSE_NOT_ALLOWED);
	/* Nobody's TSID, that of an encrypted tunnel, and that of a tunnel which is not confirmed. */
	stranger = a;
	stranger.tsid = 4711;
	ck_assert_int_eq(resume_with(&stranger, key_1, key_2, 900), TSCF_RESPONSE_NO_SESSION);
	world_encrypt(&b);
	stranger.tsid = b.encrypted_tsid;
	ck_assert_int_eq(resume_with(&stranger, key_1, key_2, 900), TSCF_RESPONSE_NO_SESSION);
	world_client(w, &stranger, 9, 1);
	memcpy(stranger.resume_key, key_1, sizeof(key_1));
	ck_assert_int_eq(world_configure(&stranger, NULL, false), TSCF_RESPONSE_SUCCESS);
	at_port(&stranger, 10, 1);
	ck_assert_int_eq(resume_with(&stranger, key_1, key_2, 900), TSCF_RESPONSE_NO_SESSION);
}
END_TEST

/* Address translators give ports again: who lives at the proved address, and who waits there, has lost it. */
START_TEST(resume_displaces)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	struct world_client waiting;

	connect_with_lock(&a);
	world_connect(&b);
	waiting = b;
	tscf_random(waiting.id, sizeof(waiting.id));
	ck_assert_int_eq(world_configure(&waiting, NULL, false), TSCF_RESPONSE_SUCCESS);
	a.outer = b.outer;
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_ptr_nonnull(world_plain(&b));
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert_ptr_null(world_plain(&b));
	ck_assert_ptr_null(world_plain(&waiting));
	ck_assert_ptr_eq(world_peer_at(w, &a.outer)->peer.user, world_plain(&a));
	ck_assert_uint_eq(w->interface->plain_count, 1);
}
END_TEST

/* Who waits where the session was gets the place. */
START_TEST(resume_leaves_place)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	struct world_client waiting;

	connect_with_lock(&a);
	waiting = a;
	tscf_random(waiting.id, sizeof(waiting.id));
	ck_assert_int_eq(world_configure(&waiting, NULL, false), TSCF_RESPONSE_SUCCESS);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert_int_eq(world_keepalive(&waiting, false), 0);
	ck_assert_ptr_eq(world_peer_at(w, &waiting.outer)->peer.user, world_plain(&waiting));
	ck_assert_ptr_nonnull(world_plain(&a));
}
END_TEST

/* The encrypted tunnel is opened again from the new address, and takes the place of the old one. */
START_TEST(resume_encrypted)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	struct tscf_binding_key key, closed;
	struct tscf_addr encrypted;
	uint64_t expires;

	connect_with_lock(&a);
	world_encrypt(&a);
	encrypted = a.encrypted;
	key = world_key(&a.plain, IPPROTO_UDP, 5060, NULL, 0);
	closed = world_key(&a.plain, IPPROTO_UDP, 5062, NULL, 0);
	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_bind(&a, &closed, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0),
			 TSCF_RESPONSE_SUCCESS);
	expires = tscf_bindings_get(w->state->bindings, &closed)->expires;
	/* What was reserved from the old address does not serve at the new one. */
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_int_eq(prove(&a, cookie), 0);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, true), TSCF_RESPONSE_RESERVATION);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&a.encrypted, &encrypted));
	ck_assert_ptr_eq(tscf_bindings_get(w->state->bindings, &key)->owner, world_encrypted(&a));
	/* That of a closed socket does not last for longer than it would have. */
	ck_assert_uint_eq(tscf_bindings_get(w->state->bindings, &closed)->expires, expires);
	ck_assert_uint_eq(expires, w->now + TSCF_CLOSED_MS);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_resume");
	TCase *t = tcase_create("resume");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, resume_moves);
	tcase_add_test(t, resume_under_way);
	tcase_add_test(t, resume_too_early);
	tcase_add_test(t, resume_on_a_stream);
	tcase_add_test(t, keepalive_timers);
	tcase_add_test(t, resume_inside);
	tcase_add_test(t, resume_repeated);
	tcase_add_test(t, resume_refused);
	tcase_add_test(t, resume_displaces);
	tcase_add_test(t, resume_leaves_place);
	tcase_add_test(t, resume_encrypted);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
