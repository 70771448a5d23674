/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the server that answers is the right one: what the client does and reports when it is not. */
#include "tests/unit/client_world.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct tscf_identity *rogue;

/* Another server answers; or one that is too old to prove anything; or the right one does not know our key. */
static void be_rogue(struct client_world *w)
{
	static const uint8_t key[32] = {1};

	rogue = w->i == 0 ? server_identity_make(NULL) : NULL;
	if (w->i == 2)
		w->server.psk = key;
	else
		w->server.identity = rogue;
}

WORLD_TEST(rogue_server, be_rogue)
{
	static const char *const why[] = {"pin does not match", "it proves nothing", "has not come to the same keys"};
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
	world_plain_up(w);
	ck_assert_str_eq(world_status(w, "plain.verified.by"), "pin");
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

	tcase_add_loop_test(t, rogue_server, 0, 3);
	tcase_add_test(t, rogue_before_resumption);
	tcase_add_test(t, rogue_beside_tunnel);
	tcase_add_test(t, certificates_asked_in_vain);
	tcase_add_test(t, certificates_are_remembered);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
