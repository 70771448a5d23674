/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of one binding: bound, released, buried, shielded. */
#include "tests/unit/binding_case.h"
#include "tests/unit/runner.h"

#include <string.h>

START_TEST(empty_table)
{
	struct tscf_addr local = v4(LOCAL);

	ck_assert_uint_eq(tscf_bindings_count(table), 0);
	ck_assert_ptr_null(find_port(5060, NOW));
	ck_assert(!tscf_bindings_any(table, &local));
	tscf_bindings_expire(table, TSCF_FOREVER, 100);
	tscf_bindings_free(NULL);
}
END_TEST

START_TEST(bind_is_active)
{
	struct tscf_binding *b = bind_port(5060);

	ck_assert_int_eq(b->state, TSCF_BINDING_ACTIVE);
	ck_assert_int_eq(b->level, TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_ptr_eq(b->owner, &encrypted);
	ck_assert(!b->implicit);
	ck_assert_uint_eq(b->grace_until, 0);
	ck_assert_uint_eq(b->cookie, 0);
	ck_assert_uint_eq(b->expires, TSCF_FOREVER);
	ck_assert_uint_eq(b->key.local_port, 5060);
	ck_assert_ptr_eq(find_port(5060, NOW), b);
	ck_assert_ptr_eq(find_port(5060, TSCF_FOREVER - 1), b);
	ck_assert_uint_eq(tscf_bindings_count(table), 1);
	check_list(&encrypted);
}
END_TEST

/* Binding again changes the one entry: level, marks, owner; the grace of a move under way stays. */
START_TEST(bind_again)
{
	struct tscf_binding_key k = key(IPPROTO_UDP, LOCAL, 5060, 0, 0);
	struct tscf_binding *b = bind_port(5060);

	b->grace_until = NOW + 5;
	b->implicit = true;
	b->cookie = 77;
	b->generation = 3;
	ck_assert_ptr_eq(tscf_bindings_bind(table, &k, TSCF_LEVEL_ENCRYPTED_PREFERRED, &plain, &plain), b);
	ck_assert_int_eq(b->level, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	ck_assert_uint_eq(b->grace_until, NOW + 5);
	ck_assert(!b->implicit);
	ck_assert_uint_eq(b->cookie, 0);
	ck_assert_uint_eq(b->generation, 3);
	ck_assert_uint_eq(tscf_bindings_count(table), 1);
	ck_assert_uint_eq(encrypted.count, 0);
	ck_assert_uint_eq(plain.count, 1);
	check_list(&plain);
}
END_TEST

START_TEST(bind_without_list)
{
	struct tscf_binding_key k = key(IPPROTO_UDP, LOCAL, 5060, 0, 0);
	struct tscf_binding *b = tscf_bindings_bind(table, &k, TSCF_LEVEL_ENCRYPTED_ONLY, &encrypted, NULL);

	ck_assert_ptr_eq(b->owner, &encrypted);
	ck_assert_uint_eq(encrypted.count, 0);
	tscf_binding_bury(b, NOW);
	ck_assert_ptr_null(b->owner);
}
END_TEST

/* A released entry keeps its owner, is found until its time is over, and binds again without any grace left. */
START_TEST(release_then_bind)
{
	struct tscf_binding *b = bind_port(5060);

	b->grace_until = NOW + 5;
	tscf_binding_release(b, NOW);
	ck_assert_int_eq(b->state, TSCF_BINDING_RELEASED);
	ck_assert_ptr_eq(b->owner, &encrypted);
	ck_assert_uint_eq(b->grace_until, 0);
	check_list(&encrypted);
	ck_assert_uint_eq(encrypted.count, 1);
	ck_assert_ptr_eq(find_port(5060, NOW + TSCF_RELEASED_MS - 1), b);
	ck_assert_ptr_null(find_port(5060, NOW + TSCF_RELEASED_MS));

	b->grace_until = NOW + 5;
	ck_assert_ptr_eq(bind_port(5060), b);
	ck_assert_int_eq(b->state, TSCF_BINDING_ACTIVE);
	ck_assert_uint_eq(b->grace_until, 0);
	ck_assert_ptr_eq(find_port(5060, NOW + TSCF_RELEASED_MS), b);
	ck_assert_uint_eq(encrypted.count, 1);
}
END_TEST

/* The entry of a closed socket ends by itself, and passes nothing on to the next socket. */
START_TEST(closed_then_bound)
{
	struct tscf_binding *b = bind_port(5060);

	tscf_binding_close(b, NOW + 5);
	ck_assert_int_eq(b->state, TSCF_BINDING_ACTIVE);
	ck_assert_ptr_eq(b->owner, &encrypted);
	ck_assert_uint_eq(b->grace_until, NOW + 5);
	ck_assert_ptr_eq(find_port(5060, NOW + 4), b);
	ck_assert_ptr_null(find_port(5060, NOW + 5));
	ck_assert_ptr_eq(bind_port(5060), b);
	ck_assert_uint_eq(b->grace_until, 0);
	ck_assert_uint_eq(b->expires, TSCF_FOREVER);
}
END_TEST

START_TEST(release_again)
{
	struct tscf_binding *b = bind_port(5060);

	tscf_binding_release(b, NOW);
	tscf_binding_release(b, NOW + 100);
	ck_assert_ptr_eq(b->owner, &encrypted);
	ck_assert_uint_eq(b->expires, NOW + 100 + TSCF_RELEASED_MS);
}
END_TEST

START_TEST(bury)
{
	struct tscf_binding *b = bind_port(5060);

	b->grace_until = NOW + 5;
	tscf_binding_bury(b, NOW);
	ck_assert_int_eq(b->state, TSCF_BINDING_TOMBSTONE);
	ck_assert_ptr_null(b->owner);
	ck_assert_uint_eq(b->grace_until, 0);
	ck_assert_uint_eq(encrypted.count, 0);
	check_list(&encrypted);
	ck_assert_ptr_eq(find_port(5060, NOW + TSCF_TOMBSTONE_MS - 1), b);
	ck_assert_ptr_null(find_port(5060, NOW + TSCF_TOMBSTONE_MS));
	tscf_binding_bury(b, NOW + 7);
	ck_assert_uint_eq(b->expires, NOW + 7 + TSCF_TOMBSTONE_MS);
}
END_TEST

START_TEST(tombstone_binds_and_releases)
{
	struct tscf_binding *b = bind_port(5060);

	tscf_binding_bury(b, NOW);
	ck_assert_ptr_eq(bind_port(5060), b);
	ck_assert_int_eq(b->state, TSCF_BINDING_ACTIVE);
	ck_assert_uint_eq(b->expires, TSCF_FOREVER);
	check_list(&encrypted);
	tscf_binding_bury(b, NOW);
	tscf_binding_release(b, NOW);
	ck_assert_int_eq(b->state, TSCF_BINDING_RELEASED);
	ck_assert_ptr_null(b->owner);
}
END_TEST

START_TEST(shield_new)
{
	struct tscf_binding *b = shield_port(5060);

	ck_assert_int_eq(b->state, TSCF_BINDING_SHIELD);
	ck_assert_int_eq(b->level, TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_ptr_eq(b->owner, &plain);
	ck_assert_uint_eq(b->expires, TSCF_FOREVER);
	ck_assert_ptr_eq(find_port(5060, TSCF_FOREVER - 1), b);
	check_list(&plain);
	ck_assert_ptr_eq(shield_port(5060), b);
	ck_assert_uint_eq(plain.count, 1);
}
END_TEST

/* What arrives in clear cannot touch what was bound encrypted. */
START_TEST(shield_leaves_active_alone)
{
	struct tscf_binding *b = bind_key(key(IPPROTO_UDP, LOCAL, 5060, 0, 0), TSCF_LEVEL_ENCRYPTED_PREFERRED);
	struct tscf_binding before;

	b->grace_until = NOW + 5;
	b->implicit = true;
	b->cookie = 9;
	before = *b;
	ck_assert_ptr_eq(shield_port(5060), b);
	ck_assert_mem_eq(b, &before, sizeof(before));
	ck_assert_uint_eq(plain.count, 0);
	ck_assert_uint_eq(encrypted.count, 1);
}
END_TEST

/* Over every other state a shield comes, and takes the entry to its own owner. */
START_TEST(shield_over_released_and_tombstone)
{
	struct tscf_binding *b = bind_port(5060);

	tscf_binding_release(b, NOW);
	ck_assert_ptr_eq(shield_port(5060), b);
	ck_assert_int_eq(b->state, TSCF_BINDING_SHIELD);
	ck_assert_uint_eq(b->expires, TSCF_FOREVER);
	ck_assert_ptr_eq(b->owner, &plain);
	ck_assert_uint_eq(encrypted.count, 0);

	tscf_binding_bury(b, NOW);
	ck_assert_uint_eq(plain.count, 0);
	ck_assert_ptr_eq(shield_port(5060), b);
	ck_assert_int_eq(b->state, TSCF_BINDING_SHIELD);
	ck_assert_uint_eq(plain.count, 1);
	check_list(&plain);
}
END_TEST

/* A shield ends by a bind or release that came encrypted: the plain owner has no part in it any more. */
START_TEST(shield_ends)
{
	struct tscf_binding *b = shield_port(5060);

	ck_assert_ptr_eq(bind_port(5060), b);
	ck_assert_int_eq(b->state, TSCF_BINDING_ACTIVE);
	ck_assert_uint_eq(b->grace_until, 0);
	ck_assert_uint_eq(plain.count, 0);
	ck_assert_uint_eq(encrypted.count, 1);

	b = shield_port(5061);
	tscf_binding_release(b, NOW);
	ck_assert_int_eq(b->state, TSCF_BINDING_RELEASED);
	ck_assert_ptr_null(b->owner);
	ck_assert_uint_eq(plain.count, 0);
	check_list(&plain);
	check_list(&encrypted);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("binding");
	TCase *states = tcase_create("states");

	tcase_add_checked_fixture(states, setup, teardown);
	tcase_add_test(states, empty_table);
	tcase_add_test(states, bind_is_active);
	tcase_add_test(states, bind_again);
	tcase_add_test(states, bind_without_list);
	tcase_add_test(states, release_then_bind);
	tcase_add_test(states, closed_then_bound);
	tcase_add_test(states, release_again);
	tcase_add_test(states, bury);
	tcase_add_test(states, tombstone_binds_and_releases);
	tcase_add_test(states, shield_new);
	tcase_add_test(states, shield_leaves_active_alone);
	tcase_add_test(states, shield_over_released_and_tombstone);
	tcase_add_test(states, shield_ends);
	suite_add_tcase(suite, states);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
