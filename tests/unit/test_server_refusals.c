/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each reason for which a client gets no tunnel is in the server's log, with the client's address, and is sent to it.
 */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_refusals_case.h"

#include "common/base/log.h"

#include <stdio.h>
#include <string.h>

struct world_client b;

/* Each provokes the refusal of its name. */
#define NAME(name, ...) refuse_##name,
static void (*const provoke[])(void) = {REFUSALS(NAME)};

/* --- requests that tscf-client does not make --- */

/** Ask for a plain tunnel; @p share NULL: without a key share. */
static void ask(const uint8_t *share, bool with_id, uint32_t size)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer t;
	int length;

	tscf_write_begin(&t, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, ++a.sequence);
	if (share)
		tscf_write_bytes(&t, TSCF_TLV_KEY_SHARE, share, TSCF_KEY_SHARE_SIZE);
	if (with_id)
		tscf_write_bytes(&t, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	tscf_write_pad(&t, size);
	length = tscf_write_finish(&t);
	ck_assert_int_gt(length, 0);
	world_send_bytes(&a, data, (uint32_t)length, false);
}

static const uint8_t *any_share(void)
{
	static struct tscf_share share;

	ck_assert_int_eq(tscf_share_make(&share), 0);
	return share.bytes;
}

void refuse_no_client_id(void)
{
	ask(any_share(), false, 480);
}

void refuse_no_share(void)
{
	ask(NULL, true, 480);
}

void refuse_strange_share(void)
{
	const uint8_t share[TSCF_KEY_SHARE_SIZE] = {TSCF_SUITE + 1};

	ask(share, true, 480);
}

/* A point of small order: the secret would be known to everybody. */
void refuse_bad_share(void)
{
	const uint8_t share[TSCF_KEY_SHARE_SIZE] = {TSCF_SUITE};

	ask(share, true, 480);
}

void refuse_not_padded(void)
{
	ask(any_share(), true, 0);
}

/* --- limits --- */

void refuse_disabled(void)
{
	w->interface->enabled = false;
	configure(&a, false, NULL);
}

void refuse_half_open(void)
{
	w->interface->half_open_limit = UINT32_MAX;
	w->interface->unconfirmed_count += SERVER_UNCONFIRMED_MAX;
	configure(&a, false, NULL);
	w->interface->unconfirmed_count -= SERVER_UNCONFIRMED_MAX;
}

void refuse_source(void)
{
	w->interface->max_per_source = 1;
	world_connect(&a);
	world_client(w, &b, 1, 5001);
	configure(&b, false, NULL);
}

void refuse_full(void)
{
	w->interface->max_plain = 1;
	world_connect(&a);
	configure(&b, false, NULL);
}

void refuse_own_limit(void)
{
	struct tscf_credential *alice = credential(ALICE);

	let_in(ALICE);
	limit("alice tunnels=1\n");
	connect_as(&a, alice);
	configure(&b, false, NULL);
	configure(&b, true, alice);
	tscf_credential_drop(alice);
}

static void have_one_address(struct server_pools *pools, const char *range)
{
	server_pools_free(pools);
	world_add_pool(pools, range);
}

void refuse_no_address(void)
{
	have_one_address(&w->allocator.plain_pools, "10.1.0.0/30");
	ck_assert_int_eq(configure(&b, false, NULL), TSCF_RESPONSE_SUCCESS);
	configure(&a, false, NULL);
}

/* --- encrypted tunnels, asked for on the plain one --- */

void refuse_no_dtte(void)
{
	w->interface->services = 0;
	world_connect(&a);
	world_reserve(&a);
}

void refuse_no_hash(void)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer t;

	world_connect(&a);
	world_begin(&a, &t, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&t, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
	world_send(&a, &t, false);
}

void refuse_no_encrypted_address(void)
{
	have_one_address(&w->allocator.encrypted_pools, "10.2.0.0/30");
	world_connect(&a);
	ck_assert_int_eq(encrypt(&a, NULL), TSCF_RESPONSE_SUCCESS);
	world_connect(&b);
	world_reserve(&b);
}

void refuse_no_capacity(void)
{
	w->interface->max_encrypted = 1;
	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_connect(&b);
	world_reserve(&b);
}

void refuse_own_encrypted_limit(void)
{
	struct tscf_credential *alice = credential(ALICE);

	let_in(ALICE);
	limit("alice encrypted-tunnels=1\n");
	connect_as(&a, alice);
	ck_assert_int_eq(encrypt(&a, alice), TSCF_RESPONSE_SUCCESS);
	connect_as(&b, alice);
	world_reserve(&b);
	tscf_credential_drop(alice);
}

/* --- encrypted tunnels, on their own connections --- */

void refuse_no_reservation(void)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer t;

	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	world_begin(&a, &t, data, TSCF_CONFIGURATION_REQUEST, true);
	tscf_write_u64(&t, TSCF_TLV_RESERVED_TSID, a.encrypted_tsid);
	tscf_write_bytes(&t, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	world_send(&a, &t, true);
}

void refuse_used_reservation(void)
{
	world_connect(&a);
	world_encrypt(&a);
	world_handshake(&a);
	world_configure_encrypted(&a, false);
}

void refuse_wrong_secret(void)
{
	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	a.secret[0] ^= 1;
	world_handshake(&a);
	world_configure_encrypted(&a, false);
}

void refuse_other_address(void)
{
	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	a.outer = b.outer;
	world_handshake(&a);
	world_configure_encrypted(&a, false);
}

void refuse_other_interface(void)
{
	struct server_interface other = *w->interface;

	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_plain(&a)->interface = &other;
	world_handshake(&a);
	world_configure_encrypted(&a, false);
	world_plain(&a)->interface = w->interface;
	w->interface->reserved_count--;
}

void refuse_alive(void)
{
	world_connect(&a);
	world_encrypt(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	world_configure_encrypted(&a, false);
}

void refuse_own_encrypted_limit_late(void)
{
	encrypt_over_limit(&b);
}

void refuse_address_gone(void)
{
	have_one_address(&w->allocator.encrypted_pools, "10.2.0.0/30");
	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_connect(&b);
	ck_assert_int_eq(encrypt(&b, NULL), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	world_configure_encrypted(&a, false);
}

void refuse_no_second_proof(void)
{
	struct tscf_credential *alice = credential(ALICE);

	let_in(ALICE);
	connect_as(&a, alice);
	encrypt(&a, NULL);
	tscf_credential_drop(alice);
}

void refuse_other_client(void)
{
	struct tscf_credential *alice = credential(ALICE), *bob = credential(BOB);

	let_in(ALICE BOB);
	connect_as(&a, alice);
	encrypt(&a, bob);
	tscf_credential_drop(alice);
	tscf_credential_drop(bob);
}

/* --- certificates, before a tunnel is asked for --- */

/** Ask for a part of the server's certificates, or send a part of one's own: what of it is wrong depends on @p i. */
static void ask_wrongly(int i)
{
	static const uint8_t digest[32] = {1};
	const struct tscf_chain_part part = {.total = 100, .offset = 1, .length = 9, .bytes = digest};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer t;

	if (i >= 2)
		let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	if (i == 3)
		ck_assert_int_eq(configure(&a, false, NULL), TSCF_RESPONSE_COOKIE);
	tscf_write_begin(&t, data, sizeof(data), i == 0 ? TSCF_CHAIN_REQUEST : TSCF_CERTIFICATE_REQUEST, TSCF_TSID_NONE,
			 ++a.sequence);
	tscf_write_bytes(&t, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	tscf_write_bytes(&t, TSCF_TLV_COOKIE, cookie, sizeof(cookie));
	if (i > 0) {
		tscf_write_bytes(&t, TSCF_TLV_CHAIN_DIGEST, digest, sizeof(digest));
		tscf_write_chain_part(&t, &part);
	}
	world_send(&a, &t, false);
}

static void setup_two(void)
{
	setup();
	world_client(w, &b, 2, 5000);
}

static void end(void)
{
	tscf_log_set_level(TSCF_LOG_ERROR);
	teardown();
	proofs_end();
	radius_end();
}

/** @return the line of the log that says that a tunnel of that kind is refused for @p why, or NULL. */
static const char *line_of(const char *log, const char *kind, const char *why)
{
	char begin[64], tail[160];

	snprintf(begin, sizeof(begin), "test: warning: refused: %s tunnel of 198.51.100.", kind);
	snprintf(tail, sizeof(tail), ": %s\n", why);
	for (const char *line = strstr(log, begin); line; line = strstr(line + 1, begin)) {
		const char *next = strchr(line, '\n') + 1;

		if ((size_t)(next - line) > strlen(tail) && strncmp(next - strlen(tail), tail, strlen(tail)) == 0)
			return line;
	}
	return NULL;
}

START_TEST(logged_and_sent)
{
	const struct refusal *r = &refusals[_i];
	const char *kind = r->what == REFUSED_PLAIN ? "plain" : "encrypted", *log;

	capture_begin();
	provoke[_i]();
	log = capture_end();
	world_refuses(w, r->name, r->code, r->why);
	ck_assert_msg(line_of(log, kind, r->why) != NULL, "%s: the log is '%s'", r->name, log);
}
END_TEST

/* Which part of the server's certificates?  Nobody asks for the client's; not at this address; and a part must fit. */
START_TEST(certificates_logged_and_sent)
{
	static const struct {
		enum tscf_response code;
		const char *why;
	} expected[] = {{TSCF_RESPONSE_MALFORMED, "no place in the certificates"},
			{TSCF_RESPONSE_NOT_ALLOWED, "certificates that the server has not asked for"},
			{TSCF_RESPONSE_NOT_ALLOWED, "certificates that the server has not asked for"},
			{TSCF_RESPONSE_MALFORMED, "this part of the certificates is of no use"}};
	const char *log;

	capture_begin();
	ask_wrongly(_i);
	log = capture_end();
	world_refuses(w, "certificates", expected[_i].code, expected[_i].why);
	ck_assert_msg(line_of(log, "plain", expected[_i].why) != NULL, "the log is '%s'", log);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-refusals");
	TCase *t = tcase_create("refusals");

	tcase_add_unchecked_fixture(t, proofs_begin, certs_remove);
	tcase_add_checked_fixture(t, setup_two, end);
	tcase_add_loop_test(t, logged_and_sent, 0, REFUSAL_COUNT);
	tcase_add_loop_test(t, certificates_logged_and_sent, 0, 4);
	endings_add(t);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
