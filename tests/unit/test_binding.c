/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/binding.h"
#include "tests/unit/runner.h"

#include <stdlib.h>
#include <string.h>

#define NOW  UINT64_C(1000000)
#define MANY 100000U

static struct tscf_bindings *table;
/* Two owners, told apart by their addresses, as sessions are. */
static struct tscf_binding_list encrypted, plain;

static void setup(void)
{
	table = tscf_bindings_new();
	ck_assert_ptr_nonnull(table);
	memset(&encrypted, 0, sizeof(encrypted));
	memset(&plain, 0, sizeof(plain));
}

static void count_state(void *context, struct tscf_binding *b)
{
	unsigned *of_state = context;

	of_state[b->state]++;
}

static void teardown(void)
{
	unsigned of_state[TSCF_BINDING_STATES] = {0};

	tscf_bindings_each(table, count_state, of_state);
	for (unsigned n = 0; n < TSCF_BINDING_STATES; n++)
		ck_assert_uint_eq(tscf_bindings_in_state(table, (enum tscf_binding_state)n), of_state[n]);
	tscf_bindings_free(table);
	/* A freed table leaves no pointers behind in its owners. */
	ck_assert_ptr_null(encrypted.first);
	ck_assert_ptr_null(plain.first);
	ck_assert_uint_eq(encrypted.count, 0);
	ck_assert_uint_eq(plain.count, 0);
}

static struct tscf_addr v4(uint32_t host)
{
	uint8_t bytes[4] = {(uint8_t)(host >> 24), (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host};

	return tscf_addr_v4(bytes);
}

#define LOCAL  0x0a000002U
#define REMOTE 0xc0000201U

/** A key; 0 for a wildcard. */
static struct tscf_binding_key key(uint8_t protocol, uint32_t local, uint16_t port, uint32_t remote,
				   uint16_t remote_port)
{
	struct tscf_binding_key k;

	/* Padding must not matter. */
	memset(&k, 0x5a, sizeof(k));
	k.protocol = protocol;
	k.local = v4(local);
	k.local_port = port;
	k.remote = remote ? v4(remote) : (struct tscf_addr){0};
	k.remote_port = remote_port;
	return k;
}

static struct tscf_binding *bind_key(struct tscf_binding_key k, enum tscf_level level)
{
	struct tscf_binding *b = tscf_bindings_bind(table, &k, level, &encrypted, &encrypted);

	ck_assert_ptr_nonnull(b);
	return b;
}

static struct tscf_binding *bind_port(uint16_t port)
{
	return bind_key(key(IPPROTO_UDP, LOCAL, port, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);
}

static struct tscf_binding *shield_port(uint16_t port)
{
	struct tscf_binding_key k = key(IPPROTO_UDP, LOCAL, port, 0, 0);
	struct tscf_binding *b = tscf_bindings_shield(table, &k, &plain, &plain);

	ck_assert_ptr_nonnull(b);
	return b;
}

static struct tscf_binding *find(struct tscf_binding_key k, uint64_t now)
{
	return tscf_bindings_find(table, &k, now);
}

/** Find what decides on a UDP packet of the socket with @p port. */
static struct tscf_binding *find_port(uint16_t port, uint64_t now)
{
	return find(key(IPPROTO_UDP, LOCAL, port, REMOTE, 5060), now);
}

/** Check that an owner's list is whole: every link in place, every entry its own, the count right. */
static void check_list(struct tscf_binding_list *list)
{
	struct tscf_binding **link = &list->first;
	unsigned count = 0;

	for (struct tscf_binding *b = list->first; b; b = b->owner_next) {
		ck_assert_ptr_eq(b->owner_link, link);
		ck_assert_ptr_eq(b->owner, list);
		link = &b->owner_next;
		count++;
	}
	ck_assert_uint_eq(list->count, count);
}

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
	Suite *suite = suite_create("binding");
	TCase *states = tcase_create("states"), *lookup = tcase_create("lookup"), *life = tcase_create("life");

	tcase_add_checked_fixture(states, setup, teardown);
	tcase_add_test(states, empty_table);
	tcase_add_test(states, bind_is_active);
	tcase_add_test(states, bind_again);
	tcase_add_test(states, bind_without_list);
	tcase_add_test(states, release_then_bind);
	tcase_add_test(states, release_again);
	tcase_add_test(states, bury);
	tcase_add_test(states, tombstone_binds_and_releases);
	tcase_add_test(states, shield_new);
	tcase_add_test(states, shield_leaves_active_alone);
	tcase_add_test(states, shield_over_released_and_tombstone);
	tcase_add_test(states, shield_ends);
	suite_add_tcase(suite, states);

	tcase_add_checked_fixture(lookup, setup, teardown);
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
	tcase_set_timeout(lookup, 60);
	suite_add_tcase(suite, lookup);

	tcase_add_checked_fixture(life, setup, teardown);
	tcase_add_test(life, owner_goes);
	tcase_add_test(life, list_links);
	tcase_add_test(life, expire_is_bounded);
	tcase_add_test(life, expire_survives_removal_of_its_place);
	tcase_add_test(life, each_may_remove);
	suite_add_tcase(suite, life);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
