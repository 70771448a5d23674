/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plain tunnel: set-up against every answer, what it takes from the server, its loss, and how it goes on.
 */
#include "common/crypto/hash.h"
#include "tests/unit/client_world.h"
#include "tests/unit/netns.h"
#include "tscf-client/tunnel/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- set-up --- */

WORLD_TEST(comes_up, NULL)
{
	struct tscf_message m;
	struct tscf_tlv tlv;

	ck_assert_str_eq(world_status(w, "plain.state"), "connecting");
	world_plain_up(w);
	m = world_last(w, WORLD_CONFIGURE);
	ck_assert_uint_eq(m.tsid, TSCF_TSID_NONE);
	ck_assert(tscf_message_find(&m, TSCF_TLV_CLIENT_ID, &tlv) && tscf_message_find(&m, TSCF_TLV_RESUME_LOCK, &tlv));
	ck_assert(!tscf_message_find(&m, TSCF_TLV_QUIET, &tlv));
	ck_assert_uint_eq(w->server.count[WORLD_CONFIGURE], 1);
	ck_assert_str_eq(world_status(w, "plain.internal.0"), WORLD_PLAIN);
	ck_assert_str_eq(world_status(w, "plain.internal.1"), WORLD_PLAIN6);
	ck_assert_str_eq(world_status(w, "plain.nat"), "198.51.100.99:40000");
	ck_assert_str_eq(world_status(w, "plain.dns.0"), "203.0.113.53");
	ck_assert_str_eq(world_status(w, "plain.transport"), "udp");
	ck_assert_str_eq(world_status(w, "candidates.0.state"), "used");
	ck_assert_str_eq(world_status(w, "encrypted.state"), "idle");
}

static void lose_configuration(struct client_world *w)
{
	w->server.reaction[WORLD_CONFIGURE] = WORLD_LOSES;
}

/* Datagrams get lost: the request is sent again, and again, and each answer that comes twice counts once. */
WORLD_TEST(request_lost, lose_configuration)
{
	world_pass(w, 3000);
	ck_assert_uint_ge(w->server.count[WORLD_CONFIGURE], 4);
	ck_assert(!world_plain_is_up(w));
	w->server.reaction[WORLD_CONFIGURE] = WORLD_TWICE;
	WORLD_UNTIL(w, 3000, world_plain_is_up(w));
	world_pass(w, 5000);
	ck_assert(world_plain_is_up(w));
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 0);
}

static void keep_configuration(struct client_world *w)
{
	w->server.reaction[WORLD_CONFIGURE] = WORLD_KEEPS;
}

/* Answers to all its repetitions come late and at once: one session. */
WORLD_TEST(answers_late, keep_configuration)
{
	world_pass(w, 1000);
	ck_assert_uint_ge(w->server.count[WORLD_CONFIGURE], 2);
	w->server.reaction[WORLD_CONFIGURE] = WORLD_ANSWERS;
	world_answer_all(w, w->i);
	world_pass(w, 5000);
	ck_assert(world_plain_is_up(w));
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 0);
}

static const enum tscf_response refusals[] = {TSCF_RESPONSE_SERVICE_UNAVAILABLE, TSCF_RESPONSE_MALFORMED,
					      TSCF_RESPONSE_NO_ADDRESS,          TSCF_RESPONSE_LIMIT,
					      TSCF_RESPONSE_UNAUTHORIZED,        TSCF_RESPONSE_TOO_SMALL};

static void refuse(struct client_world *w)
{
	w->server.code[WORLD_CONFIGURE] = refusals[w->i];
	w->server.text = "not today";
}

WORLD_TEST(refused, refuse)
{
	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, tscf_response_name(refusals[w->i])) &&
		  world_plain_reason_has(w, "not today"));
	/* By datagrams, and inside a connection to the other port. */
	ck_assert_uint_eq(w->server.count[WORLD_CONFIGURE], 2);
	world_pass(w, 5000);
	ck_assert_uint_ge(w->server.count[WORLD_CONFIGURE], 4);
	/* Also while the next try waits for its answer. */
	w->server.reaction[WORLD_CONFIGURE] = WORLD_LOSES;
	WORLD_UNTIL(w, 20000, world_plain_reason_has(w, "waits for an answer"));
	ck_assert_ptr_nonnull(strstr(world_status(w, "plain.refused"), tscf_response_name(refusals[w->i])));
	w->server.reaction[WORLD_CONFIGURE] = WORLD_ANSWERS;
	w->server.code[WORLD_CONFIGURE] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 20000, world_plain_is_up(w));
	ck_assert_str_eq(world_status(w, "plain.refused"), "null");
}

/* Longer than there is room for: characters of two bytes, at odd places and at even ones. */
static void refuse_at_length(struct client_world *w)
{
	static char text[200];

	memset(text, 0, sizeof(text));
	for (int i = 0; i < 98; i++)
		memcpy(text + w->i + (ptrdiff_t)2 * i, "\xd0\xb6", 2);
	memcpy(text, "-", (size_t)w->i);
	w->server.code[WORLD_CONFIGURE] = TSCF_RESPONSE_LIMIT;
	w->server.text = text;
}

/* No text of a server takes the status away: half a character is no JSON. */
WORLD_TEST(refused_at_length, refuse_at_length)
{
	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, "\xd0\xb6"));
}

static void answer_without_code(struct client_world *w)
{
	w->server.reaction[WORLD_CONFIGURE] = WORLD_WITHOUT;
}

WORLD_TEST(no_response_code, answer_without_code)
{
	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, "no response code"));
	w->server.reaction[WORLD_CONFIGURE] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 3000, world_plain_is_up(w));
}

static void give_no_address(struct client_world *w)
{
	w->server.plain = w->server.plain6 = NULL;
}

WORLD_TEST(no_address, give_no_address)
{
	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, "lacks an address"));
	w->server.plain = WORLD_PLAIN;
	WORLD_UNTIL(w, 3000, world_plain_is_up(w));
	ck_assert_str_eq(world_status(w, "plain.internal.1"), "");
}

/** A server may not take an address away from this host or from all programs. */
static const struct {
	const char *address, *why;
} foreign[] = {
    {"198.51.100.10", "out0 of this host has that"}, {"127.0.0.1", "no tunnel can have that"},
    {"0.0.0.0", "no tunnel can have that"},          {"0.1.2.3", "no tunnel can have that"},
    {"224.0.0.9", "no tunnel can have that"},        {"255.255.255.255", "no tunnel can have that"},
    {"198.51.100.1", "the server itself has that"},
};
static const char *const foreign6[] = {"2001:db8:100::10", "::1", "::", "ff02::1", "fe80::1"};

#define FOREIGN  (int)(sizeof(foreign) / sizeof(*foreign))
#define FOREIGN6 (int)(sizeof(foreign6) / sizeof(*foreign6))

static void give_foreign_address(struct client_world *w)
{
	if (w->i < FOREIGN)
		w->server.plain = foreign[w->i].address;
	else
		w->server.plain6 = foreign6[w->i - FOREIGN];
}

/* It is refused, with what else the server sends, and nothing of it is set up. */
WORLD_TEST(foreign_address, give_foreign_address)
{
	const char *why = w->i < FOREIGN ? foreign[w->i].why : w->i == FOREIGN ? "out0" : "no tunnel";
	char *text;

	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, why));
	text = tscf_netns_output("ip -br address show tscf0; ip route show table %u", w->config.table_plain);
	ck_assert_ptr_null(strstr(text, "/32"));
	ck_assert_ptr_null(strstr(text, "203.0.113"));
	free(text);
	w->server.plain = WORLD_PLAIN;
	w->server.plain6 = WORLD_PLAIN6;
	WORLD_UNTIL(w, 5000, world_plain_is_up(w));
}

static void many_routes(struct client_world *w)
{
	w->server.routes = 70;
}

WORLD_TEST(too_many_routes, many_routes)
{
	char *text;

	world_plain_up(w);
	text = tscf_netns_output("ip route show table %u | grep -c 192.0.2.", w->config.table_plain);
	ck_assert_int_eq(atoi(text), 62);
	free(text);
}

/* --- proofs --- */

static void demand_cookie(struct client_world *w)
{
	w->server.cookie = true;
}

WORLD_TEST(cookie, demand_cookie)
{
	struct tscf_message m;
	struct tscf_tlv tlv;

	world_plain_up(w);
	m = world_last(w, WORLD_CONFIGURE);
	ck_assert(tscf_message_find(&m, TSCF_TLV_COOKIE, &tlv));
	ck_assert_int_eq(memcmp(tlv.value, "a cookie", tlv.length), 0);
	ck_assert_uint_eq(w->server.count[WORLD_CONFIGURE], 2);
}

static void say_cookie_and_give_none(struct client_world *w)
{
	w->server.code[WORLD_CONFIGURE] = TSCF_RESPONSE_COOKIE;
}

WORLD_TEST(no_cookie_in_answer, say_cookie_and_give_none)
{
	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, "gives cookies and does not take them"));
}

static void demand_proof(struct client_world *w)
{
	w->server.cookie = true;
	w->server.methods = 3;
}

WORLD_TEST(proof_demanded, demand_proof)
{
	world_pass(w, 500);
	ck_assert(!world_plain_is_up(w) &&
		  world_plain_reason_has(w, "demands a client certificate or a pre-shared key"));
}

static void have_key(struct client_world *w)
{
	static char name[] = "/tmp/tscf-psk-XXXXXX";
	static const char line[] = "phone:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	static uint8_t key[32];
	int fd = mkstemp(name);

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	tscf_sha256(key, sizeof(key), key);
	w->server.psk = key;
	ck_assert(fd >= 0 && write(fd, line, sizeof(line) - 1) == sizeof(line) - 1);
	close(fd);
	w->config.psk_file = strdup(name);
	w->server.cookie = true;
	w->server.methods = w->i ? 1 : 2;
}

WORLD_TEST(proof_by_key, have_key)
{
	struct tscf_message m;
	struct tscf_tlv tlv;

	unlink(w->config.psk_file);
	if (w->i == 0) {
		world_pass(w, 500);
		ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, "takes no pre-shared keys"));
		return;
	}
	world_plain_up(w);
	m = world_last(w, WORLD_CONFIGURE);
	ck_assert(tscf_message_find(&m, TSCF_TLV_AUTH_PROOF, &tlv) && tscf_message_find(&m, TSCF_TLV_COOKIE, &tlv));
	/* The encrypted tunnel proves it, too. */
	close(world_encrypted_up(w, 5000));
	m = world_last(w, WORLD_CONFIGURE_ENCRYPTED);
	ck_assert(tscf_message_find(&m, TSCF_TLV_AUTH_PROOF, &tlv));
	/* The server is started again and asks for no proof any more: the key goes into nothing. */
	w->server.cookie = false;
	w->server.methods = 0;
	w->server.psk = NULL;
	w->server.code[WORLD_RESUME] = TSCF_RESPONSE_NO_SESSION;
	world_lose_plain(w);
	WORLD_UNTIL(w, 20000, world_plain_is_up(w));
	ck_assert_int_eq(world_counter(w, "unverified"), 0);
}

/* --- loss, and how it goes on --- */

WORLD_TEST(resumed, NULL)
{
	struct tscf_message m;
	struct tscf_tlv tlv;

	world_plain_up(w);
	world_lose_plain(w);
	WORLD_UNTIL(w, 3000, world_plain_is_up(w));
	world_pass(w, 3000);
	ck_assert_uint_ge(w->server.count[WORLD_RESUME], 1);
	ck_assert_uint_eq(w->server.count[WORLD_CONFIGURE], 1);
	ck_assert(world_plain_reason_has(w, "resumed"));
	m = world_last(w, WORLD_RESUME);
	ck_assert(m.tsid == w->server.tsid && tscf_message_find(&m, TSCF_TLV_RESUME_KEY, &tlv));
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 1);
}

/* The server has forgotten the session, or says what it cannot mean: it is set up again, once. */
WORLD_TEST(resume_refused, NULL)
{
	static const enum tscf_response codes[] = {TSCF_RESPONSE_NO_SESSION, TSCF_RESPONSE_NOT_ALLOWED,
						   TSCF_RESPONSE_LIMIT};

	world_plain_up(w);
	w->server.code[WORLD_RESUME] = codes[w->i];
	world_lose_plain(w);
	WORLD_UNTIL(w, 3000, world_plain_is_up(w));
	world_pass(w, 3000);
	ck_assert(world_plain_is_up(w));
	ck_assert_uint_eq(w->server.count[WORLD_CONFIGURE], 2);
	/* With another key, since the first one may have been used up by a request whose answer was lost. */
	ck_assert_uint_ge(w->server.count[WORLD_RESUME], codes[w->i] == TSCF_RESPONSE_NOT_ALLOWED ? 2 : 1);
}

/* Neither the question nor the resumption is answered for long; then one late answer is enough. */
WORLD_TEST(silence, NULL)
{
	world_plain_up(w);
	world_lose_everything(w);
	WORLD_UNTIL(w, 60000, !world_plain_is_up(w));
	world_pass(w, 30000);
	ck_assert(!world_plain_is_up(w));
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	w->server.reaction[WORLD_RESUME] = WORLD_TWICE;
	WORLD_UNTIL(w, 15000, world_plain_is_up(w));
	world_pass(w, 5000);
	ck_assert(world_plain_is_up(w));
}

static void release(struct client_world *w, const char *text)
{
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	world_begin(world_link(w, WORLD_UDP), &t, buffer, TSCF_RELEASE_REQUEST);
	if (text)
		tscf_write_response(&t, TSCF_RESPONSE_SHUTDOWN, text);
	world_send(world_link(w, WORLD_UDP), &t);
}

static bool leads_to(const char *device)
{
	char command[128];

	snprintf(command, sizeof(command), "ip route get %s 2>&1 | grep -q 'dev %s '", WORLD_SERVICE, device);
	return system(command) == 0;
}

static void say_keep_routes(struct client_world *w)
{
	w->config.keep_routes = w->i;
}

/* The routes outlast a loss that a resumption ends, and no longer, unless they are to be kept. */
WORLD_TEST(routes_given_up, say_keep_routes)
{
	world_plain_up(w);
	ck_assert(leads_to("tscf0"));
	world_lose_everything(w);
	world_link_unreachable(world_link(w, WORLD_UDP));
	WORLD_UNTIL(w, 20000, !world_plain_is_up(w));
	world_pass(w, 9000);
	ck_assert(leads_to("tscf0"));
	world_pass(w, 2000);
	ck_assert_int_eq(leads_to("tscf0"), w->i);
	w->server.reaction[WORLD_RESUME] = w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 60000, world_plain_is_up(w));
	ck_assert(leads_to("tscf0"));
}

WORLD_TEST(server_stops, NULL)
{
	world_plain_up(w);
	world_lose_everything(w);
	release(w, w->i ? "maintenance" : NULL);
	ck_assert(!world_plain_is_up(w));
	world_pass(w, 100);
	/* It answers before it goes. */
	ck_assert_uint_ge(w->links[0]->messages, 3);
	w->server.reaction[WORLD_RESUME] = w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 15000, world_plain_is_up(w));
}

WORLD_TEST(session_unknown, NULL)
{
	world_plain_up(w);
	w->server.code[WORLD_KEEPALIVE] = TSCF_RESPONSE_NO_SESSION;
	WORLD_UNTIL(w, 60000, world_counter(w, "plain_reconnects") > 0);
	w->server.code[WORLD_KEEPALIVE] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 15000, world_plain_is_up(w));
}

/* Anyone can say that the server is not there: it is asked. */
WORLD_TEST(unreachable, NULL)
{
	unsigned asked;

	world_plain_up(w);
	asked = w->server.count[WORLD_KEEPALIVE];
	world_link_unreachable(world_link(w, WORLD_UDP));
	world_pass(w, 50);
	ck_assert_uint_eq(w->server.count[WORLD_KEEPALIVE], asked + 1);
	ck_assert(world_plain_is_up(w));
	world_lose_everything(w);
	world_link_unreachable(world_link(w, WORLD_UDP));
	WORLD_UNTIL(w, 5000, !world_plain_is_up(w));
}

/* --- what comes by it --- */

/* A message with a wrong session id ends the tunnel if its MAC is right; otherwise it is dropped. */
WORLD_TEST(wrong_session_id, NULL)
{
	struct world_link *l;
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	world_plain_up(w);
	l = world_link(w, WORLD_UDP);
	tscf_write_begin(&t, buffer, sizeof(buffer), TSCF_KEEPALIVE_REQUEST, 4711, 1);
	if (w->i)
		world_send_misdirected(l, &t);
	else
		world_send(l, &t);
	ck_assert_int_eq(world_counter(w, "control_unsealed"), !w->i);
	ck_assert_int_eq(world_counter(w, "control_wrong_tsid"), w->i);
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), w->i);
}

WORLD_TEST(nonsense, NULL)
{
	static const uint8_t bytes[][20] = {{0x10, 99}, {0x00, 1}, {0xf0, 1}, {0x10}};
	struct world_link *l;
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	world_plain_up(w);
	l = world_link(w, WORLD_UDP);
	for (unsigned i = 0; i < sizeof(bytes) / sizeof(*bytes); i++)
		world_link_receive(l, bytes[i], sizeof(bytes[i]));
	/* A request that no server may make, and a response that nobody waits for. */
	world_begin(l, &t, buffer, TSCF_SERVICE_REQUEST);
	world_send(l, &t);
	world_begin(l, &t, buffer, TSCF_SERVICE_RESPONSE);
	world_send(l, &t);
	ck_assert_int_eq(world_counter(w, "control_invalid"), 3);
	ck_assert_int_eq(world_counter(w, "malformed"), 2);
	ck_assert(world_plain_is_up(w));
}

/* The server asks whether this end is alive. */
WORLD_TEST(server_asks, NULL)
{
	struct world_link *l;
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;
	unsigned sent;

	world_plain_up(w);
	l = world_link(w, WORLD_UDP);
	sent = l->messages;
	world_begin(l, &t, buffer, TSCF_KEEPALIVE_REQUEST);
	world_send(l, &t);
	ck_assert_uint_eq(l->messages, sent + 1);
}

/* A server that was restarted is quiet until it has heard of the encrypted-only sockets, and that these were all. */
/** The server sends other networks: one more that this host is connected to, or none. */
static void say_networks(struct client_world *w, bool more)
{
	struct world_link *l = world_link(w, WORLD_UDP);
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_prefix own;
	struct tscf_writer t;

	world_begin(l, &t, buffer, TSCF_KEEPALIVE_REQUEST);
	tscf_write_bytes(&t, TSCF_TLV_NETWORKS, NULL, 0);
	ck_assert_int_eq(tscf_prefix_parse("198.51.100.0/25", &own), 0);
	if (more)
		tscf_write_prefix(&t, TSCF_TLV_ROUTE_IPV4, &own);
	world_send(l, &t);
	world_turn(w);
}

/* Networks that change all the time are taken now and then, and answered only if they are taken: each change is work
 * and a line in the log. */
WORLD_TEST(networks_all_the_time, NULL)
{
	unsigned sent, answered;

	world_plain_up(w);
	world_pass(w, 500);
	sent = world_link(w, WORLD_UDP)->messages;
	for (unsigned i = 0; i < 400; i++)
		say_networks(w, i % 2 == 0);
	ck_assert_int_eq(world_counter(w, "pushed_refused"), TUNNEL_RECALLS_MAX / 2);
	answered = world_link(w, WORLD_UDP)->messages - sent;
	ck_assert_uint_le(answered, TUNNEL_RECALLS_MAX);
	world_pass(w, TUNNEL_RECALLS_MS);
	say_networks(w, true);
	ck_assert_int_eq(world_counter(w, "pushed_refused"), TUNNEL_RECALLS_MAX / 2 + 1);
}

/** @return lists of sockets that a server has got that says it was restarted, again and again. */
static unsigned lists_of_sockets(struct client_world *w)
{
	struct world_link *l = world_link(w, WORLD_UDP);
	const unsigned before = w->server.count[WORLD_SHIELD];
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;

	for (unsigned i = 0; i < 100; i++) {
		world_begin(l, &t, buffer, TSCF_KEEPALIVE_REQUEST);
		tscf_write_bytes(&t, TSCF_TLV_QUIET, NULL, 0);
		world_send(l, &t);
		world_pass(w, 10);
	}
	return w->server.count[WORLD_SHIELD] - before;
}

/* The same for a server that says that it was restarted. */
WORLD_TEST(restarted_all_the_time, NULL)
{
	int fd = world_encrypted_up(w, 5000);

	world_pass(w, 500);
	/* The shields, and that they are all. */
	ck_assert_uint_le(lists_of_sockets(w), 2 * TUNNEL_RECALLS_MAX);
	ck_assert(world_shielded(w, 5000));
	close(fd);
}

WORLD_TEST(server_restarted, NULL)
{
	struct tscf_message m;
	struct tscf_tlv tlv;
	int fd = world_encrypted_up(w, 5000);

	w->server.quiet = true;
	WORLD_UNTIL(w, 60000, w->server.count[WORLD_SHIELD] > 1);
	w->server.quiet = false;
	world_pass(w, 500);
	ck_assert(world_shielded(w, 5000));
	m = world_last(w, WORLD_SHIELD);
	ck_assert(tscf_message_find(&m, TSCF_TLV_COMPLETE, &tlv));
	close(fd);
}

/* Another internal address: the old one goes, and what was bound to it. */
WORLD_TEST(other_address, NULL)
{
	int fd = world_encrypted_up(w, 5000);
	char *text;

	w->server.plain = "10.1.0.77";
	w->server.code[WORLD_RESUME] = TSCF_RESPONSE_NO_SESSION;
	world_lose_plain(w);
	WORLD_UNTIL(w, 5000, world_plain_is_up(w));
	world_pass(w, 2000);
	ck_assert_str_eq(world_status(w, "plain.internal.0"), "10.1.0.77");
	text = tscf_netns_output("ip addr show dev tscf0");
	ck_assert(strstr(text, "10.1.0.77/32") && !strstr(text, WORLD_PLAIN "/"));
	free(text);
	close(fd);
}

/* --- this host's network --- */

WORLD_TEST(host_moves, NULL)
{
	world_plain_up(w);
	tscf_netns_run("ip addr del 198.51.100.10/24 dev out0 && ip addr add 198.51.100.77/24 dev out0");
	WORLD_UNTIL(w, 2000, w->server.count[WORLD_RESUME] > 0);
	WORLD_UNTIL(w, 3000, world_plain_is_up(w));
	ck_assert(world_plain_reason_has(w, "resumed"));
}

/* No way at all: nothing is sent into nowhere, and it goes on as soon as there is one. */
WORLD_TEST(no_way, NULL)
{
	world_plain_up(w);
	tscf_netns_run("ip addr flush dev out0 && ip link set out0 down");
	world_lose_plain(w);
	world_pass(w, 20000);
	ck_assert(!world_plain_is_up(w) && world_plain_reason_has(w, "unreachable"));
	tscf_netns_run("ip link set out0 up && ip addr add 198.51.100.10/24 dev out0");
	WORLD_UNTIL(w, 1000, world_plain_is_up(w));
}

/* What was heard before the host slept may be old: the server is asked at once. */
WORLD_TEST(host_sleeps, NULL)
{
	unsigned asked;

	world_plain_up(w);
	asked = w->server.count[WORLD_KEEPALIVE];
	world_sleep(w, 20000, w->i);
	world_pass(w, 100);
	ck_assert_uint_gt(w->server.count[WORLD_KEEPALIVE], asked);
	ck_assert(world_plain_is_up(w));
}

static void quick_keepalive(struct client_world *w)
{
	w->server.keepalive = 10;
}

/* An idle tunnel is asked after the server's time, and not before. */
WORLD_TEST(keepalive, quick_keepalive)
{
	unsigned asked;

	world_plain_up(w);
	world_pass(w, 3000);
	asked = w->server.count[WORLD_KEEPALIVE];
	world_pass(w, 4000);
	ck_assert_uint_eq(w->server.count[WORLD_KEEPALIVE], asked);
	world_pass(w, 8000);
	ck_assert_uint_gt(w->server.count[WORLD_KEEPALIVE], asked);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client plain");
	TCase *up = tcase_create("set-up"), *on = tcase_create("goes on");

	tcase_add_test(up, comes_up);
	tcase_add_test(up, request_lost);
	tcase_add_loop_test(up, answers_late, 0, 2);
	tcase_add_loop_test(up, refused, 0, sizeof(refusals) / sizeof(*refusals));
	tcase_add_loop_test(up, refused_at_length, 0, 2);
	tcase_add_test(up, no_response_code);
	tcase_add_test(up, no_address);
	tcase_add_loop_test(up, foreign_address, 0, FOREIGN + FOREIGN6);
	tcase_add_test(up, too_many_routes);
	tcase_add_test(up, cookie);
	tcase_add_test(up, no_cookie_in_answer);
	tcase_add_test(up, proof_demanded);
	tcase_add_loop_test(up, proof_by_key, 0, 2);
	tcase_add_test(on, resumed);
	tcase_add_loop_test(on, resume_refused, 0, 3);
	tcase_add_test(on, silence);
	tcase_add_loop_test(on, routes_given_up, 0, 2);
	tcase_add_loop_test(on, server_stops, 0, 2);
	tcase_add_test(on, session_unknown);
	tcase_add_test(on, unreachable);
	tcase_add_loop_test(on, wrong_session_id, 0, 2);
	tcase_add_test(on, nonsense);
	tcase_add_test(on, server_asks);
	tcase_add_test(on, networks_all_the_time);
	tcase_add_test(on, restarted_all_the_time);
	tcase_add_test(on, server_restarted);
	tcase_add_test(on, other_address);
	tcase_add_test(on, host_moves);
	tcase_add_test(on, no_way);
	tcase_add_loop_test(on, host_sleeps, 0, 2);
	tcase_add_test(on, keepalive);
	suite_add_tcase(s, up);
	suite_add_tcase(s, on);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
