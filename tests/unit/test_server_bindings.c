/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bind requests, and what becomes of bindings when a tunnel ends. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include <netinet/in.h>
#include <time.h>

/* A bind request that comes twice is executed once: what was closed in between stays closed. */
START_TEST(bind_repeated)
{
	struct tscf_binding_key key;
	uint32_t bind;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	bind = a.encrypted_sequence;
	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	a.encrypted_sequence = bind - 1;
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), TOMB);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_REPEATED), 1);
}
END_TEST

/** @return the processor time, in seconds, of saying 300 times that all sockets are bound. */
static double time_of_completes(void)
{
	struct timespec begun, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
	for (unsigned i = 0; i < 300; i++)
		ck_assert_int_eq(world_complete(&a), TSCF_RESPONSE_SUCCESS);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return (double)(end.tv_sec - begun.tv_sec) + (double)(end.tv_nsec - begun.tv_nsec) / 1e9;
}

/* A client that says again and again that it has bound all does not keep the server from others. */
START_TEST(complete_again_and_again)
{
	struct tscf_binding_key key;
	double few;

	world_connect(&a);
	world_encrypt(&a);
	few = time_of_completes();
	for (unsigned i = 1; i <= SERVER_BINDINGS_MAX; i++) {
		key = world_key(&a.plain, IPPROTO_UDP, (uint16_t)i, NULL, 0);
		ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	}
	ck_assert_double_lt(time_of_completes(), 8 * few);
}
END_TEST

/* Rule 2: a released plain tunnel ends no encrypted one; its address is kept and comes back to its client. */
START_TEST(plain_released)
{
	struct world_client c;
	struct tscf_addr had;
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	had = a.plain;
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	ck_assert_int_eq(state_of(&key), ACTIVE);
	world_pass(w, TSCF_TOMBSTONE_MS);
	ck_assert_int_eq(world_configure(&b, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_addr_equal(&b.plain, &had));
	c = a;
	ck_assert_int_eq(world_configure(&c, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&c.plain, &had));
	ck_assert_int_eq(world_keepalive(&c, false), 0);
	ck_assert_int_eq(state_of(&key), ACTIVE);
	ck_assert_ptr_nonnull(world_encrypted(&a));
}
END_TEST

/* Release of the encrypted tunnel: encrypted-only becomes a shield, preferred goes, an exception stays with its shield.
 */
START_TEST(encrypted_released)
{
	struct tscf_binding_key all, only, preferred, exception;

	world_connect(&a);
	world_encrypt(&a);
	only = sip(&a.plain);
	preferred = world_key(&a.plain, IPPROTO_UDP, 4000, NULL, 0);
	all = world_key(&a.plain, IPPROTO_TCP, 0, NULL, 0);
	exception = world_key(&a.plain, IPPROTO_TCP, 80, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &only), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_only(&a, &all), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_at(&a, &preferred, TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_at(&a, &exception, TSCF_LEVEL_UNENCRYPTED), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&only), SHIELD);
	ck_assert_int_eq(state_of(&all), SHIELD);
	ck_assert_int_eq(state_of(&preferred), NONE);
	ck_assert_int_eq(state_of(&exception), ACTIVE);
	/* The exception ends when the client shields that socket. */
	ck_assert_int_eq(world_shield(&a, &exception, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&exception), SHIELD);
	/* Shields go with the plain tunnel, and drop for a minute more. */
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&only), TOMB);
	ck_assert_int_eq(state_of(&exception), TOMB);
	world_pass(w, TSCF_TOMBSTONE_MS);
	ck_assert_int_eq(state_of(&only), NONE);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
}
END_TEST

/* The same when the connection is lost; without a plain tunnel what was encrypted-only is a tombstone. */
START_TEST(encrypted_lost)
{
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	world_disconnect(&a);
	ck_assert_int_eq(state_of(&key), SHIELD);
	world_encrypt(&a);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	world_disconnect(&a);
	ck_assert_int_eq(state_of(&key), TOMB);
	ck_assert_uint_eq(server_pool_used(w->allocator.plain_pools.first), 0);
}
END_TEST

/* An exception that a former tunnel left ends when the client of the next one has bound all but that. */
START_TEST(exceptions_end)
{
	struct tscf_binding_key all, exception;

	world_connect(&a);
	world_encrypt(&a);
	all = world_key(&a.plain, IPPROTO_TCP, 0, NULL, 0);
	exception = world_key(&a.plain, IPPROTO_TCP, 80, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &all), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_at(&a, &exception, TSCF_LEVEL_UNENCRYPTED), TSCF_RESPONSE_SUCCESS);
	world_disconnect(&a);
	world_encrypt(&a);
	ck_assert_int_eq(bind_only(&a, &all), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_find(w->state->bindings, &exception, w->now)->level, TSCF_LEVEL_UNENCRYPTED);
	ck_assert_int_eq(world_complete(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_find(w->state->bindings, &exception, w->now)->level, TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 1);
}
END_TEST

/* A bind request that was overtaken by the release or the end of the same socket changes nothing. */
START_TEST(overtaken_requests)
{
	struct tscf_binding_key key;
	uint32_t sequence;

	world_connect(&a);
	world_encrypt(&a);
	key = world_key(&a.plain, IPPROTO_UDP, 5060, NULL, 0);
	sequence = a.encrypted_sequence;
	a.encrypted_sequence = sequence + 5;
	world_bind(&a, &key, TSCF_BIND_ACTION_RELEASE, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	a.encrypted_sequence = sequence;
	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_RELEASED);
	a.encrypted_sequence = sequence + 10;
	world_bind(&a, &key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	a.encrypted_sequence = sequence + 6;
	world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_TOMBSTONE);
	a.encrypted_sequence = sequence + 11;
	world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_ACTIVE);
}
END_TEST

/* Each service belongs to one kind of tunnel: on the plain one nothing binds or releases. */
START_TEST(wrong_tunnel)
{
	struct tscf_wire_binding wire = {.action = TSCF_BIND_ACTION_RELEASE, .level = TSCF_LEVEL_UNENCRYPTED};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_connect(&a);
	world_encrypt(&a);
	wire.key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &wire.key), TSCF_RESPONSE_SUCCESS);
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_BIND);
	tscf_write_binding(&writer, &wire);
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(state_of(&wire.key), ACTIVE);
	/* A shield request that says "release". */
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SHIELD);
	tscf_write_binding(&writer, &wire);
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_MALFORMED);
	ck_assert_int_eq(state_of(&wire.key), ACTIVE);
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, true);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SHIELD);
	ck_assert_int_eq(world_send(&a, &writer, true), TSCF_RESPONSE_NOT_ALLOWED);
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_MALFORMED);
}
END_TEST

/* An encrypted tunnel binds for its own plain partner, and for nobody else. */
START_TEST(bind_others)
{
	struct tscf_binding_key key;

	world_connect(&a);
	world_connect(&b);
	world_encrypt(&a);
	key = sip(&b.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(state_of(&key), NONE);
	key = sip(&a.encrypted);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* Keys that no packet would match, and the default level, are refused. */
START_TEST(bind_nonsense)
{
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = world_key(&a.plain, 0, 5060, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_MALFORMED);
	key = world_key(&a.plain, 0, 0, "192.0.2.1", 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_MALFORMED);
	key = world_key(&a.plain, IPPROTO_UDP, 0, "192.0.2.1", 5060);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_MALFORMED);
	key = sip(&a.plain);
	ck_assert_int_eq(bind_at(&a, &key, TSCF_LEVEL_DEFAULT), TSCF_RESPONSE_MALFORMED);
	key = world_key(&a.plain, IPPROTO_ICMP, 0, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	key = world_key(&a.plain, 0, 0, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* The MOVED flag gives grace to what was plain, never to what was forbidden in clear. */
START_TEST(grace)
{
	struct tscf_binding_key key, shielded;
	struct tscf_binding *found;

	world_connect(&a);
	key = sip(&a.plain);
	shielded = world_key(&a.plain, IPPROTO_UDP, 4000, NULL, 0);
	ck_assert_int_eq(world_shield(&a, &shielded, false), TSCF_RESPONSE_SUCCESS);
	world_encrypt(&a);
	world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, TSCF_BIND_FLAG_MOVED);
	world_bind(&a, &shielded, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, TSCF_BIND_FLAG_MOVED);
	found = tscf_bindings_get(w->state->bindings, &key);
	ck_assert_uint_eq(found->grace_until, w->now + TSCF_MOVE_GRACE_MS);
	found = tscf_bindings_get(w->state->bindings, &shielded);
	ck_assert_uint_eq(found->grace_until, 0);
}
END_TEST

/* Released: plain from now on.  Closing an exception only removes it. */
START_TEST(release_and_close)
{
	struct tscf_binding_key key, exception;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	exception = world_key(&a.plain, IPPROTO_TCP, 80, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_at(&a, &exception, TSCF_LEVEL_UNENCRYPTED), TSCF_RESPONSE_SUCCESS);
	world_bind(&a, &key, TSCF_BIND_ACTION_RELEASE, TSCF_LEVEL_UNENCRYPTED, 0);
	world_bind(&a, &exception, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_UNENCRYPTED, 0);
	ck_assert_int_eq(state_of(&key), RELEASED);
	ck_assert_int_eq(state_of(&exception), NONE);
	world_pass(w, TSCF_RELEASED_MS);
	ck_assert_int_eq(state_of(&key), NONE);
	ck_assert_uint_eq(world_encrypted(&a)->bindings.count, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_bindings");
	TCase *t = tcase_create("bindings");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, bind_repeated);
	tcase_add_test(t, complete_again_and_again);
	tcase_add_test(t, plain_released);
	tcase_add_test(t, encrypted_released);
	tcase_add_test(t, encrypted_lost);
	tcase_add_test(t, exceptions_end);
	tcase_add_test(t, overtaken_requests);
	tcase_add_test(t, wrong_tunnel);
	tcase_add_test(t, bind_others);
	tcase_add_test(t, bind_nonsense);
	tcase_add_test(t, grace);
	tcase_add_test(t, release_and_close);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
