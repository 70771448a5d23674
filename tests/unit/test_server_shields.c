/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shields: what they forbid, who can lift them, and the quiet until they are complete. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include "common/crypto/hash.h"

#include <netinet/in.h>
#include <string.h>

/* Shields: only for the session's own address, only forbidding, and only where nothing is bound. */
START_TEST(shields)
{
	struct tscf_binding_key key, other, flow;

	world_connect(&a);
	world_connect(&b);
	key = sip(&a.plain);
	other = sip(&b.plain);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), SHIELD);
	ck_assert_int_eq(world_shield(&a, &other, false), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(state_of(&other), NONE);
	/* A binding that arrives encrypted ends the shield; a shield does not end a binding, nor undermine it with a
	 * narrower one. */
	world_encrypt(&a);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), ACTIVE);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), ACTIVE);
	flow = world_key(&a.plain, IPPROTO_UDP, 5060, "192.0.2.1", 5060);
	ck_assert_int_eq(world_shield(&a, &flow, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&flow), ACTIVE);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 1);
}
END_TEST

/** An unshield request for @p key that shows the key @p show and brings the lock of @p next. */
static int unshield(const struct tscf_binding_key *key, uint8_t show, uint8_t next)
{
	struct tscf_wire_binding wire = {
	    .key = *key, .action = TSCF_BIND_ACTION_RELEASE, .level = TSCF_LEVEL_UNENCRYPTED};
	uint8_t data[TSCF_MESSAGE_MAX], secret[32], lock[32];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_UNSHIELD);
	memset(secret, show, sizeof(secret));
	tscf_write_bytes(&writer, TSCF_TLV_SHIELD_KEY, secret, sizeof(secret));
	memset(secret, next, sizeof(secret));
	tscf_sha256(secret, sizeof(secret), lock);
	tscf_write_bytes(&writer, TSCF_TLV_SHIELD_LOCK, lock, sizeof(lock));
	tscf_write_binding(&writer, &wire);
	return world_send(&a, &writer, false);
}

/** A shield or bind request with the lock of @p secret. */
static int send_lock(enum tscf_service service, uint8_t secret, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX], bytes[32], lock[32];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, service);
	memset(bytes, secret, sizeof(bytes));
	tscf_sha256(bytes, sizeof(bytes), lock);
	tscf_write_bytes(&writer, TSCF_TLV_SHIELD_LOCK, lock, sizeof(lock));
	return world_send(&a, &writer, encrypted);
}

/* Whoever takes over a plain tunnel, as anybody can who has read its CLIENT_ID, does not get rid of the shields by
 * waiting. */
START_TEST(shields_are_inherited)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	/* From another port, then from the same one. */
	tscf_endpoint_set_port(&a.outer, 5001);
	for (unsigned i = 0; i < 2; i++) {
		struct tscf_addr had = a.plain;

		ck_assert_int_eq(world_configure(&a, &had, false), TSCF_RESPONSE_SUCCESS);
		ck_assert_int_eq(world_keepalive(&a, false), 0);
		ck_assert_int_eq(state_of(&key), SHIELD);
		ck_assert_ptr_eq(tscf_bindings_get(w->state->bindings, &key)->owner, world_plain(&a));
		world_pass(w, TSCF_TOMBSTONE_MS + 1000);
		ck_assert_int_eq(state_of(&key), SHIELD);
	}
	ck_assert_uint_eq(world_plain(&a)->bindings.count, 1);
}
END_TEST

/* A shield is lifted on the plain tunnel only with the key of its lock, and each key opens once. */
START_TEST(shields_are_locked)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = world_key(&a.plain, IPPROTO_UDP, 5060, NULL, 0);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&key, 1, 2), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(send_lock(TSCF_SERVICE_SHIELD, 1, false), TSCF_RESPONSE_SUCCESS);
	/* A second lock that comes in clear is somebody else's. */
	ck_assert_int_eq(send_lock(TSCF_SERVICE_SHIELD, 9, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&key, 9, 9), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_SHIELD);
	ck_assert_int_eq(unshield(&key, 1, 2), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_RELEASED);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&key, 1, 2), TSCF_RESPONSE_NOT_ALLOWED);
	/* What comes encrypted is the client's own word. */
	world_encrypt(&a);
	ck_assert_int_eq(send_lock(TSCF_SERVICE_BIND, 5, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&key, 2, 3), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(unshield(&key, 5, 6), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* A lock opens shields, and nothing else: neither a binding nor a tombstone. */
START_TEST(unshield_lifts_shields_only)
{
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = world_key(&a.plain, IPPROTO_UDP, 5060, NULL, 0);
	ck_assert_int_eq(send_lock(TSCF_SERVICE_SHIELD, 1, false), TSCF_RESPONSE_SUCCESS);
	world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	ck_assert_int_eq(unshield(&key, 1, 2), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_ACTIVE);
	world_bind(&a, &key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	ck_assert_int_eq(unshield(&key, 2, 3), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_TOMBSTONE);
}
END_TEST

/* Nor does it open those of another client. */
START_TEST(unshield_lifts_own_shields)
{
	struct tscf_binding_key other;

	world_connect(&a);
	world_connect(&b);
	other = sip(&b.plain);
	ck_assert_int_eq(send_lock(TSCF_SERVICE_SHIELD, 1, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_shield(&b, &other, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&other, 1, 2), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&other), SHIELD);
}
END_TEST

/* When all sockets are bound, a shield of none is of a closed socket: what still comes for that must not be in clear.
 */
START_TEST(shields_that_are_not_bound_are_buried)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(world_shield(&a, &key, true), TSCF_RESPONSE_SUCCESS);
	world_encrypt(&a);
	ck_assert_int_eq(world_complete(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_TOMBSTONE);
}
END_TEST

/* QUIET holds until the shields are complete; a refused shield request does not complete them. */
START_TEST(quiet)
{
	struct tscf_binding_key key, other;

	ck_assert_int_eq(world_configure(&a, NULL, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(world_plain(&a)->quiet);
	key = sip(&a.plain);
	other = sip(&a.plain);
	other.local.bytes[3]++;
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(world_plain(&a)->quiet);
	ck_assert_int_eq(world_shield(&a, &other, true), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert(world_plain(&a)->quiet);
	ck_assert_int_eq(world_shield(&a, NULL, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(!world_plain(&a)->quiet);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_shields");
	TCase *t = tcase_create("shields");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, shields);
	tcase_add_test(t, shields_are_inherited);
	tcase_add_test(t, shields_are_locked);
	tcase_add_test(t, unshield_lifts_shields_only);
	tcase_add_test(t, unshield_lifts_own_shields);
	tcase_add_test(t, shields_that_are_not_bound_are_buried);
	tcase_add_test(t, quiet);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
