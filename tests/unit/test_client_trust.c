/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the server that answers is the right one: what the client does and reports when it is not. */
#include "tests/unit/client_world.h"

#include "common/auth/proof.h"
#include "common/base/file.h"
#include "common/crypto/hash.h"
#include "common/daemon/renewed_file.h"
#include "tscf-client/tunnel/candidates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct tscf_identity *rogue;

/* Another server answers; or one that is too old to prove anything; or the right one does not know our key, or does not
 * sign. */
static void be_rogue(struct client_world *w)
{
	static const uint8_t key[32] = {1};

	rogue = w->i == 0 ? server_identity_make(NULL) : NULL;
	if (w->i == 2)
		w->server.psk = key;
	else if (w->i == 3)
		w->server.omits = TSCF_TLV_SIGNATURE;
	else
		w->server.identity = rogue;
}

WORLD_TEST(rogue_server, be_rogue)
{
	static const char *const why[] = {"pin does not match", "it proves nothing", "has not come to the same keys",
					  "does not prove who it is"};
	const struct tscf_control_request request = {.op = TSCF_CONTROL_WAIT_UP, .timeout_ms = 60000};
	struct world_call *call = world_ask_as(w, &request, -1, getpid(), 0);

	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, why[w->i]));
	ck_assert_ptr_nonnull(strstr(world_status(w, "plain.unverified"), why[w->i]));
	ck_assert_str_eq(world_status(w, "plain.internal"), "[]");
	ck_assert_str_eq(world_status(w, "plain.dns"), "[]");
	ck_assert_int_ge(world_counter(w, "unverified"), 1);
	ck_assert(call->answered);
	ck_assert_int_eq(call->error, EKEYREJECTED);
	ck_assert_ptr_nonnull(strstr(call->text, why[w->i]));
	/* The right one is taken as soon as it is there, and then nothing is wrong. */
	w->server.identity = w->identity;
	w->server.psk = NULL;
	w->server.omits = 0;
	world_plain_up(w);
	ck_assert_str_eq(world_status(w, "plain.verified.by"), "pin");
	tscf_identity_free(rogue);
}

static void refuse(struct client_world *w)
{
	static const enum tscf_response codes[] = {TSCF_RESPONSE_UNAUTHORIZED, TSCF_RESPONSE_LIMIT,
						   TSCF_RESPONSE_UNAUTHORIZED, TSCF_RESPONSE_SERVICE_UNAVAILABLE};

	w->server.code[WORLD_CONFIGURE] = codes[w->i];
	w->server.text = "not you";
	w->server.proves_refusals = w->i != 2;
	/* There the handshake has verified the server. */
	w->reception[WORLD_DTLS] = w->reception[WORLD_TLS] = WORLD_FAILS;
}

/* Who waits for a tunnel is told at once that the server does not accept this client, if the server proves that it is
 * the one that says so, and if time will not change it. */
WORLD_TEST(refused_by_the_server, refuse)
{
	const struct tscf_control_request request = {.op = TSCF_CONTROL_WAIT_UP, .timeout_ms = 20000};
	struct world_call *call = world_ask_as(w, &request, -1, getpid(), 0);

	world_pass(w, 2000);
	ck_assert(!world_plain_is_up(w));
	ck_assert_ptr_nonnull(strstr(world_status(w, "plain.refused"), "not you"));
	ck_assert_str_eq(world_status(w, "plain.unverified"), "null");
	ck_assert_int_eq(world_counter(w, "unverified"), 0);
	ck_assert_int_eq(call->answered, w->i < 2);
	world_pass(w, 20000);
	ck_assert(call->answered);
	ck_assert_int_eq(call->error, w->i < 2 ? EKEYREJECTED : ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(call->text, "not you"));
	/* The search goes on. */
	w->server.code[WORLD_CONFIGURE] = TSCF_RESPONSE_SUCCESS;
	world_plain_up(w);
	ck_assert_str_eq(world_status(w, "plain.refused"), "null");
}

static char key_file[64];

/** Write the key of 16 times @p byte for the client.  @return its SHA-256, which the server has. */
static const uint8_t *give_key(uint8_t byte)
{
	static uint8_t psk[32];
	uint8_t key[16];
	char line[64];
	int at = snprintf(line, sizeof(line), "alice:");

	memset(key, byte, sizeof(key));
	tscf_sha256(key, sizeof(key), psk);
	for (unsigned i = 0; i < sizeof(key); i++)
		at += snprintf(line + at, sizeof(line) - (size_t)at, "%02x", byte);
	snprintf(line + at, sizeof(line) - (size_t)at, "\n");
	ck_assert_int_eq(tscf_file_replace(key_file, 0600, line, strlen(line)), 0);
	return psk;
}

static void refuse_key(struct client_world *w)
{
	snprintf(key_file, sizeof(key_file), "/tmp/tscf-key.%d", (int)getpid());
	give_key(1);
	free(w->config.psk_file);
	w->config.psk_file = strdup(key_file);
	/* The first way of all is tried again every two seconds, but others are not. */
	w->config.servers.all.transport = CLIENT_TRANSPORT_AUTO;
	w->reception[WORLD_UDP] = WORLD_FAILS;
	w->server.cookie = true;
	w->server.methods = TSCF_PROOF_PSK;
	w->i = 0;
	refuse(w);
}

/* A server that has refused this client often is asked seldom; but it is at once when the client has another key, by a
 * file that changes. */
WORLD_TEST(asked_at_once_with_another_key, refuse_key)
{
	unsigned asked;

	world_pass(w, 120000);
	asked = w->server.count[WORLD_CONFIGURE];
	WORLD_UNTIL(w, CANDIDATES_RETRY_MAX_MS + 1000, w->server.count[WORLD_CONFIGURE] > asked);
	world_pass(w, 1000);
	asked = w->server.count[WORLD_CONFIGURE];
	world_pass(w, CANDIDATES_RETRY_MAX_MS / 2);
	ck_assert_uint_eq(w->server.count[WORLD_CONFIGURE], asked);
	w->server.code[WORLD_CONFIGURE] = TSCF_RESPONSE_SUCCESS;
	w->server.psk = give_key(2);
	WORLD_UNTIL(w, 3 * TSCF_RENEWAL_MS, world_plain_is_up(w));
	unlink(key_file);
}

/* A refusal in the server's name is none. */
static void refuse_as_rogue(struct client_world *w)
{
	w->i = 0;
	refuse(w);
	rogue = server_identity_make(NULL);
	w->server.identity = rogue;
}

WORLD_TEST(refused_by_a_rogue, refuse_as_rogue)
{
	world_pass(w, 500);
	ck_assert_ptr_nonnull(strstr(world_status(w, "plain.unverified"), "pin does not match"));
	ck_assert_int_ge(world_counter(w, "unverified"), 1);
	tscf_identity_free(rogue);
}

static void two_servers(struct client_world *w)
{
	ck_assert_int_eq(client_servers_add(&w->config.servers, "198.51.100.2"), 0);
}

/* The second server is a rogue, but the tunnel is resumed at the first: the reason is gone when it is lost again. */
WORLD_TEST(rogue_before_resumption, two_servers)
{
	struct tscf_identity *other = server_identity_make(NULL);

	world_plain_up(w);
	w->server.identity = other;
	w->server.reaction[WORLD_RESUME] = w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	world_link_unreachable(world_link(w, WORLD_UDP));
	WORLD_UNTIL(w, 20000, world_counter(w, "unverified") > 0);
	ck_assert_ptr_nonnull(strstr(world_status(w, "plain.unverified"), "pin does not match"));
	w->server.reaction[WORLD_CONFIGURE] = WORLD_LOSES;
	w->server.reaction[WORLD_RESUME] = w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 20000, world_plain_is_up(w));
	ck_assert(world_plain_reason_has(w, "resumed"));
	ck_assert_str_eq(world_status(w, "plain.unverified"), "null");
	world_lose_everything(w);
	world_link_unreachable(world_link(w, WORLD_UDP));
	WORLD_UNTIL(w, 20000, !world_plain_is_up(w));
	ck_assert_str_eq(world_status(w, "plain.unverified"), "null");
	tscf_identity_free(other);
}

static void only_tcp(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_AUTO;
	w->reception[WORLD_UDP] = WORLD_FAILS;
}

/* A rogue answers on a better way while the tunnel is up: that is no reason for anything, then and later. */
WORLD_TEST(rogue_beside_tunnel, only_tcp)
{
	struct tscf_identity *other = server_identity_make(NULL);

	world_plain_up(w);
	w->server.identity = other;
	w->reception[WORLD_UDP] = WORLD_ACCEPTS;
	WORLD_UNTIL(w, 60000, world_counter(w, "unverified") > 0);
	ck_assert(world_plain_is_up(w));
	world_lose_everything(w);
	world_link_down(world_link(w, WORLD_TCP), ECONNRESET);
	ck_assert(!world_plain_is_up(w));
	ck_assert_str_eq(world_status(w, "plain.unverified"), "null");
	tscf_identity_free(other);
}

/* The client has no certificates to send: that is the reason, and no other. */
static void asking(struct client_world *w)
{
	w->server.code[WORLD_CONFIGURE] = TSCF_RESPONSE_CERTIFICATES;
}

WORLD_TEST(certificates_asked_in_vain, asking)
{
	world_pass(w, 500);
	ck_assert(world_plain_reason_has(w, "asks for certificates and does not take them"));
	w->server.code[WORLD_CONFIGURE] = TSCF_RESPONSE_SUCCESS;
	world_plain_up(w);
}

static void show_others(struct client_world *w)
{
	if (w->i == 0)
		w->server.shown = rogue = server_identity_make(NULL);
	else
		w->server.code[WORLD_CHAIN] = TSCF_RESPONSE_MALFORMED;
}

/* A server must show the certificates that its answer names. */
WORLD_TEST(certificates_not_shown, show_others)
{
	static const char *const why[] = {"its certificates are not those that it has named",
					  "it does not show its certificates"};
	char expected[100];

	world_pass(w, 500);
	snprintf(expected, sizeof(expected), "the server cannot be verified: %s", why[w->i]);
	ck_assert_str_eq(world_status(w, "plain.unverified"), expected);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, expected));
	w->server.shown = NULL;
	w->server.code[WORLD_CHAIN] = TSCF_RESPONSE_SUCCESS;
	world_plain_up(w);
	ck_assert_str_eq(world_status(w, "plain.unverified"), "null");
	tscf_identity_free(rogue);
}

static void show_zeros(struct client_world *w)
{
	/* More than the client has room for; the same part again; nothing. */
	w->server.zeros.total = w->i == 0 ? UINT16_MAX : 800;
	w->server.zeros.stays = w->i == 1;
	w->server.zeros.length = w->i == 2 ? 0 : 400;
}

/* Parts of certificates that do not fit: the client does not put them together. */
WORLD_TEST(certificates_do_not_fit, show_zeros)
{
	world_pass(w, 500);
	ck_assert(world_plain_reason_has(w, "it does not show its certificates"));
	ck_assert_uint_le(w->server.count[WORLD_CHAIN], 20);
	w->server.zeros.total = 0;
	world_plain_up(w);
}

/* The certificates are fetched once. */
WORLD_TEST(certificates_are_remembered, NULL)
{
	unsigned fetched;

	world_plain_up(w);
	fetched = w->server.count[WORLD_CHAIN];
	ck_assert_uint_gt(fetched, 1);
	w->server.code[WORLD_RESUME] = TSCF_RESPONSE_NO_SESSION;
	world_lose_plain(w);
	WORLD_UNTIL(w, 20000, world_plain_is_up(w));
	ck_assert_uint_gt(w->server.count[WORLD_CONFIGURE], 1);
	ck_assert_uint_eq(w->server.count[WORLD_CHAIN], fetched);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client trust");
	TCase *t = tcase_create("trust");

	tcase_add_loop_test(t, rogue_server, 0, 4);
	tcase_add_loop_test(t, refused_by_the_server, 0, 4);
	tcase_add_test(t, asked_at_once_with_another_key);
	tcase_add_test(t, refused_by_a_rogue);
	tcase_add_test(t, rogue_before_resumption);
	tcase_add_test(t, rogue_beside_tunnel);
	tcase_add_test(t, certificates_asked_in_vain);
	tcase_add_loop_test(t, certificates_not_shown, 0, 2);
	tcase_add_loop_test(t, certificates_do_not_fit, 0, 3);
	tcase_add_test(t, certificates_are_remembered);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
