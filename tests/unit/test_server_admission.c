/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cookies and proofs, as the server asks for them: nothing is given to those who bring none. */
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"

#include "common/auth/proof.h"
#include "tscf-server/session/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ALICE "alice:00112233445566778899aabbccddeeff\n"
#define BOB   "bob:ffeeddccbbaa99887766554433221100\n"

static struct world *w;
static struct world_client a;
static uint8_t cookie[SERVER_COOKIE_SIZE];
static struct server_quotas *quotas; /**< NULL: clients have no limits of their own */

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	world_client(w, &a, 1, 5000);
	w->interface->half_open_limit = 1000;
}

static void teardown(void)
{
	world_free(w);
	server_quotas_free(quotas);
	quotas = NULL;
}

static const char *keys(const char *text)
{
	static char file[32];
	FILE *f;
	int fd;

	strcpy(file, "/tmp/tscf-keys.XXXXXX");
	fd = mkstemp(file);
	ck_assert_int_ge(fd, 0);
	f = fdopen(fd, "w");
	fputs(text, f);
	fclose(f);
	return file;
}

/** From now on only who is in @p text is let in. */
static void let_in(const char *text)
{
	char error[TSCF_PROOF_ERROR];
	const char *file = keys(text);

	tscf_client_auth_drop(w->interface->client_auth);
	w->interface->client_auth = tscf_client_auth_read(file, NULL, NULL, NULL, error);
	unlink(file);
	ck_assert_msg(w->interface->client_auth != NULL, "%s", error);
}

/** From now on clients have the limits in @p text. */
static void limit(const char *text)
{
	char error[TSCF_PROOF_ERROR];
	const char *file = keys(text);
	struct server_client_limits *limits = server_client_limits_read(file, error, sizeof(error));

	unlink(file);
	ck_assert_msg(limits != NULL, "%s", error);
	if (!quotas)
		quotas = server_quotas_new();
	w->state->quotas = quotas;
	server_quotas_change(quotas, limits);
	server_client_limits_drop(limits);
}

static struct tscf_credential *credential(const char *text)
{
	char error[TSCF_PROOF_ERROR];
	const char *file = keys(text);
	struct tscf_credential *c = tscf_credential_psk(file, NULL, error);

	unlink(file);
	ck_assert_msg(c != NULL, "%s", error);
	return c;
}

/** A configuration request for a plain tunnel, with the cookie if @p with_cookie, and with the proof of @p who unless
 * that is NULL; @p in_connection: inside an encrypted connection. */
static int configure_by(struct world_client *c, bool with_cookie, const struct tscf_credential *who, bool in_connection)
{
	const struct tscf_proof_subject subject = {
	    .challenge = cookie, .challenge_length = sizeof(cookie), .client_id = c->id, .share = c->offer.share.bytes};
	uint8_t data[TSCF_PROBE_MAX], key[32];
	struct tscf_writer writer;
	struct tscf_tlv tlv;
	int code;

	world_begin(c, &writer, data, TSCF_CONFIGURATION_REQUEST, in_connection);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	tscf_write_u64(&writer, TSCF_TLV_RUN, c->run);
	if (in_connection)
		tscf_offer_write(&c->offer, &writer);
	if (with_cookie)
		tscf_write_bytes(&writer, TSCF_TLV_COOKIE, cookie, sizeof(cookie));
	if (who)
		ck_assert_int_eq(tscf_credential_prove(who, &subject, &writer), 0);
	tscf_write_pad(&writer, 480);
	c->psk = who && tscf_credential_key(who, key) ? key : NULL;
	code = world_send(c, &writer, in_connection);
	if (tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv) && tlv.length == sizeof(cookie))
		memcpy(cookie, tlv.value, sizeof(cookie));
	if (code == TSCF_RESPONSE_SUCCESS)
		c->tsid = w->reply.tsid;
	return code;
}

static int configure(struct world_client *c, bool with_cookie, const struct tscf_credential *who)
{
	return configure_by(c, with_cookie, who, false);
}

static void nothing_given(void)
{
	ck_assert_uint_eq(w->interface->plain_count, 0);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
	ck_assert_uint_eq(server_pool_used(server_pools_next(&w->interface->allocator->plain_pools, NULL)), 0);
}

/* Few half-open tunnels: no round trip more.  Many: a cookie is wanted, which only who gets the answer has. */
START_TEST(under_load)
{
	struct world_client others[3];

	w->interface->half_open_limit = 2;
	for (unsigned i = 0; i < 2; i++) {
		world_client(w, &others[i], 10 + i, 5000);
		ck_assert_int_eq(configure(&others[i], false, NULL), TSCF_RESPONSE_SUCCESS);
	}
	ck_assert_int_eq(configure(&a, false, NULL), TSCF_RESPONSE_COOKIE);
	ck_assert_uint_eq(w->reply.tsid, TSCF_TSID_NONE);
	ck_assert_uint_le(w->answer.length, 400);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 2);
	ck_assert_int_eq(configure(&a, true, NULL), TSCF_RESPONSE_SUCCESS);
	/* It is of no use at another address. */
	world_client(w, &others[2], 12, 5000);
	ck_assert_int_eq(configure(&others[2], true, NULL), TSCF_RESPONSE_COOKIE);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_COOKIES), 2);
}
END_TEST

START_TEST(always)
{
	w->interface->half_open_limit = 0;
	memset(cookie, 0, sizeof(cookie));
	ck_assert_int_eq(configure(&a, true, NULL), TSCF_RESPONSE_COOKIE);
	nothing_given();
	w->now += 130000;
	ck_assert_int_eq(configure(&a, true, NULL), TSCF_RESPONSE_COOKIE);
	nothing_given();
	ck_assert_int_eq(configure(&a, true, NULL), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* Who cannot prove who it is gets no address; the methods that would do are named. */
START_TEST(strangers)
{
	struct tscf_credential *bob = credential(BOB);
	struct tscf_tlv methods;

	let_in(ALICE);
	ck_assert_int_eq(configure(&a, false, NULL), TSCF_RESPONSE_COOKIE);
	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_AUTH_METHODS, &methods));
	ck_assert_uint_eq(methods.value[0], TSCF_PROOF_PSK);
	ck_assert_int_eq(configure(&a, true, NULL), TSCF_RESPONSE_UNAUTHORIZED);
	ck_assert_int_eq(configure(&a, true, bob), TSCF_RESPONSE_UNAUTHORIZED);
	nothing_given();
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_CLIENT), 2);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_NO_PROOF), 1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_UNKNOWN), 1);
	tscf_credential_free(bob);
}
END_TEST

static void connect_as(struct world_client *c, const struct tscf_credential *who)
{
	ck_assert_int_eq(configure(c, false, NULL), TSCF_RESPONSE_COOKIE);
	ck_assert_int_eq(configure(c, true, who), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_keepalive(c, false), 0);
}

/** Handshake, and configuration of the reserved tunnel with the proof of @p who.  @return the code. */
static int encrypt_reserved(struct world_client *c, const struct tscf_credential *who)
{
	uint8_t data[TSCF_PROBE_MAX], challenge[8 + SERVER_SECRET_SIZE];
	const struct tscf_proof_subject subject = {
	    .encrypted = true, .challenge = challenge, .challenge_length = sizeof(challenge), .client_id = c->id};
	struct tscf_writer writer;

	world_handshake(c);
	for (unsigned i = 0; i < 8; i++)
		challenge[i] = (uint8_t)(c->encrypted_tsid >> (56 - 8 * i));
	memcpy(challenge + 8, c->secret, SERVER_SECRET_SIZE);
	world_begin(c, &writer, data, TSCF_CONFIGURATION_REQUEST, true);
	tscf_write_u64(&writer, TSCF_TLV_RESERVED_TSID, c->encrypted_tsid);
	tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_SECRET, c->secret, sizeof(c->secret));
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	if (who)
		ck_assert_int_eq(tscf_credential_prove(who, &subject, &writer), 0);
	return world_send(c, &writer, true);
}

/** The same with a reservation before. */
static int encrypt(struct world_client *c, const struct tscf_credential *who)
{
	ck_assert_int_eq(world_reserve(c), TSCF_RESPONSE_SUCCESS);
	return encrypt_reserved(c, who);
}

/* The encrypted tunnel is the same client's, and that is proved again. */
START_TEST(both_tunnels)
{
	struct tscf_credential *alice = credential(ALICE), *bob = credential(BOB);

	let_in(ALICE BOB);
	connect_as(&a, alice);
	ck_assert_int_eq(encrypt(&a, NULL), TSCF_RESPONSE_UNAUTHORIZED);
	ck_assert_int_eq(encrypt(&a, bob), TSCF_RESPONSE_UNAUTHORIZED);
	ck_assert_ptr_null(world_encrypted(&a));
	ck_assert_int_eq(encrypt(&a, alice), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	tscf_credential_free(alice);
	tscf_credential_free(bob);
}
END_TEST

/* A client gets as many tunnels as its limits allow, from wherever it asks; one that replaces its own is no further. */
START_TEST(own_limits)
{
	struct tscf_credential *alice = credential(ALICE), *bob = credential(BOB);
	struct world_client b, c;

	world_client(w, &b, 2, 5000);
	world_client(w, &c, 3, 5000);
	let_in(ALICE BOB);
	limit("alice tunnels=1 encrypted-tunnels=1\n");
	connect_as(&a, alice);
	ck_assert_int_eq(encrypt(&a, alice), TSCF_RESPONSE_SUCCESS);
	connect_as(&b, bob);
	ck_assert_int_eq(configure(&c, false, NULL), TSCF_RESPONSE_COOKIE);
	ck_assert_int_eq(configure(&c, true, alice), TSCF_RESPONSE_LIMIT);
	ck_assert_ptr_null(world_plain(&c));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_CLIENT_LIMIT), 1);
	tscf_endpoint_set_port(&a.outer, 5001);
	connect_as(&a, alice);
	limit("alice tunnels=2 encrypted-tunnels=1\n");
	connect_as(&c, alice);
	ck_assert_int_eq(world_reserve(&c), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_CLIENT_LIMIT), 2);
	/* The one that would replace its own is no further one. */
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_disconnect(&a);
	ck_assert_int_eq(encrypt(&c, alice), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_reserve(&b), TSCF_RESPONSE_SUCCESS);
	tscf_credential_free(alice);
	tscf_credential_free(bob);
}
END_TEST

/* Two that are reserved at a time are not both set up. */
START_TEST(own_limit_late)
{
	struct tscf_credential *alice = credential(ALICE);
	struct world_client b;

	world_client(w, &b, 2, 5000);
	let_in(ALICE);
	limit("* encrypted-tunnels=2\n");
	connect_as(&a, alice);
	connect_as(&b, alice);
	ck_assert_int_eq(encrypt(&a, alice), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_reserve(&b), TSCF_RESPONSE_SUCCESS);
	limit("* encrypted-tunnels=1\n");
	ck_assert_int_eq(encrypt_reserved(&b, alice), TSCF_RESPONSE_LIMIT);
	ck_assert_ptr_null(world_encrypted(&b));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_CLIENT_LIMIT), 1);
	ck_assert_uint_eq(atomic_load(&world_plain(&b)->quota->used[SERVER_QUOTA_ENCRYPTED]), 1);
	tscf_credential_free(alice);
}
END_TEST

/* At a reload, tunnels of those who have lost their right end, and they are told; the others go on. */
START_TEST(withdrawn)
{
	struct tscf_credential *alice = credential(ALICE), *bob = credential(BOB);
	struct tscf_message m;
	enum tscf_response code;
	struct world_client b;
	char text[64];
	int length;

	world_client(w, &b, 2, 5000);
	let_in(ALICE BOB);
	connect_as(&a, alice);
	connect_as(&b, bob);
	ck_assert_int_eq(encrypt(&a, alice), TSCF_RESPONSE_SUCCESS);
	server_admission_review(w->state, w->now);
	ck_assert_ptr_nonnull(world_plain(&a));
	let_in(BOB);
	server_admission_review(w->state, w->now);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_null(world_encrypted(&a));
	ck_assert_ptr_nonnull(world_plain(&b));
	length = tscf_message_length(a.connection->last, sizeof(a.connection->last));
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(tscf_message_decode(a.connection->last, (uint32_t)length, &m), 0);
	ck_assert_int_eq(m.type, TSCF_RELEASE_REQUEST);
	ck_assert_int_eq(tscf_message_response(&m, &code, text, sizeof(text)), 0);
	ck_assert_int_eq(code, TSCF_RESPONSE_UNAUTHORIZED);
	ck_assert_str_eq(text, "access has been withdrawn");
	tscf_credential_free(alice);
	tscf_credential_free(bob);
}
END_TEST

/* An encrypted tunnel whose plain one is gone is still somebody's who may lose the right. */
START_TEST(withdrawn_from_encrypted)
{
	struct tscf_credential *alice = credential(ALICE);

	let_in(ALICE);
	connect_as(&a, alice);
	ck_assert_int_eq(encrypt(&a, alice), TSCF_RESPONSE_SUCCESS);
	server_session_end(w->state, world_plain(&a), w->now, "released");
	server_admission_review(w->state, w->now);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	let_in(BOB);
	server_admission_review(w->state, w->now);
	ck_assert_ptr_null(world_encrypted(&a));
	tscf_credential_free(alice);
}
END_TEST

/* Authentication is turned on: who has proved nothing has no right, on neither tunnel, confirmed or not; a connection
 * that has just been made may yet prove it. */
START_TEST(turned_on)
{
	struct world_client b, c;

	world_client(w, &b, 2, 5000);
	world_client(w, &c, 3, 5000);
	world_connect(&a);
	world_encrypt(&a);
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_SUCCESS);
	world_handshake(&c);
	server_admission_review(w->state, w->now);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	let_in(ALICE);
	server_admission_review(w->state, w->now);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_null(world_encrypted(&a));
	ck_assert_ptr_null(world_plain(&b));
	ck_assert(c.connection->open);
}
END_TEST

/* A certificate that expires ends the tunnels that were made with it, without a reload. */
START_TEST(expires)
{
	struct tscf_credential *alice = credential(ALICE);

	let_in(ALICE);
	connect_as(&a, alice);
	ck_assert_int_eq(encrypt(&a, alice), TSCF_RESPONSE_SUCCESS);
	world_pass(w, SERVER_CERTIFICATES_MS);
	world_plain(&a)->who->until = world_encrypted(&a)->who->until = time(NULL) + 3600;
	world_pass(w, SERVER_CERTIFICATES_MS);
	ck_assert_ptr_nonnull(world_plain(&a));
	world_plain(&a)->who->until = world_encrypted(&a)->who->until = time(NULL) - 1;
	world_pass(w, SERVER_CERTIFICATES_MS);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_null(world_encrypted(&a));
	ck_assert_uint_eq(a.connection->last[1], TSCF_RELEASE_REQUEST);
	tscf_credential_free(alice);
}
END_TEST

/* An identifier that was overheard does not give the addresses of another client, even behind the same NAT. */
START_TEST(borrowed_identifier)
{
	struct tscf_credential *alice = credential(ALICE), *bob = credential(BOB);
	const struct server_lease *lease;
	struct world_client b;

	world_client(w, &b, 1, 5001);
	memcpy(b.id, a.id, sizeof(b.id));
	let_in(ALICE BOB);
	connect_as(&a, alice);
	lease = world_plain(&a)->lease;
	tscf_endpoint_set_port(&a.outer, 5002);
	connect_as(&a, alice);
	ck_assert_ptr_eq(world_plain(&a)->lease, lease);
	connect_as(&b, bob);
	ck_assert_ptr_nonnull(world_plain(&a));
	ck_assert_ptr_ne(world_plain(&b)->lease, lease);
	tscf_credential_free(alice);
	tscf_credential_free(bob);
}
END_TEST

/* A plain tunnel inside an encrypted connection has its cookie there, and its proof. */
START_TEST(inside)
{
	struct tscf_credential *alice = credential(ALICE);

	let_in(ALICE);
	world_handshake(&a);
	a.stream = a.connection;
	ck_assert_int_eq(configure_by(&a, false, NULL, true), TSCF_RESPONSE_COOKIE);
	ck_assert(a.connection->open);
	ck_assert_int_eq(configure_by(&a, true, alice, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(a.connection->open);
	ck_assert_str_eq(world_plain(&a)->who->name, "psk alice");
	tscf_credential_free(alice);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-admission");
	TCase *t = tcase_create("admission");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, under_load);
	tcase_add_test(t, always);
	tcase_add_test(t, strangers);
	tcase_add_test(t, both_tunnels);
	tcase_add_test(t, own_limits);
	tcase_add_test(t, own_limit_late);
	tcase_add_test(t, withdrawn);
	tcase_add_test(t, withdrawn_from_encrypted);
	tcase_add_test(t, turned_on);
	tcase_add_test(t, expires);
	tcase_add_test(t, borrowed_identifier);
	tcase_add_test(t, inside);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
