/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that are disconnected: those that are meant and no others, both tunnels, with the reason; and no more at a
 * time than the packets of others can wait for. */
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"

#include "tscf-server/admin/disconnect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON "disconnected by the administrator of the server"

static struct world *w;
static struct world_client a, b;

static void prove(struct server_session *s, const char *name)
{
	s->who = calloc(1, sizeof(*s->who));
	snprintf(s->who->name, sizeof(s->who->name), "%s", name);
}

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	world_client(w, &a, 1, 5000);
	world_client(w, &b, 2, 5000);
	world_connect(&a);
	world_connect(&b);
	world_encrypt(&a);
	prove(world_plain(&a), "psk alice");
	prove(world_encrypted(&a), "psk alice");
	prove(world_plain(&b), "certificate bob");
}

static void teardown(void)
{
	world_free(w);
}

/** Disconnect @p text in as many steps as it takes.  @return how many tunnels have ended. */
static unsigned disconnect(const char *text)
{
	struct server_disconnected ended = {0};
	struct server_roster_place place = {0};
	struct server_who who;

	server_who_read(text, &who);
	while (server_disconnect_some(w->state, &who, w->now, &place, &ended))
		;
	return ended.plain + ended.encrypted;
}

/** Prove that the client was told that its tunnel on @p peer ends, and why; in a plain one the message has a seal. */
static void is_released(const struct world_peer *peer)
{
	const uint32_t seal = peer->peer.transport->ops->encrypted ? 0 : TSCF_SEAL_SIZE;
	struct tscf_message m;
	enum tscf_response code;
	char why[TSCF_RESPONSE_TEXT_MAX + 1];

	ck_assert_int_eq(
	    tscf_message_decode(peer->last, TSCF_MESSAGE_HEADER + TSCF_TLV_HEADER + 2 + strlen(REASON) + seal, &m), 0);
	ck_assert_int_eq(m.type, TSCF_RELEASE_REQUEST);
	ck_assert_int_eq(tscf_message_response(&m, &code, why, sizeof(why)), 0);
	ck_assert_int_eq(code, TSCF_RESPONSE_SHUTDOWN);
	ck_assert_str_eq(why, REASON);
	ck_assert(!peer->open);
}

START_TEST(by_identity)
{
	const struct world_peer *plain = world_peer_at(w, &a.outer);

	ck_assert_uint_eq(disconnect("ali"), 0);
	ck_assert_uint_eq(disconnect("certificate alice"), 0);
	ck_assert_uint_eq(disconnect("alice"), 2);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_null(world_encrypted(&a));
	is_released(plain);
	is_released(a.connection);
	ck_assert_ptr_nonnull(world_plain(&b));
	ck_assert_uint_eq(disconnect("certificate bob"), 1);
	ck_assert_uint_eq(disconnect("certificate bob"), 0);
}
END_TEST

/* A TSID names one tunnel of the client; the other ends with it. */
START_TEST(by_tsid)
{
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)a.encrypted_tsid);
	ck_assert_uint_eq(disconnect(text), 2);
	snprintf(text, sizeof(text), "%016llX", (unsigned long long)b.tsid);
	ck_assert_uint_eq(disconnect(text), 1);
	ck_assert_uint_eq(disconnect("ffffffffffffffff"), 0);
}
END_TEST

/* Connections without a TSID are not meant by the number that says so. */
START_TEST(by_no_tsid)
{
	world_handshake(&b);
	ck_assert_uint_eq(disconnect("ffffffffffffffff"), 0);
	ck_assert(b.connection->open);
}
END_TEST

START_TEST(by_address)
{
	char text[TSCF_ADDR_TEXT];

	ck_assert_uint_eq(disconnect("198.51.100.3"), 0);
	ck_assert_uint_eq(disconnect("198.51.100.1:5001"), 0);
	ck_assert_uint_eq(disconnect("198.51.100.1:5000"), 2);
	ck_assert_uint_eq(disconnect(tscf_addr_format(&b.plain, text)), 1);
	world_connect(&a);
	world_encrypt(&a);
	ck_assert_uint_eq(disconnect(tscf_addr_format(&a.encrypted, text)), 2);
	/* The two follow each other in the list. */
	world_connect(&a);
	world_encrypt(&a);
	ck_assert_uint_eq(disconnect("198.51.100.1"), 2);
}
END_TEST

/* Many clients of one identity end, a few at a time, and clients between them stay. */
START_TEST(few_at_a_time)
{
	struct server_disconnected ended = {0};
	struct server_roster_place place = {0};
	struct server_who who;
	struct world_client c;
	unsigned steps = 1;

	for (unsigned n = 0; n < 6 * SERVER_DISCONNECT_END; n++) {
		world_client(w, &c, 3, (uint16_t)(6000 + n));
		world_dial(&c);
		world_connect(&c);
		prove(world_plain(&c), n % 2 == 0 ? "psk many" : "psk other");
	}
	server_who_read("many", &who);
	while (server_disconnect_some(w->state, &who, w->now, &place, &ended)) {
		ck_assert_uint_le(ended.plain, steps * SERVER_DISCONNECT_END);
		steps++;
	}
	ck_assert_uint_eq(ended.plain, 3 * SERVER_DISCONNECT_END);
	ck_assert_uint_ge(steps, 3);
	ck_assert_uint_eq(disconnect("other"), 3 * SERVER_DISCONNECT_END);
	ck_assert_uint_eq(HASH_COUNT(w->state->sessions.by_tsid), 3);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-disconnect");
	TCase *t = tcase_create("disconnect");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, by_identity);
	tcase_add_test(t, by_tsid);
	tcase_add_test(t, by_no_tsid);
	tcase_add_test(t, by_address);
	tcase_add_test(t, few_at_a_time);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
