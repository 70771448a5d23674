/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which binding decides on a flow, and the keys of flows. */
#include "tests/unit/binding_case.h"
#include "tests/unit/runner.h"

#define MANY 100000U

/* The most specific entry decides, whatever the order in which they were made. */
START_TEST(specificity)
{
	struct tscf_binding *address = bind_key(key(0, LOCAL, 0, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);
	struct tscf_binding *flow = bind_key(key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5060), TSCF_LEVEL_ENCRYPTED_ONLY);
	struct tscf_binding *protocol = bind_key(key(IPPROTO_UDP, LOCAL, 0, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);
	struct tscf_binding *port = bind_key(key(IPPROTO_UDP, LOCAL, 5060, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);

	ck_assert_ptr_eq(find(key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5060), NOW), flow);
	ck_assert_ptr_eq(find(key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5061), NOW), port);
	ck_assert_ptr_eq(find(key(IPPROTO_UDP, LOCAL, 5060, REMOTE + 1, 5060), NOW), port);
	ck_assert_ptr_eq(find(key(IPPROTO_UDP, LOCAL, 5061, REMOTE, 5060), NOW), protocol);
	ck_assert_ptr_eq(find(key(IPPROTO_TCP, LOCAL, 5060, REMOTE, 5060), NOW), address);
	ck_assert_ptr_eq(find(key(IPPROTO_ICMP, LOCAL, 0, REMOTE, 0), NOW), address);
	ck_assert_ptr_null(find(key(IPPROTO_UDP, LOCAL + 1, 5060, REMOTE, 5060), NOW));

	/* One after the other goes, the next wider decides. */
	tscf_bindings_remove(table, flow);
	ck_assert_ptr_eq(find(key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5060), NOW), port);
	tscf_bindings_remove(table, port);
	ck_assert_ptr_eq(find(key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5060), NOW), protocol);
	tscf_bindings_remove(table, protocol);
	ck_assert_ptr_eq(find(key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5060), NOW), address);
	tscf_bindings_remove(table, address);
	ck_assert_ptr_null(find(key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5060), NOW));
}
END_TEST

/* An expired narrow entry does not hide a wider one. */
START_TEST(expired_gives_way_to_wider)
{
	struct tscf_binding *wide = bind_key(key(IPPROTO_UDP, LOCAL, 0, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);
	struct tscf_binding *narrow = bind_port(5060);

	tscf_binding_release(narrow, NOW);
	ck_assert_ptr_eq(find_port(5060, NOW), narrow);
	ck_assert_ptr_eq(find_port(5060, NOW + TSCF_RELEASED_MS), wide);
}
END_TEST

/* An entry of level unencrypted is an exception to a wider one: it is what is found. */
START_TEST(exception_of_level_unencrypted)
{
	struct tscf_binding *wide = bind_key(key(0, LOCAL, 0, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY), *found;

	bind_key(key(IPPROTO_UDP, LOCAL, 5060, 0, 0), TSCF_LEVEL_UNENCRYPTED);
	found = find_port(5060, NOW);
	ck_assert_int_eq(found->state, TSCF_BINDING_ACTIVE);
	ck_assert_int_eq(found->level, TSCF_LEVEL_UNENCRYPTED);
	ck_assert_ptr_eq(find_port(5061, NOW), wide);
}
END_TEST

/* A packet of protocol 0 with ports 0 finds what covers it, not by accident what does not. */
START_TEST(zeros_in_a_flow)
{
	struct tscf_binding *wide;

	bind_port(5060);
	bind_key(key(IPPROTO_UDP, LOCAL, 0, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_ptr_null(find(key(0, LOCAL, 0, REMOTE, 0), NOW));
	wide = bind_key(key(0, LOCAL, 0, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_ptr_eq(find(key(0, LOCAL, 0, REMOTE, 0), NOW), wide);
}
END_TEST

/* get means exactly this key, and sees expired entries too. */
START_TEST(get_is_exact)
{
	struct tscf_binding_key wide = key(IPPROTO_UDP, LOCAL, 0, 0, 0), narrow = key(IPPROTO_UDP, LOCAL, 5060, 0, 0);
	struct tscf_binding *b = bind_key(wide, TSCF_LEVEL_ENCRYPTED_ONLY);

	ck_assert_ptr_null(tscf_bindings_get(table, &narrow));
	ck_assert_ptr_eq(tscf_bindings_get(table, &wide), b);
	tscf_binding_bury(b, NOW);
	ck_assert_ptr_null(find(narrow, NOW + TSCF_TOMBSTONE_MS));
	ck_assert_ptr_eq(tscf_bindings_get(table, &wide), b);
}
END_TEST

/* Whether an address has entries follows making, removing and expiring, of whatever scope. */
START_TEST(any_of_address)
{
	struct tscf_addr local = v4(LOCAL), other = v4(LOCAL + 1);
	struct tscf_binding *narrow = bind_key(key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 1), TSCF_LEVEL_ENCRYPTED_ONLY);
	struct tscf_binding *wide = bind_key(key(0, LOCAL, 0, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);

	ck_assert(tscf_bindings_any(table, &local));
	ck_assert(!tscf_bindings_any(table, &other));
	tscf_bindings_remove(table, narrow);
	ck_assert(tscf_bindings_any(table, &local));
	tscf_binding_bury(wide, NOW);
	ck_assert(tscf_bindings_any(table, &local));
	tscf_bindings_expire(table, NOW + TSCF_TOMBSTONE_MS, 10);
	ck_assert(!tscf_bindings_any(table, &local));
}
END_TEST

static struct tscf_binding_key numbered(unsigned i)
{
	return key(i % 3 ? IPPROTO_UDP : IPPROTO_TCP, LOCAL + i / 1000, (uint16_t)(i % 1000 + 1),
		   i % 2 ? REMOTE + i : 0, i % 2 ? (uint16_t)i : 0);
}

/* Of very many entries each is found again, none is found twice, and after they went nothing is left. */
START_TEST(very_many)
{
	static struct tscf_binding *made[MANY];

	for (unsigned i = 0; i < MANY; i++)
		made[i] = bind_key(numbered(i), TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_uint_eq(tscf_bindings_count(table), MANY);
	ck_assert_uint_eq(encrypted.count, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct tscf_binding_key k = numbered(i);

		ck_assert_ptr_eq(tscf_bindings_get(table, &k), made[i]);
		if (i % 2 == 0)
			k.remote = v4(REMOTE);
		ck_assert_ptr_eq(tscf_bindings_find(table, &k, NOW), made[i]);
	}
	for (unsigned i = 0; i < MANY; i += 2)
		tscf_bindings_remove(table, made[i]);
	for (unsigned i = 0; i < MANY; i++) {
		struct tscf_binding_key k = numbered(i);

		ck_assert_ptr_eq(tscf_bindings_get(table, &k), i % 2 ? made[i] : NULL);
	}
	check_list(&encrypted);
}
END_TEST

/* IPv4 and IPv6 keys with the same first bytes are different keys. */
START_TEST(families_are_apart)
{
	static const uint8_t bytes[16] = {10, 0, 0, 2};
	struct tscf_binding_key six = key(IPPROTO_UDP, LOCAL, 5060, 0, 0);

	six.local = tscf_addr_v6(bytes);
	bind_port(5060);
	ck_assert_ptr_null(tscf_bindings_get(table, &six));
	ck_assert_ptr_nonnull(bind_key(six, TSCF_LEVEL_ENCRYPTED_ONLY));
	ck_assert_uint_eq(tscf_bindings_count(table), 2);
}
END_TEST

static void assert_key(const struct tscf_binding_key *got, struct tscf_binding_key expected)
{
	ck_assert_uint_eq(got->protocol, expected.protocol);
	ck_assert(tscf_addr_equal(&got->local, &expected.local));
	ck_assert(tscf_addr_equal(&got->remote, &expected.remote));
	ck_assert_uint_eq(got->local_port, expected.local_port);
	ck_assert_uint_eq(got->remote_port, expected.remote_port);
}

START_TEST(key_of_packet)
{
	struct tscf_packet_info info = {.source = v4(LOCAL),
					.destination = v4(REMOTE),
					.source_port = 5060,
					.destination_port = 5062,
					.protocol = IPPROTO_UDP};
	struct tscf_binding_key k;

	tscf_binding_key_of(&info, TSCF_FROM_LOCAL, &k);
	assert_key(&k, key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5062));
	tscf_binding_key_of(&info, TSCF_TO_LOCAL, &k);
	assert_key(&k, key(IPPROTO_UDP, REMOTE, 5062, LOCAL, 5060));
}
END_TEST

/* What one flow binds: never more than its socket. */
START_TEST(key_implicit)
{
	struct tscf_binding_key flow = key(IPPROTO_UDP, LOCAL, 5060, REMOTE, 5062), k;

	tscf_binding_key_implicit(&flow, &k);
	assert_key(&k, key(IPPROTO_UDP, LOCAL, 5060, 0, 0));
	flow.protocol = IPPROTO_TCP;
	tscf_binding_key_implicit(&flow, &k);
	assert_key(&k, flow);
	flow = key(IPPROTO_UDP, LOCAL, 0, REMOTE, 5062);
	tscf_binding_key_implicit(&flow, &k);
	assert_key(&k, flow);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("binding lookup");
	TCase *lookup = tcase_create("lookup");

	tcase_add_checked_fixture(lookup, setup, teardown);
	tcase_set_timeout(lookup, 60);
	tcase_add_test(lookup, specificity);
	tcase_add_test(lookup, expired_gives_way_to_wider);
	tcase_add_test(lookup, exception_of_level_unencrypted);
	tcase_add_test(lookup, zeros_in_a_flow);
	tcase_add_test(lookup, get_is_exact);
	tcase_add_test(lookup, any_of_address);
	tcase_add_test(lookup, very_many);
	tcase_add_test(lookup, families_are_apart);
	tcase_add_test(lookup, key_of_packet);
	tcase_add_test(lookup, key_implicit);
	suite_add_tcase(suite, lookup);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
