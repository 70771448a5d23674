/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cookies and proofs, as the server asks for them: nothing is given to those who bring none. */
#include "tests/unit/runner.h"
#include "tests/unit/server_admission_case.h"

#include "tscf-server/session/admission.h"

#include <string.h>
#include <time.h>

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

/** @return whether the last answer proves that it is from the server, to a client that has proved nothing. */
static bool is_proved(const struct world_client *c)
{
	struct tscf_seal seal;

	return tscf_agreement_keys(&c->offer, &w->reply, NULL, &seal) == NULL;
}

/* Who cannot prove who it is gets no address; the methods that would do are named. */
START_TEST(strangers)
{
	struct tscf_credential *bob = credential(BOB);
	struct tscf_tlv methods;

	let_in(ALICE);
	ck_assert_int_eq(configure(&a, false, NULL), TSCF_RESPONSE_COOKIE);
	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_AUTH_METHODS, &methods));
	ck_assert_uint_eq(methods.value[0], TSCF_PROOF_PSK);
	ck_assert(!is_proved(&a));
	ck_assert_int_eq(configure(&a, true, NULL), TSCF_RESPONSE_UNAUTHORIZED);
	ck_assert(is_proved(&a));
	ck_assert_int_eq(configure(&a, true, bob), TSCF_RESPONSE_UNAUTHORIZED);
	ck_assert(is_proved(&a));
	nothing_given();
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_CLIENT), 2);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_NO_PROOF), 1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_UNKNOWN), 1);
	tscf_credential_drop(bob);
}
END_TEST

/* An address that is not proved gets no answer that costs the server a computation. */
START_TEST(refused_without_proof)
{
	struct world_client b;

	w->interface->max_plain = 1;
	world_client(w, &b, 11, 5000);
	ck_assert_int_eq(configure(&a, false, NULL), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(configure(&b, false, NULL), TSCF_RESPONSE_LIMIT);
	ck_assert(!is_proved(&b));
}
END_TEST

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
	tscf_credential_drop(alice);
	tscf_credential_drop(bob);
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
	tscf_credential_drop(alice);
	tscf_credential_drop(bob);
}
END_TEST

/* Two that are reserved at a time are not both set up. */
START_TEST(own_limit_late)
{
	struct world_client b;

	world_client(w, &b, 2, 5000);
	ck_assert_int_eq(encrypt_over_limit(&b), TSCF_RESPONSE_LIMIT);
	ck_assert_ptr_null(world_encrypted(&b));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_CLIENT_LIMIT), 1);
	ck_assert_uint_eq(atomic_load(&world_plain(&b)->quota->used[SERVER_QUOTA_ENCRYPTED]), 1);
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
	tscf_credential_drop(alice);
	tscf_credential_drop(bob);
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
	tscf_credential_drop(alice);
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
	tscf_credential_drop(alice);
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
	tscf_credential_drop(alice);
	tscf_credential_drop(bob);
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
	tscf_credential_drop(alice);
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
	tcase_add_test(t, refused_without_proof);
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
