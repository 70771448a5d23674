/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/runner.h"

#include "common/linux/tun_steering.h"
#include "common/packet/binding.h"
#include "tscf-server/address/pools.h"

#include <errno.h>

#define NOW UINT64_C(5000)

static struct server_pool *make(const char *text)
{
	struct server_pool *pool;
	struct tscf_prefix prefix;

	ck_assert_int_eq(tscf_prefix_parse(text, &prefix), 0);
	ck_assert_int_eq(server_pool_new(&prefix, 1, &pool), 0);
	return pool;
}

/** Take an address and expect @p want ("": none is free). */
static void take(struct server_pool *pool, const char *wish, uint64_t now, const char *want)
{
	struct tscf_addr wished, got;
	char text[TSCF_ADDR_TEXT];
	int err = 0;

	if (wish)
		ck_assert_int_eq(tscf_addr_parse(wish, &wished), 0);
	if (!wish || !server_pool_grant(pool, &wished, now, &got))
		err = server_pool_take(pool, 0, now, &got);
	if (want[0] == '\0') {
		ck_assert_int_eq(err, -EADDRNOTAVAIL);
		return;
	}
	ck_assert_int_eq(err, 0);
	ck_assert_str_eq(tscf_addr_format(&got, text), want);
}

static void give(struct server_pool *pool, const char *text, uint64_t now)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	server_pool_give(pool, &a, now);
}

static void expect_own(const struct server_pool *pool, const char *want, uint64_t capacity)
{
	struct tscf_prefix own = server_pool_own(pool);
	char text[TSCF_ADDR_TEXT];

	ck_assert_str_eq(tscf_prefix_format(&own, text), want);
	ck_assert_uint_eq(server_pool_capacity(pool), capacity);
}

/* The server has the first host address; network and broadcast are never given; then the pool is exhausted. */
START_TEST(small_pool)
{
	struct server_pool *pool = make("10.0.0.5/29");

	expect_own(pool, "10.0.0.1/29", 5);
	take(pool, NULL, NOW, "10.0.0.2");
	take(pool, NULL, NOW, "10.0.0.3");
	take(pool, NULL, NOW, "10.0.0.4");
	take(pool, NULL, NOW, "10.0.0.5");
	take(pool, NULL, NOW, "10.0.0.6");
	take(pool, NULL, NOW, "");
	ck_assert_uint_eq(server_pool_used(pool), 5);
	server_pool_free(pool);
}
END_TEST

/* A /30 has one client, a /31 one (RFC 3021), a /32 none; wishes change nothing about that. */
START_TEST(tiny_pools)
{
	struct server_pool *pool = make("10.0.0.0/30");

	expect_own(pool, "10.0.0.1/30", 1);
	take(pool, "10.0.0.3", NOW, "10.0.0.2");
	take(pool, "10.0.0.0", NOW, "");
	server_pool_free(pool);
	pool = make("10.0.0.0/31");
	expect_own(pool, "10.0.0.0/31", 1);
	take(pool, NULL, NOW, "10.0.0.1");
	take(pool, NULL, NOW, "");
	server_pool_free(pool);
	pool = make("10.0.0.7/32");
	expect_own(pool, "10.0.0.7/32", 0);
	take(pool, "10.0.0.7", NOW, "");
	take(pool, NULL, NOW, "");
	server_pool_free(pool);
}
END_TEST

/* The last addresses of the address space do not wrap round. */
START_TEST(end_of_space)
{
	struct server_pool *pool = make("255.255.255.252/30");

	take(pool, NULL, NOW, "255.255.255.254");
	take(pool, NULL, NOW, "");
	server_pool_free(pool);
	pool = make("255.255.255.254/31");
	take(pool, NULL, NOW, "255.255.255.255");
	take(pool, NULL, NOW, "");
	server_pool_free(pool);
}
END_TEST

/* An address that came back waits for a minute, even if it is the only one, and even if it is wished for. */
START_TEST(reuse_waits)
{
	struct server_pool *pool = make("10.0.0.0/30");

	take(pool, NULL, NOW, "10.0.0.2");
	give(pool, "10.0.0.2", NOW);
	ck_assert_uint_eq(server_pool_used(pool), 0);
	take(pool, "10.0.0.2", NOW + TSCF_TOMBSTONE_MS - 1, "");
	take(pool, NULL, NOW + TSCF_TOMBSTONE_MS, "10.0.0.2");
	server_pool_free(pool);
}
END_TEST

/* What was never given goes first; then what came back, in that order. */
START_TEST(reuse_late)
{
	struct server_pool *pool = make("10.0.0.0/29");
	uint64_t later = NOW + TSCF_TOMBSTONE_MS;

	take(pool, NULL, NOW, "10.0.0.2");
	take(pool, NULL, NOW, "10.0.0.3");
	give(pool, "10.0.0.3", NOW);
	give(pool, "10.0.0.2", NOW);
	take(pool, NULL, later, "10.0.0.4");
	take(pool, NULL, later, "10.0.0.5");
	take(pool, NULL, later, "10.0.0.6");
	take(pool, NULL, later, "10.0.0.3");
	take(pool, NULL, later, "10.0.0.2");
	take(pool, NULL, later, "");
	server_pool_free(pool);
}
END_TEST

/* A wish is granted if it is free, and passed over later by the others; foreign and special addresses are no wishes. */
START_TEST(wishes)
{
	struct server_pool *pool = make("10.0.0.0/29");

	take(pool, "10.0.0.3", NOW, "10.0.0.3");
	take(pool, "10.0.0.3", NOW, "10.0.0.2");
	take(pool, "10.0.0.1", NOW, "10.0.0.4");
	take(pool, "10.0.1.5", NOW, "10.0.0.5");
	take(pool, "2001:db8::1", NOW, "10.0.0.6");
	give(pool, "10.0.0.4", NOW);
	give(pool, "10.0.0.2", NOW);
	take(pool, "10.0.0.2", NOW + TSCF_TOMBSTONE_MS, "10.0.0.2");
	take(pool, NULL, NOW + TSCF_TOMBSTONE_MS, "10.0.0.4");
	server_pool_free(pool);
}
END_TEST

/* Giving back twice, or what was never given, does nothing. */
START_TEST(give_twice)
{
	struct server_pool *pool = make("10.0.0.0/29");

	take(pool, NULL, NOW, "10.0.0.2");
	give(pool, "10.0.0.2", NOW);
	give(pool, "10.0.0.2", NOW);
	give(pool, "10.0.0.6", NOW);
	ck_assert_uint_eq(server_pool_used(pool), 0);
	server_pool_free(pool);
}
END_TEST

/* A /8 costs no more than what is in use, and a million tunnels one after the other do not make it grow without bound.
 */
START_TEST(large_pool)
{
	struct server_pool *pool = make("10.0.0.0/8");
	struct tscf_addr a, last = {0};
	unsigned repeats = 0, refused = 0;

	expect_own(pool, "10.0.0.1/8", (1U << 24) - 3);
	for (uint64_t i = 0; i < 300000; i++) {
		/* An assertion costs a system call: too much for so many on a busy machine. */
		refused += server_pool_take(pool, 0, i * 10, &a) != 0;
		repeats += tscf_addr_equal(&a, &last);
		last = a;
		server_pool_give(pool, &a, i * 10);
	}
	ck_assert_uint_eq(repeats + refused, 0);
	/* The highest address given tells how many were remembered. */
	ck_assert_uint_lt((unsigned)a.bytes[1], 2);
	server_pool_free(pool);
}
END_TEST

/* IPv6: the same rules, with up to 64 bits for the host. */
START_TEST(ipv6)
{
	struct server_pool *pool = make("2001:db8:1:2:3::/64");
	struct tscf_prefix prefix;

	expect_own(pool, "2001:db8:1:2::1/64", UINT64_MAX - 2);
	take(pool, NULL, NOW, "2001:db8:1:2::2");
	take(pool, "2001:db8:1:2:ffff:ffff:ffff:fffe", NOW, "2001:db8:1:2:ffff:ffff:ffff:fffe");
	take(pool, "2001:db8:1:2:ffff:ffff:ffff:ffff", NOW, "2001:db8:1:2::3");
	take(pool, "2001:db8:1:3::9", NOW, "2001:db8:1:2::4");
	take(pool, "2001:db8:1:2::", NOW, "2001:db8:1:2::5");
	take(pool, "10.0.0.9", NOW, "2001:db8:1:2::6");
	give(pool, "2001:db8:1:2::2", NOW);
	take(pool, "2001:db8:1:2::2", NOW + TSCF_TOMBSTONE_MS, "2001:db8:1:2::2");
	server_pool_free(pool);
	pool = make("2001:db8::f4/126");
	expect_own(pool, "2001:db8::f5/126", 1);
	take(pool, NULL, NOW, "2001:db8::f6");
	take(pool, NULL, NOW, "");
	server_pool_free(pool);
	ck_assert_int_eq(tscf_prefix_parse("2001:db8::/63", &prefix), 0);
	ck_assert_int_eq(server_pool_new(&prefix, 1, &pool), -EAFNOSUPPORT);
}
END_TEST

static void add(struct server_pools *pools, const char *text)
{
	struct tscf_prefix prefix;
	struct server_pool *pool;

	ck_assert_int_eq(tscf_prefix_parse(text, &prefix), 0);
	ck_assert_int_eq(server_pool_new(&prefix, 1, &pool), 0);
	server_pools_add(pools, pool);
}

/** As take, out of a set. */
static struct server_pool *take_any(const struct server_pools *pools, int family, const char *wish, const char *want)
{
	struct server_pool *pool = NULL;
	struct tscf_addr wished, got;
	char text[TSCF_ADDR_TEXT];
	int err;

	if (wish)
		ck_assert_int_eq(tscf_addr_parse(wish, &wished), 0);
	err = server_pools_take(pools, family, wish ? &wished : NULL, 0, NOW, &pool, &got);
	ck_assert_int_eq(err, want[0] ? 0 : -EADDRNOTAVAIL);
	if (err == 0)
		ck_assert_str_eq(tscf_addr_format(&got, text), want);
	return pool;
}

/* Several ranges are used up one after the other, a wish is granted in any of them, families are apart. */
START_TEST(several_ranges)
{
	struct server_pools pools = {NULL};
	const struct server_pool *first, *third;

	ck_assert_uint_eq(server_pools_left(&pools), 0);
	add(&pools, "10.0.0.0/30");
	add(&pools, "2001:db8::/125");
	add(&pools, "10.0.1.0/29");
	first = server_pools_next(&pools, NULL);
	third = server_pools_next(&pools, server_pools_next(&pools, first));
	ck_assert_ptr_null(server_pools_next(&pools, third));
	ck_assert(server_pools_have(&pools, AF_INET) && server_pools_have(&pools, AF_INET6));
	ck_assert_uint_eq(server_pools_capacity(&pools, AF_INET), 6);
	ck_assert_uint_eq(server_pools_capacity(&pools, AF_INET6), 5);
	ck_assert_uint_eq(server_pools_left(&pools), 5);
	ck_assert_ptr_eq(take_any(&pools, AF_INET, "10.0.1.4", "10.0.1.4"), third);
	ck_assert_ptr_eq(take_any(&pools, AF_INET, "10.0.1.4", "10.0.0.2"), first);
	ck_assert_ptr_eq(take_any(&pools, AF_INET, NULL, "10.0.1.2"), third);
	ck_assert_uint_eq(server_pools_left(&pools), 3);
	take_any(&pools, AF_INET, "2001:db8::4", "10.0.1.3");
	take_any(&pools, AF_INET6, "2001:db8::4", "2001:db8::4");
	take_any(&pools, AF_INET, NULL, "10.0.1.5");
	take_any(&pools, AF_INET, NULL, "10.0.1.6");
	take_any(&pools, AF_INET, NULL, "");
	ck_assert_uint_eq(server_pools_left(&pools), 0);
	take_any(&pools, AF_INET6, NULL, "2001:db8::2");
	server_pools_free(&pools);
}
END_TEST

/* --- several workers --- */

#define PARTS 3

static unsigned part_of(const struct tscf_addr *a)
{
	return tscf_tun_steering_worker(a, PARTS);
}

/** Each worker gets addresses of its own while there are any, then those of others: none is left over, none is given
 * twice. */
START_TEST(parts)
{
	static const char *const texts[] = {"10.0.0.0/27", "2001:db8::/123"};
	struct server_pool *pool;
	struct tscf_prefix prefix;
	bool given[256] = {false};
	unsigned own = 0, count = 0;
	struct tscf_addr a;

	ck_assert_int_eq(tscf_prefix_parse(texts[_i], &prefix), 0);
	ck_assert_int_eq(server_pool_new(&prefix, PARTS, &pool), 0);
	while (server_pool_take(pool, 1, NOW, &a) == 0) {
		unsigned last = a.bytes[tscf_addr_size(a.family) - 1];

		ck_assert(!given[last]);
		given[last] = true;
		if (part_of(&a) == 1)
			ck_assert_uint_eq(own++, count);
		count++;
	}
	ck_assert_uint_ge(own, count / PARTS);
	ck_assert_uint_eq(count, server_pool_capacity(pool));
	ck_assert_uint_eq(server_pool_used(pool), count);
	server_pool_free(pool);
}
END_TEST

/** What has come back is given to the worker it belongs to first. */
START_TEST(parts_come_back)
{
	uint64_t later = NOW + TSCF_TOMBSTONE_MS;
	struct server_pool *pool;
	struct tscf_prefix prefix;
	struct tscf_addr a;

	ck_assert_int_eq(tscf_prefix_parse("10.0.0.0/29", &prefix), 0);
	ck_assert_int_eq(server_pool_new(&prefix, PARTS, &pool), 0);
	while (server_pool_take(pool, 0, NOW, &a) == 0)
		;
	for (unsigned n = 2; n <= 6; n++) {
		a.bytes[3] = (uint8_t)n;
		server_pool_give(pool, &a, NOW);
	}
	ck_assert_int_eq(server_pool_take(pool, 1, NOW, &a), -EADDRNOTAVAIL);
	for (unsigned n = 0; n < 2; n++) { /* 10.0.0.2 and 10.0.0.5 */
		ck_assert_int_eq(server_pool_take(pool, 0, later, &a), 0);
		ck_assert_uint_eq(part_of(&a), 0);
	}
	ck_assert_int_eq(server_pool_take(pool, 0, later, &a), 0);
	ck_assert_uint_ne(part_of(&a), 0);
	server_pool_free(pool);
}
END_TEST

/** A small prefix may have no address for some worker. */
START_TEST(fewer_addresses_than_parts)
{
	struct server_pool *pool;
	struct tscf_prefix prefix;
	struct tscf_addr a;

	ck_assert_int_eq(tscf_prefix_parse("10.0.0.0/30", &prefix), 0);
	ck_assert_int_eq(server_pool_new(&prefix, 64, &pool), 0);
	ck_assert_int_eq(server_pool_take(pool, 63, NOW, &a), 0);
	ck_assert_uint_eq(a.bytes[3], 2);
	ck_assert_int_eq(server_pool_take(pool, 63, NOW, &a), -EADDRNOTAVAIL);
	server_pool_free(pool);
}
END_TEST

/* --- whose they were --- */

static const uint8_t client_a[SERVER_CLIENT_ID_SIZE] = {1}, client_b[SERVER_CLIENT_ID_SIZE] = {2};

/** @return whether @p client had @p want last; "" : none. */
static void expect_recall(const struct server_pools *pools, const uint8_t *client, const char *want)
{
	struct tscf_addr a;
	char text[TSCF_ADDR_TEXT];
	bool found = server_pools_recall(pools, AF_INET, client, &a);

	ck_assert(found == (want[0] != '\0'));
	if (found)
		ck_assert_str_eq(tscf_addr_format(&a, text), want);
}

static int again(const struct server_pools *pools, const char *text)
{
	struct server_pool *pool;
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	return server_pools_take_again(pools, &a, &pool);
}

static void settle(struct server_pool *pool, const char *text, const uint8_t *client)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	server_pool_settle(pool, &a, client);
}

/* A client has its address again at once, and until it is given to another. */
START_TEST(sticky)
{
	struct server_pools pools = {NULL};

	add(&pools, "10.0.0.0/29"); /* .2 to .6 */
	struct server_pool *pool = pools.first;

	take(pool, NULL, NOW, "10.0.0.2");
	expect_recall(&pools, client_a, "");
	settle(pool, "10.0.0.2", client_a);
	expect_recall(&pools, client_a, "10.0.0.2");
	ck_assert_int_eq(again(&pools, "10.0.0.2"), -EADDRNOTAVAIL);
	give(pool, "10.0.0.2", NOW);
	/* Others wait until what is under way to it has come. */
	take(pool, "10.0.0.2", NOW, "10.0.0.3");
	expect_recall(&pools, client_a, "10.0.0.2");
	ck_assert_int_eq(again(&pools, "10.0.0.2"), 0);
	give(pool, "10.0.0.2", NOW);
	/* Settled on another one, it is gone. */
	take(pool, "10.0.0.2", NOW + TSCF_TOMBSTONE_MS, "10.0.0.2");
	expect_recall(&pools, client_a, "10.0.0.2");
	settle(pool, "10.0.0.2", client_b);
	expect_recall(&pools, client_a, "");
	expect_recall(&pools, client_b, "10.0.0.2");
	/* A client has one of a range, the last one. */
	settle(pool, "10.0.0.3", client_b);
	expect_recall(&pools, client_b, "10.0.0.3");
	ck_assert_int_eq(again(&pools, "10.0.0.7"), -EADDRNOTAVAIL);
	ck_assert_int_eq(again(&pools, "10.0.1.2"), -EADDRNOTAVAIL);
	server_pools_free(&pools);
}
END_TEST

static struct server_pool *find_range(const struct server_pools *pools, const char *text)
{
	struct tscf_prefix prefix;

	ck_assert_int_eq(tscf_prefix_parse(text, &prefix), 0);
	return server_pools_find(pools, &prefix);
}

/** A range that is retired gives nothing to anybody but what he has there still, counts for nothing, and comes back
 * whole. */
START_TEST(retired_range)
{
	struct server_pools pools = {NULL};
	struct server_pool *old;
	struct tscf_addr a;

	add(&pools, "10.0.0.0/29");
	old = find_range(&pools, "10.0.0.0/29");
	ck_assert_ptr_nonnull(old);
	ck_assert_ptr_eq(find_range(&pools, "10.0.0.3/29"), old);
	ck_assert_ptr_null(find_range(&pools, "10.0.0.0/30"));
	ck_assert_ptr_null(find_range(&pools, "10.0.1.0/29"));
	take_any(&pools, AF_INET, NULL, "10.0.0.2");
	ck_assert_int_eq(tscf_addr_parse("10.0.0.2", &a), 0);
	server_pool_settle(old, &a, client_a);

	server_pool_retire(old, true);
	ck_assert(server_pool_retired(old));
	ck_assert(!server_pools_have(&pools, AF_INET));
	ck_assert_uint_eq(server_pools_capacity(&pools, AF_INET), 0);
	ck_assert_uint_eq(server_pools_left(&pools), 0);
	take_any(&pools, AF_INET, "10.0.0.3", "");
	expect_recall(&pools, client_a, "");
	ck_assert(server_pools_contain(&pools, &a));
	ck_assert_ptr_eq(server_pools_next(&pools, NULL), old);
	server_pool_give(old, &a, NOW);
	ck_assert_int_eq(again(&pools, "10.0.0.2"), 0);

	add(&pools, "10.0.1.0/29");
	take_any(&pools, AF_INET, "10.0.0.3", "10.0.1.2");
	ck_assert_uint_eq(server_pools_left(&pools), 4);
	server_pool_retire(old, false);
	ck_assert_uint_eq(server_pools_left(&pools), 8);
	take_any(&pools, AF_INET, "10.0.0.3", "10.0.0.3");
	expect_recall(&pools, client_a, "10.0.0.2");
	server_pools_free(&pools);
}
END_TEST

/* What is remembered from before is given to others when there is nothing else, the oldest first, and to its client at
 * any time. */
START_TEST(remembered)
{
	static const uint8_t clients[3][SERVER_CLIENT_ID_SIZE] = {{1}, {2}, {3}};
	static const char *const texts[] = {"10.0.0.4", "10.0.0.2", "10.0.0.3"};
	struct server_pools pools = {NULL};
	struct tscf_addr a;

	add(&pools, "10.0.0.0/29");
	struct server_pool *pool = pools.first;

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(tscf_addr_parse(texts[i], &a), 0);
		ck_assert(server_pools_remember(&pools, &a, clients[i]));
	}
	ck_assert_int_eq(tscf_addr_parse("10.0.1.2", &a), 0);
	ck_assert(!server_pools_remember(&pools, &a, client_a));
	ck_assert_uint_eq(server_pool_used(pool), 0);
	expect_recall(&pools, clients[2], "10.0.0.3");
	take(pool, NULL, NOW, "10.0.0.5");
	take(pool, NULL, NOW, "10.0.0.6");
	take(pool, NULL, NOW, "10.0.0.4");
	settle(pool, "10.0.0.4", client_b);
	expect_recall(&pools, clients[0], "");
	ck_assert_int_eq(again(&pools, "10.0.0.3"), 0);
	take(pool, NULL, NOW, "10.0.0.2");
	take(pool, NULL, NOW, "");
	server_pools_free(&pools);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_pool");
	TCase *t = tcase_create("pool");

	tcase_add_test(t, small_pool);
	tcase_add_test(t, tiny_pools);
	tcase_add_test(t, end_of_space);
	tcase_add_test(t, reuse_waits);
	tcase_add_test(t, reuse_late);
	tcase_add_test(t, wishes);
	tcase_add_test(t, give_twice);
	tcase_add_test(t, large_pool);
	tcase_add_test(t, ipv6);
	tcase_add_test(t, several_ranges);
	tcase_add_loop_test(t, parts, 0, 2);
	tcase_add_test(t, parts_come_back);
	tcase_add_test(t, fewer_addresses_than_parts);
	tcase_add_test(t, sticky);
	tcase_add_test(t, remembered);
	tcase_add_test(t, retired_range);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
