/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bindings of an owner that goes, and of time that runs out: lists, expiry, and walks. */
#include "tests/unit/binding_case.h"
#include "tests/unit/runner.h"

#include <netinet/in.h>

/* The end of an owner: its list is walked, and each entry is buried while walking. */
START_TEST(owner_goes)
{
	for (uint16_t port = 1; port <= 1000; port++)
		bind_port(port);
	shield_port(2000);
	check_list(&encrypted);
	ck_assert_uint_eq(encrypted.count, 1000);
	while (encrypted.first)
		tscf_binding_bury(encrypted.first, NOW);
	ck_assert_uint_eq(encrypted.count, 0);
	for (uint16_t port = 1; port <= 1000; port++)
		ck_assert_int_eq(find_port(port, NOW)->state, TSCF_BINDING_TOMBSTONE);
	ck_assert_int_eq(find_port(2000, NOW)->state, TSCF_BINDING_SHIELD);
	ck_assert_uint_eq(plain.count, 1);
}
END_TEST

/* First, middle and last of a list can leave it. */
START_TEST(list_links)
{
	struct tscf_binding *b[5];

	for (uint16_t i = 0; i < 5; i++)
		b[i] = bind_port((uint16_t)(100 + i));
	tscf_bindings_remove(table, b[2]);
	check_list(&encrypted);
	tscf_bindings_remove(table, b[0]);
	check_list(&encrypted);
	tscf_bindings_remove(table, b[4]);
	check_list(&encrypted);
	ck_assert_uint_eq(encrypted.count, 2);
}
END_TEST

/* Every entry gets its turn, a bounded number per call, and only expired ones go. */
START_TEST(expire_is_bounded)
{
	for (uint16_t port = 1; port <= 1000; port++) {
		struct tscf_binding *b = bind_port(port);

		if (port % 2)
			tscf_binding_bury(b, NOW);
	}
	tscf_bindings_expire(table, NOW + TSCF_TOMBSTONE_MS - 1, 100000);
	ck_assert_uint_eq(tscf_bindings_count(table), 1000);
	tscf_bindings_expire(table, NOW + TSCF_TOMBSTONE_MS, 0);
	ck_assert_uint_eq(tscf_bindings_count(table), 1000);
	tscf_bindings_expire(table, NOW + TSCF_TOMBSTONE_MS, 100);
	ck_assert_uint_eq(tscf_bindings_count(table), 950);
	for (unsigned i = 0; i < 9; i++)
		tscf_bindings_expire(table, NOW + TSCF_TOMBSTONE_MS, 100);
	ck_assert_uint_eq(tscf_bindings_count(table), 500);
	for (uint16_t port = 1; port <= 1000; port++)
		ck_assert_int_eq(find_port(port, NOW) != NULL, port % 2 == 0);
	check_list(&encrypted);
	ck_assert_uint_eq(encrypted.count, 500);
}
END_TEST

/* The place where the next expiry goes on may itself be removed in between. */
START_TEST(expire_survives_removal_of_its_place)
{
	struct tscf_binding *b[4];

	for (uint16_t i = 0; i < 4; i++)
		b[i] = bind_port((uint16_t)(i + 1));
	tscf_bindings_expire(table, NOW, 2);
	tscf_bindings_remove(table, b[2]);
	tscf_binding_bury(b[3], NOW);
	tscf_bindings_expire(table, NOW + TSCF_TOMBSTONE_MS, 1);
	ck_assert_uint_eq(tscf_bindings_count(table), 2);
	tscf_bindings_expire(table, NOW + TSCF_TOMBSTONE_MS, 1);
	tscf_bindings_remove(table, b[0]);
	tscf_bindings_remove(table, b[1]);
	tscf_bindings_expire(table, NOW + TSCF_TOMBSTONE_MS, 10);
	ck_assert_uint_eq(tscf_bindings_count(table), 0);
	bind_port(9);
	tscf_bindings_expire(table, NOW, 10);
	ck_assert_uint_eq(tscf_bindings_count(table), 1);
}
END_TEST

static void count_and_remove_odd(void *context, struct tscf_binding *b)
{
	unsigned *seen = context;

	(*seen)++;
	if (b->key.local_port % 2)
		tscf_bindings_remove(table, b);
}

START_TEST(each_may_remove)
{
	unsigned seen = 0;

	for (uint16_t port = 1; port <= 500; port++)
		bind_port(port);
	tscf_bindings_each(table, count_and_remove_odd, &seen);
	ck_assert_uint_eq(seen, 500);
	ck_assert_uint_eq(tscf_bindings_count(table), 250);
	check_list(&encrypted);
}
END_TEST

static void take_away(void *context, struct tscf_binding *b)
{
	unsigned *seen = context;

	ck_assert(b->key.local.bytes[3] == 2);
	*seen += 1;
	tscf_bindings_remove(table, b);
}

/* Those of one address are gone through without the others, and may all be removed; then the address has none. */
START_TEST(each_of_an_address)
{
	const struct tscf_addr local = v4(LOCAL), other = v4(LOCAL + 1);
	unsigned seen = 0;

	for (uint16_t port = 1; port <= 10; port++) {
		bind_port(port);
		bind_key(key(IPPROTO_UDP, LOCAL + 1, port, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);
	}
	tscf_binding_bury(find_port(3, NOW), NOW);
	tscf_bindings_remove(table, find_port(5, NOW));
	tscf_bindings_each_of(table, &local, take_away, &seen);
	ck_assert_uint_eq(seen, 9);
	ck_assert(!tscf_bindings_any(table, &local));
	ck_assert_uint_eq(tscf_bindings_of(table, &other), 10);
	tscf_bindings_each_of(table, &local, take_away, &seen);
	ck_assert_uint_eq(seen, 9);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("binding life");
	TCase *life = tcase_create("life");

	tcase_add_checked_fixture(life, setup, teardown);
	tcase_add_test(life, owner_goes);
	tcase_add_test(life, list_links);
	tcase_add_test(life, expire_is_bounded);
	tcase_add_test(life, expire_survives_removal_of_its_place);
	tcase_add_test(life, each_may_remove);
	tcase_add_test(life, each_of_an_address);
	suite_add_tcase(suite, life);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
