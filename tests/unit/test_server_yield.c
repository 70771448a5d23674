/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Too few places for encrypted tunnels: encrypted-only is served before encrypted-preferred, within the limit. */
#include "common/crypto/hash.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"
#include "tscf-server/control/room.h"

#include <netinet/in.h>

#define CLIENTS 4
#define PLACES  2
#define TICK_MS 40

static struct world *w;
static struct world_client c[CLIENTS];

/** All have plain tunnels, the first two the encrypted ones. */
static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	w->interface->max_encrypted = PLACES;
	for (unsigned i = 0; i < CLIENTS; i++) {
		world_client(w, &c[i], i + 1, 5000);
		world_connect(&c[i]);
	}
	for (unsigned i = 0; i < PLACES; i++) {
		world_encrypt(&c[i]);
		world_pass(w, TICK_MS);
	}
}

static void teardown(void)
{
	world_free(w);
}

/** A keepalive in the encrypted tunnel that states the need. */
static void say(struct world_client *client, enum tscf_level need)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(client, &writer, data, TSCF_KEEPALIVE_REQUEST, true);
	tscf_write_need(&writer, need);
	world_send(client, &writer, true);
}

static void both_prefer(void)
{
	say(&c[0], TSCF_LEVEL_ENCRYPTED_PREFERRED);
	say(&c[1], TSCF_LEVEL_ENCRYPTED_PREFERRED);
}

/** Ask for an encrypted tunnel for sockets of that level; TSCF_LEVEL_DEFAULT: without a NEED. */
static int request(struct world_client *client, enum tscf_level need)
{
	uint8_t data[TSCF_MESSAGE_MAX], hash[SERVER_SECRET_SIZE];
	struct tscf_writer writer;
	struct tscf_tlv tlv;
	int code;

	tscf_sha256(client->secret, sizeof(client->secret), hash);
	world_begin(client, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
	tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
	if (need != TSCF_LEVEL_DEFAULT)
		tscf_write_need(&writer, need);
	code = world_send(client, &writer, false);
	if (code == TSCF_RESPONSE_SUCCESS) {
		ck_assert(tscf_message_find(&w->reply, TSCF_TLV_RESERVED_TSID, &tlv));
		ck_assert_int_eq(tscf_tlv_u64(&tlv, &client->encrypted_tsid), 0);
	}
	ck_assert_uint_le(w->allocator.encrypted, PLACES);
	return code;
}

/** @return whether the last message to the client in its encrypted tunnel asks it to yield. */
static bool is_asked(const struct world_client *client)
{
	struct tscf_message m;
	struct tscf_tlv tlv;
	int length = tscf_message_length(client->connection->last, sizeof(client->connection->last));

	return client->connection->sent > 0 && length > 0 &&
	       tscf_message_decode(client->connection->last, (uint32_t)length, &m) == 0 &&
	       m.type == TSCF_KEEPALIVE_REQUEST && tscf_message_find(&m, TSCF_TLV_YIELD, &tlv);
}

static void release(struct world_client *client)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(client, &writer, data, TSCF_RELEASE_REQUEST, true);
	ck_assert_int_eq(world_send(client, &writer, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(world_encrypted(client));
}

static uint64_t asked(void)
{
	return world_counter(w, SERVER_COUNT_YIELDS_ASKED);
}

/* Idle for longest first; of those in use the newest. */
START_TEST(choice)
{
	const uint64_t now = 100000;
	/* In the order in which they yield. */
	static const struct server_yield_rank ranks[] = {{20000, 500},
							 {30000, 100},
							 {100000 - SERVER_YIELD_IDLE_MS, 50},
							 {100000 - SERVER_YIELD_IDLE_MS + 1, 900},
							 {100000, 300},
							 {99900, 200},
							 {100001, 10}};

	for (unsigned i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++)
		for (unsigned j = 0; j < sizeof(ranks) / sizeof(ranks[0]); j++)
			ck_assert_int_eq(server_yield_before(&ranks[i], &ranks[j], now), i < j);
}
END_TEST

/* The newest yields, and the client that waits has its place. */
START_TEST(yields)
{
	both_prefer();
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_BUSY);
	ck_assert(is_asked(&c[1]) && !is_asked(&c[0]));
	ck_assert(server_yield_busy(w->state));
	/* Asking again while it waits costs nobody anything more. */
	world_pass(w, TICK_MS);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_BUSY);
	ck_assert_uint_eq(asked(), 1);
	release(&c[1]);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_ENCRYPTED_YIELDED), 1);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_SUCCESS);
	world_handshake(&c[2]);
	ck_assert_int_eq(world_configure_encrypted(&c[2], false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!server_yield_busy(w->state));
	ck_assert_ptr_nonnull(world_encrypted(&c[0]));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_YIELDS_FORCED), 0);
}
END_TEST

/* An idle one yields rather than one in use. */
START_TEST(idle_first)
{
	both_prefer();
	world_pass(w, SERVER_YIELD_IDLE_MS);
	say(&c[1], TSCF_LEVEL_ENCRYPTED_PREFERRED);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_BUSY);
	ck_assert(is_asked(&c[0]) && !is_asked(&c[1]));
}
END_TEST

/* One that neither yields nor objects is ended; what it was asked is repeated on datagrams. */
START_TEST(forced)
{
	uint32_t before;

	both_prefer();
	request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY);
	before = c[1].connection->sent;
	world_pass(w, SERVER_YIELD_PAUSE_MS);
	ck_assert_uint_eq(c[1].connection->sent, before + 1);
	world_pass(w, SERVER_YIELD_MS - SERVER_YIELD_PAUSE_MS - 1);
	ck_assert_ptr_nonnull(world_encrypted(&c[1]));
	world_pass(w, 1);
	ck_assert_ptr_null(world_encrypted(&c[1]));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_YIELDS_FORCED), 1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_ENCRYPTED_YIELDED), 0);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* A client without a NEED is an encrypted-only one: it pushes out, and is not pushed out. */
START_TEST(old_clients)
{
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_DEFAULT), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_uint_eq(asked(), 0);
	say(&c[0], TSCF_LEVEL_ENCRYPTED_PREFERRED);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_DEFAULT), TSCF_RESPONSE_BUSY);
	ck_assert(is_asked(&c[0]) && !is_asked(&c[1]));
	/* Nobody is left that could yield. */
	ck_assert_int_eq(request(&c[3], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
}
END_TEST

/* Preferred requests push nobody out, and do not get what others wait for. */
START_TEST(preferred_waits)
{
	both_prefer();
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_uint_eq(asked(), 0);
	request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY);
	release(&c[1]);
	ck_assert_int_eq(request(&c[3], TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_int_eq(request(&c[1], TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	world_pass(w, SERVER_ROOM_KEPT_MS);
	ck_assert_int_eq(request(&c[3], TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(asked(), 1);
}
END_TEST

/* Whoever has a tunnel may have it made anew meanwhile. */
START_TEST(replaces)
{
	both_prefer();
	request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY);
	release(&c[1]);
	ck_assert_int_eq(request(&c[0], TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* A client that gets an encrypted-only socket meanwhile keeps its tunnel, and another one yields. */
START_TEST(keeps)
{
	both_prefer();
	request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert(is_asked(&c[1]));
	say(&c[1], TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert(is_asked(&c[0]));
	ck_assert_uint_eq(asked(), 2);
	world_pass(w, SERVER_YIELD_MS);
	ck_assert_ptr_nonnull(world_encrypted(&c[1]));
	ck_assert_ptr_null(world_encrypted(&c[0]));
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_SUCCESS);
	/* It is never asked as long as it says so. */
	ck_assert_int_eq(request(&c[3], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	say(&c[1], TSCF_LEVEL_ENCRYPTED_PREFERRED);
	ck_assert_int_eq(request(&c[3], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_BUSY);
}
END_TEST

/* Nobody else is there: the one that waits is refused in the end. */
START_TEST(nobody_yields)
{
	say(&c[1], TSCF_LEVEL_ENCRYPTED_PREFERRED);
	request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY);
	say(&c[1], TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_BUSY);
	world_pass(w, SERVER_ROOM_MS);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_ptr_nonnull(world_encrypted(&c[0]));
	ck_assert_ptr_nonnull(world_encrypted(&c[1]));
}
END_TEST

/* A message that was overtaken says nothing, nor does any that came by the plain tunnel. */
START_TEST(old_news)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	say(&c[0], TSCF_LEVEL_ENCRYPTED_ONLY);
	c[0].encrypted_sequence -= 2;
	say(&c[0], TSCF_LEVEL_ENCRYPTED_PREFERRED);
	world_begin(&c[0], &writer, data, TSCF_KEEPALIVE_REQUEST, false);
	tscf_write_need(&writer, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	world_send(&c[0], &writer, false);
	ck_assert_uint_eq(w->allocator.candidates, 0);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
}
END_TEST

/* However sessions end, none is counted or asked any more. */
START_TEST(ended)
{
	both_prefer();
	ck_assert_uint_eq(w->allocator.candidates, 2);
	request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_uint_eq(w->allocator.candidates, 1);
	world_disconnect(&c[1]);
	world_disconnect(&c[0]);
	ck_assert_uint_eq(w->allocator.candidates, 0);
	ck_assert(!server_yield_busy(w->state));
	world_pass(w, SERVER_YIELD_MS);
	ck_assert_int_eq(request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* Its encrypted-only sockets are shielded if the server had to end a tunnel that had some after all. */
START_TEST(fails_closed)
{
	const struct tscf_binding_key key = world_key(&c[1].plain, IPPROTO_UDP, 4002, NULL, 0);
	const struct tscf_binding *b;

	both_prefer();
	request(&c[2], TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(world_bind(&c[1], &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	world_pass(w, SERVER_YIELD_MS);
	ck_assert_ptr_null(world_encrypted(&c[1]));
	b = tscf_bindings_find(w->state->bindings, &key, w->now);
	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(b->state, TSCF_BINDING_SHIELD);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server yield");
	TCase *t = tcase_create("yield");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, choice);
	tcase_add_test(t, yields);
	tcase_add_test(t, idle_first);
	tcase_add_test(t, forced);
	tcase_add_test(t, old_clients);
	tcase_add_test(t, preferred_waits);
	tcase_add_test(t, replaces);
	tcase_add_test(t, keeps);
	tcase_add_test(t, nobody_yields);
	tcase_add_test(t, old_news);
	tcase_add_test(t, ended);
	tcase_add_test(t, fails_closed);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
