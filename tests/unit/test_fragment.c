/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/fragment.h"
#include "tests/unit/runner.h"

#include <string.h>

#define NOW UINT64_C(1000000)

static struct tscf_fragments *table;

static void setup(void)
{
	table = tscf_fragments_new(1024);
	ck_assert_ptr_nonnull(table);
}

static void teardown(void)
{
	tscf_fragments_free(table);
}

static struct tscf_addr v4(uint32_t host)
{
	uint8_t bytes[4] = {(uint8_t)(host >> 24), (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host};

	return tscf_addr_v4(bytes);
}

/** A fragment of a UDP datagram from 10.0.0.2:5060 to 192.0.2.1:5062; a later one has no ports. */
static struct tscf_packet_info fragment(uint32_t id, bool first)
{
	struct tscf_packet_info info = {
	    .source = v4(0x0a000002),
	    .destination = v4(0xc0000201),
	    .fragment_id = id,
	    .version = 4,
	    .protocol = IPPROTO_UDP,
	    .fragment = true,
	    .first = first,
	};

	if (first) {
		info.source_port = 5060;
		info.destination_port = 5062;
	}
	return info;
}

static bool key_of(const struct tscf_packet_info *info, bool clear, uint64_t now, struct tscf_binding_key *key)
{
	memset(key, 0xee, sizeof(*key));
	return tscf_fragments_key(table, info, TSCF_FROM_LOCAL, clear, now, key);
}

/** @return whether a later fragment of datagram @p id is known, with the first one's ports. */
static bool known(uint32_t id, bool clear, uint64_t now)
{
	struct tscf_packet_info later = fragment(id, false);
	struct tscf_binding_key key;

	if (!key_of(&later, clear, now, &key))
		return false;
	ck_assert_uint_eq(key.local_port, 5060);
	ck_assert_uint_eq(key.remote_port, 5062);
	return true;
}

static void learn(uint32_t id, bool clear, uint64_t now)
{
	struct tscf_packet_info first = fragment(id, true);
	struct tscf_binding_key key;

	ck_assert(key_of(&first, clear, now, &key));
	ck_assert_uint_eq(key.local_port, 5060);
}

START_TEST(later_follows_first)
{
	ck_assert(!known(7, false, NOW));
	learn(7, false, NOW);
	ck_assert(known(7, false, NOW));
	ck_assert(known(7, false, NOW + TSCF_FRAGMENT_MS - 1));
	ck_assert(!known(7, false, NOW + TSCF_FRAGMENT_MS));
}
END_TEST

/* Every part of what identifies a datagram counts. */
START_TEST(other_datagrams_are_unknown)
{
	struct tscf_packet_info later;
	struct tscf_binding_key key;

	learn(7, false, NOW);
	ck_assert(!known(8, false, NOW));
	later = fragment(7, false);
	later.source = v4(0x0a000003);
	ck_assert(!key_of(&later, false, NOW, &key));
	later = fragment(7, false);
	later.destination = v4(0xc0000202);
	ck_assert(!key_of(&later, false, NOW, &key));
	later = fragment(7, false);
	later.protocol = IPPROTO_TCP;
	ck_assert(!key_of(&later, false, NOW, &key));
	later = fragment(7, false);
	ck_assert(!tscf_fragments_key(table, &later, TSCF_TO_LOCAL, false, NOW, &key));
	ck_assert(known(7, false, NOW));
}
END_TEST

START_TEST(kinds_do_not_mix)
{
	learn(7, false, NOW);
	ck_assert(!known(7, true, NOW));
	learn(8, true, NOW);
	ck_assert(!known(8, false, NOW));
	ck_assert(known(8, true, NOW));
}
END_TEST

/* A forged clear first fragment must not open the way for clear fragments of a datagram that came encrypted. */
START_TEST(clear_does_not_replace_encrypted)
{
	learn(7, false, NOW);
	learn(7, true, NOW + 1);
	ck_assert(!known(7, true, NOW + 2));
	ck_assert(known(7, false, NOW + 2));
	/* Once the encrypted datagram is forgotten the identification is free again. */
	learn(7, true, NOW + TSCF_FRAGMENT_MS);
	ck_assert(known(7, true, NOW + TSCF_FRAGMENT_MS));
}
END_TEST

START_TEST(encrypted_replaces_clear)
{
	learn(7, true, NOW);
	learn(7, false, NOW + 1);
	ck_assert(known(7, false, NOW + 2));
	ck_assert(!known(7, true, NOW + 2));
}
END_TEST

/* A flood of clear datagrams pushes out other clear ones only. */
START_TEST(clear_flood)
{
	for (uint32_t id = 0; id < 16; id++)
		learn(id, false, NOW);
	for (uint32_t id = 1000; id < 61000; id++)
		learn(id, true, NOW + 1);
	for (uint32_t id = 0; id < 16; id++)
		ck_assert(known(id, false, NOW + 2));
	ck_assert(known(60999, true, NOW + 2));
}
END_TEST

/* The oldest goes first: in a flood of encrypted datagrams, what came last is still known. */
START_TEST(oldest_is_overwritten)
{
	for (uint32_t id = 0; id < 60000; id++) {
		learn(id, false, NOW + id);
		ck_assert(known(id, false, NOW + id));
		if (id > 0)
			ck_assert(known(id - 1, false, NOW + id));
	}
	ck_assert(!known(0, false, NOW + 1));
}
END_TEST

/* With one slot: four datagrams fit, a fifth takes the place of the oldest, and a repeated first fragment makes its
 * datagram young. */
START_TEST(one_slot)
{
	tscf_fragments_free(table);
	table = tscf_fragments_new(1);
	ck_assert_ptr_nonnull(table);
	for (uint32_t id = 0; id < 4; id++)
		learn(id, false, NOW + id);
	learn(0, false, NOW + 4);
	learn(4, false, NOW + 5);
	ck_assert(!known(1, false, NOW + 6));
	ck_assert(known(0, false, NOW + 6) && known(2, false, NOW + 6) && known(3, false, NOW + 6) &&
		  known(4, false, NOW + 6));
	/* Clear ones have a slot of their own: a full one of the other kind leaves them their place, and loses none. */
	learn(9, true, NOW + 6);
	ck_assert(known(9, true, NOW + 6));
	ck_assert(known(0, false, NOW + 6) && known(2, false, NOW + 6) && known(3, false, NOW + 6) &&
		  known(4, false, NOW + 6));
	/* An expired one gives way before a younger one does. */
	learn(10, false, NOW + 2 + TSCF_FRAGMENT_MS);
	ck_assert(known(10, false, NOW + 2 + TSCF_FRAGMENT_MS));
	ck_assert(known(4, false, NOW + 2 + TSCF_FRAGMENT_MS));
}
END_TEST

/* The last first fragment decides, as the ports of the key. */
START_TEST(first_again_with_other_ports)
{
	struct tscf_packet_info first = fragment(7, true), later = fragment(7, false);
	struct tscf_binding_key key;

	learn(7, true, NOW);
	first.source_port = 9;
	ck_assert(key_of(&first, true, NOW, &key));
	ck_assert(key_of(&later, true, NOW, &key));
	ck_assert_uint_eq(key.local_port, 9);
}
END_TEST

/* Toward the client, its side is the destination. */
START_TEST(direction_to_local)
{
	struct tscf_packet_info first = fragment(7, true), later = fragment(7, false);
	struct tscf_binding_key key;

	ck_assert(tscf_fragments_key(table, &first, TSCF_TO_LOCAL, false, NOW, &key));
	ck_assert(tscf_fragments_key(table, &later, TSCF_TO_LOCAL, false, NOW, &key));
	ck_assert(tscf_addr_equal(&key.local, &first.destination));
	ck_assert_uint_eq(key.local_port, 5062);
	ck_assert_uint_eq(key.remote_port, 5060);
}
END_TEST

/* IPv6: the later fragments may show another protocol, namely that of a header between (RFC 8200, 4.5). */
START_TEST(ipv6_protocol_is_not_compared)
{
	static const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	struct tscf_packet_info first = fragment(0xdeadbeef, true), later = fragment(0xdeadbeef, false);
	struct tscf_binding_key key;

	first.version = later.version = 6;
	first.source = later.source = tscf_addr_v6(bytes);
	first.destination = later.destination = tscf_addr_v6(bytes);
	later.protocol = IPPROTO_DSTOPTS;
	ck_assert(key_of(&first, false, NOW, &key));
	ck_assert(key_of(&later, false, NOW, &key));
	ck_assert_uint_eq(key.protocol, IPPROTO_UDP);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("fragment");
	TCase *tc = tcase_create("fragment");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, later_follows_first);
	tcase_add_test(tc, other_datagrams_are_unknown);
	tcase_add_test(tc, kinds_do_not_mix);
	tcase_add_test(tc, clear_does_not_replace_encrypted);
	tcase_add_test(tc, encrypted_replaces_clear);
	tcase_add_test(tc, clear_flood);
	tcase_add_test(tc, oldest_is_overwritten);
	tcase_add_test(tc, one_slot);
	tcase_add_test(tc, first_again_with_other_ports);
	tcase_add_test(tc, direction_to_local);
	tcase_add_test(tc, ipv6_protocol_is_not_compared);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
