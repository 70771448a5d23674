/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the client compares of its state in the kernel, and what it lets leave by no other device.
 */
#include "common/base/level.h"
#include "tests/unit/runner.h"
#include "tscf-client/kernel/barrier.h"
#include "tscf-client/kernel/routing.h"

#include <netinet/in.h>
#include <string.h>

#define BASE 7000

static struct client_config config = {
    .fwmark_mask = TSCF_MARK_MASK_DEFAULT, .rule_priority = BASE, .table_plain = 7453, .table_encrypted = 7454};

static struct routing_facts facts(void)
{
	struct routing_facts f = {.plain_device = 5, .encrypted_device = 6, .route_count = 1};
	ck_assert_int_eq(tscf_addr_parse("10.8.0.2", &f.plain.of[0]), 0);
	ck_assert_int_eq(tscf_prefix_parse("192.0.2.0/24", &f.routes[0]), 0);
	return f;
}

/* Ports that a packet's must be, taken together, are exactly those of the range. */
START_TEST(ports_are_split)
{
	static const struct tscf_port_range ranges[] = {
	    {5060, 5060}, {5060, 5069}, {1, 65534}, {10000, 20000}, {0, 65535}};
	for (unsigned r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
		struct tscf_port_bits bits[32];
		int n = tscf_port_bits_split(ranges[r].low, ranges[r].high, bits, 32);
		ck_assert_int_gt(n, 0);
		for (uint32_t port = 0; port <= UINT16_MAX; port++) {
			int hits = 0;
			for (int i = 0; i < n; i++)
				hits += (port & bits[i].mask) == bits[i].port;
			ck_assert_int_eq(hits, port >= ranges[r].low && port <= ranges[r].high);
		}
	}
	struct tscf_port_bits few[2];
	ck_assert_int_lt(tscf_port_bits_split(1, 65534, few, 2), 0);
}
END_TEST

START_TEST(difference)
{
	static struct routing_plan wanted, found;
	struct routing_facts f = facts();
	routing_make_plan(&config, &f, &wanted);
	found = wanted;
	struct routing_difference d = routing_compare(&wanted, &found);
	ck_assert(d.rules_missing == 0 && d.rules_extra == 0 && d.routes_missing == 0 && d.routes_extra == 0);
	found.rule_count -= 2;
	found.routes[0].device = 9;
	d = routing_compare(&wanted, &found);
	ck_assert(d.rules_missing == 2 && d.rules_extra == 0 && d.routes_missing == 1 && d.routes_extra == 1);
	found.rule_count = found.route_count = 0;
	d = routing_compare(&wanted, &found);
	ck_assert(d.rules_missing == wanted.rule_count && d.routes_missing == wanted.route_count);
}
END_TEST

/* With rules of others in front, each of ours that refuses has a copy before them that leads to ours. */
START_TEST(copies_in_front)
{
	static struct routing_plan plan;
	struct routing_facts f = facts();
	unsigned refusing = 0, copies = 0;
	f.front = true;
	f.front_priority = 219;
	routing_make_plan(&config, &f, &plan);
	for (unsigned i = 0; i < plan.rule_count; i++) {
		refusing += plan.rules[i].action == TSCF_RULE_PROHIBIT;
		copies += plan.rules[i].priority == 219 && plan.rules[i].action == TSCF_RULE_GOTO &&
			  plan.rules[i].target == BASE;
	}
	ck_assert_uint_gt(refusing, 0);
	ck_assert_uint_eq(refusing, copies);
	f.front = false;
	routing_make_plan(&config, &f, &plan);
	for (unsigned i = 0; i < plan.rule_count; i++)
		ck_assert_uint_ge(plan.rules[i].priority, BASE);
}
END_TEST

static unsigned blocks(const struct barrier *b, uint16_t port)
{
	unsigned n = 0;
	for (unsigned i = 0; i < b->count; i++)
		n += b->list[i].block && b->list[i].source_port.mask != 0 &&
		     (port & b->list[i].source_port.mask) == b->list[i].source_port.port;
	return n;
}

START_TEST(barrier_of_policies)
{
	static struct barrier b;
	static struct client_config with;
	struct routing_facts f = facts();
	with = config;
	with.policies = (struct policies){
	    .count = 1,
	    .list = {{.level = TSCF_LEVEL_ENCRYPTED_ONLY, .protocol = IPPROTO_UDP, .local_port = {5004, 5010}}}};
	barrier_plan(&with, &f, &b);
	ck_assert_uint_eq(blocks(&b, 5004), 1);
	ck_assert_uint_eq(blocks(&b, 5010), 1);
	ck_assert_uint_eq(blocks(&b, 5011), 0);
	/* What certain users may do in clear cannot be told from what others may not. */
	with.policies.list[1] = with.policies.list[0];
	with.policies.list[0] = (struct policy){.level = TSCF_LEVEL_UNENCRYPTED, .uid = {0, 0, true}};
	with.policies.count = 2;
	barrier_plan(&with, &f, &b);
	ck_assert_uint_eq(blocks(&b, 5004), 0);
	/* No two have the same selector and mark: one would take the other's place. */
	for (unsigned i = 0; i < b.count; i++)
		for (unsigned k = 0; k < i; k++) {
			struct tscf_xfrm_policy same = b.list[i];
			same.priority = b.list[k].priority;
			same.block = b.list[k].block;
			ck_assert(!tscf_xfrm_policy_equal(&same, &b.list[k]));
		}
}
END_TEST

/* The whole of a default level does not stay when the client stops, what policies and marks refuse does. */
START_TEST(barrier_of_default_level)
{
	static struct barrier b;
	static struct client_config with;
	struct routing_facts f = facts();
	with = config;
	barrier_plan(&with, &f, &b);
	unsigned least = b.count;
	with.default_level = TSCF_LEVEL_ENCRYPTED_ONLY;
	barrier_plan(&with, &f, &b);
	ck_assert_uint_gt(b.count, least);
	barrier_keep(&b);
	ck_assert_uint_lt(b.count, least);
	ck_assert_uint_gt(b.count, 0);
}
END_TEST

/** A packet as the kernel compares it with the barrier. */
struct outgoing {
	const char *from, *to;
	int device;
	uint32_t value; /* under the mask */
	uint8_t protocol;
	uint16_t source_port, destination_port;
};

static bool within(const struct tscf_prefix *p, const char *text)
{
	struct tscf_addr addr;
	ck_assert_int_eq(tscf_addr_parse(text, &addr), 0);
	return p->length == 0 || tscf_prefix_contains(p, &addr);
}

static bool has_port(struct tscf_port_bits bits, uint16_t port)
{
	return (port & bits.mask) == (bits.port & bits.mask);
}

static bool matches(const struct tscf_xfrm_policy *x, const struct outgoing *o)
{
	int family = strchr(o->to, ':') ? AF_INET6 : AF_INET;
	uint32_t mark = tscf_mark_set(0, config.fwmark_mask, o->value);
	return x->family == family && (x->device == 0 || x->device == o->device) && (mark & x->mask) == x->mark &&
	       (x->protocol == 0 || x->protocol == o->protocol) && within(&x->source, o->from) &&
	       within(&x->destination, o->to) && has_port(x->source_port, o->source_port) &&
	       has_port(x->destination_port, o->destination_port);
}

/** @return whether the packet is blocked: the matching policy of the lowest priority decides. */
static bool blocked(const struct barrier *b, struct outgoing o)
{
	const struct tscf_xfrm_policy *first = NULL;
	for (unsigned i = 0; i < b->count; i++)
		if (matches(&b->list[i], &o) && (!first || b->list[i].priority < first->priority))
			first = &b->list[i];
	return first && first->block;
}

enum device { LOOPBACK = 1, OTHER = 2, PLAIN = 5, ENCRYPTED = 6 };

/* Packets of encrypted-only sockets leave by the encrypted device, whether the socket or tscf-run has the level.  Of
 * IPv6, the kernel shows only multicast with its device. */
START_TEST(barrier_refuses_by_mark)
{
	static struct barrier b;
	struct routing_facts f = facts();
	uint32_t only = TSCF_LEVEL_ENCRYPTED_ONLY | (_i & 1 ? TSCF_MARK_EXPLICIT : 0);
	barrier_plan(&config, &f, &b);
	if (_i & 2)
		barrier_keep(&b);
	ck_assert(blocked(&b, (struct outgoing){"198.51.100.2", "192.0.2.7", OTHER, only, IPPROTO_UDP, 1, 2}));
	ck_assert(blocked(&b, (struct outgoing){"198.51.100.2", "239.1.2.3", OTHER, only, IPPROTO_UDP, 1, 2}));
	ck_assert(blocked(&b, (struct outgoing){"10.8.0.2", "192.0.2.7", PLAIN, only, IPPROTO_TCP, 1, 2}));
	ck_assert(blocked(&b, (struct outgoing){"2001:db8::2", "ff0e::1", OTHER, only, IPPROTO_UDP, 1, 2}));
	ck_assert(!blocked(&b, (struct outgoing){"10.8.0.2", "192.0.2.7", ENCRYPTED, only, IPPROTO_UDP, 1, 2}));
	ck_assert(!blocked(&b, (struct outgoing){"127.0.0.1", "127.0.0.1", LOOPBACK, only, IPPROTO_UDP, 1, 2}));
	ck_assert(!blocked(&b, (struct outgoing){"198.51.100.2", "192.0.2.7", OTHER, 0, IPPROTO_UDP, 1, 2}));
	ck_assert(!blocked(&b, (struct outgoing){"198.51.100.2", "192.0.2.7", OTHER,
						 TSCF_MARK_EXPLICIT | TSCF_LEVEL_UNENCRYPTED, IPPROTO_UDP, 1, 2}));
}
END_TEST

/* Packets from an internal address leave by our devices, while there is a client. */
START_TEST(barrier_refuses_by_source)
{
	static const char *const internal[] = {"10.8.0.2", "10.9.0.2"};
	static struct barrier b;
	struct routing_facts f = facts();
	uint32_t value = _i & 1 ? TSCF_MARK_EXPLICIT | TSCF_LEVEL_UNENCRYPTED : 0;
	ck_assert_int_eq(tscf_addr_parse("10.9.0.2", &f.encrypted.of[0]), 0);
	barrier_plan(&config, &f, &b);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert(blocked(&b, (struct outgoing){internal[i], "192.0.2.7", OTHER, value, IPPROTO_UDP, 1, 2}));
		ck_assert(!blocked(&b, (struct outgoing){internal[i], "192.0.2.7", PLAIN, value, IPPROTO_UDP, 1, 2}));
		ck_assert(
		    !blocked(&b, (struct outgoing){internal[i], "192.0.2.7", ENCRYPTED, value, IPPROTO_UDP, 1, 2}));
	}
	barrier_keep(&b);
	ck_assert(!blocked(&b, (struct outgoing){"10.8.0.2", "192.0.2.7", OTHER, value, IPPROTO_UDP, 1, 2}));
}
END_TEST

/* What a policy, or the default level, makes encrypted-only leaves by our devices, unless its socket has a level. */
START_TEST(barrier_refuses_by_setting)
{
	static struct barrier b;
	static struct client_config with;
	const bool by_policy = _i == 0;
	const uint32_t given = TSCF_MARK_EXPLICIT | TSCF_LEVEL_UNENCRYPTED;
	struct routing_facts f = facts();
	with = config;
	if (by_policy)
		with.policies = (struct policies){
		    .count = 1, .list = {{.level = TSCF_LEVEL_ENCRYPTED_ONLY, .remote = f.routes[0]}}};
	else
		with.default_level = TSCF_LEVEL_ENCRYPTED_ONLY;
	barrier_plan(&with, &f, &b);
	ck_assert(blocked(&b, (struct outgoing){"198.51.100.2", "192.0.2.7", OTHER, 0, IPPROTO_UDP, 1, 2}));
	ck_assert(blocked(&b, (struct outgoing){"198.51.100.2", "192.0.2.7", OTHER, 0, IPPROTO_TCP, 1, 2}));
	ck_assert(!blocked(&b, (struct outgoing){"198.51.100.2", "192.0.2.7", OTHER, given, IPPROTO_UDP, 1, 2}));
	ck_assert(!blocked(&b, (struct outgoing){"198.51.100.2", "192.0.3.7", OTHER, 0, IPPROTO_UDP, 1, 2}));
	ck_assert(!blocked(&b, (struct outgoing){"10.8.0.2", "192.0.2.7", PLAIN, 0, IPPROTO_UDP, 1, 2}));
	if (!by_policy)
		ck_assert(!blocked(&b, (struct outgoing){"198.51.100.2", "192.0.2.7", OTHER, 0, IPPROTO_UDP, 68, 67}));
	barrier_keep(&b);
	ck_assert_int_eq(blocked(&b, (struct outgoing){"198.51.100.2", "192.0.2.7", OTHER, 0, IPPROTO_UDP, 1, 2}),
			 by_policy);
}
END_TEST

/* Policies of others for all packets do not catch those from an internal IPv6 address, which go with the client. */
START_TEST(barrier_of_ipv6)
{
	static struct barrier b;
	struct routing_facts f = facts();
	unsigned exempt = 0;
	ck_assert_int_eq(tscf_addr_parse("2001:db8:8::2", &f.plain.of[1]), 0);
	barrier_plan(&config, &f, &b);
	for (unsigned i = 0; i < b.count; i++)
		exempt += !b.list[i].block && b.list[i].source.length == 128 &&
			  tscf_addr_equal(&b.list[i].source.addr, &f.plain.of[1]);
	/* With and without a level set on the socket. */
	ck_assert_uint_eq(exempt, 2);
	barrier_keep(&b);
	for (unsigned i = 0; i < b.count; i++)
		ck_assert_uint_eq(b.list[i].source.length, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("upkeep");
	TCase *tc = tcase_create("upkeep");
	tcase_add_test(tc, ports_are_split);
	tcase_add_test(tc, difference);
	tcase_add_test(tc, copies_in_front);
	tcase_add_test(tc, barrier_of_policies);
	tcase_add_test(tc, barrier_of_default_level);
	tcase_add_test(tc, barrier_of_ipv6);
	tcase_add_loop_test(tc, barrier_refuses_by_mark, 0, 4);
	tcase_add_loop_test(tc, barrier_refuses_by_source, 0, 2);
	tcase_add_loop_test(tc, barrier_refuses_by_setting, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
