/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plan of rules and routes, and that the kernel follows it: every test is in a network namespace of its own.
 */
#include "common/base/log.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"
#include "tscf-client/kernel/routing.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define BASE            7000
#define TABLE_PLAIN     7453
#define TABLE_ENCRYPTED 7454

static struct client_config config = {.fwmark_mask = TSCF_MARK_MASK_DEFAULT,
				      .rule_priority = BASE,
				      .table_plain = TABLE_PLAIN,
				      .table_encrypted = TABLE_ENCRYPTED};

static struct routing_facts facts(enum dtte_gate gate, bool preferred)
{
	struct routing_facts f = {.gate = gate, .preferred = preferred, .route_count = 1};
	f.plain_device = f.encrypted_device = 1; /* lo: there is no other in a new namespace */
	ck_assert_int_eq(tscf_addr_parse("10.8.0.2", &f.plain.of[0]), 0);
	ck_assert_int_eq(tscf_prefix_parse("10.3.0.0/24", &f.routes[0]), 0);
	return f;
}

static const struct tscf_rule *find(const struct routing_plan *plan, int family, unsigned slot)
{
	for (unsigned i = 0; i < plan->rule_count; i++)
		if (plan->rules[i].family == family && plan->rules[i].priority == BASE + slot)
			return &plan->rules[i];
	return NULL;
}

/* What tscf-run has said has the same rules behind the policies, with a prohibit of its own. */
START_TEST(defaults_come_last)
{
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_OPEN, true);
	routing_make_plan(&config, &f, &plan);
	const struct tscf_rule *only = find(&plan, AF_INET, 39), *never = find(&plan, AF_INET6, 40);
	const struct tscf_rule *preferred = find(&plan, AF_INET, 41), *plain = find(&plan, AF_INET, 42);
	ck_assert(only && only->mark == 0x02000000 && only->mask == 0x07000000 && only->table == TABLE_ENCRYPTED);
	ck_assert(never && never->mark == 0x02000000 && never->action == TSCF_RULE_PROHIBIT);
	ck_assert(preferred && preferred->mark == 0x03000000 && preferred->table == TABLE_ENCRYPTED);
	ck_assert(plain && plain->table == TABLE_PLAIN);
}
END_TEST

/* A policy that the library applies has rules in its place, for its number alone. */
START_TEST(numbered_policy)
{
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_OPEN, true);
	struct policies *p = &config.policies;
	*p = (struct policies){.count = 2};
	p->list[0] = (struct policy){.protocol = 17, .level = TSCF_LEVEL_UNENCRYPTED};
	p->list[1] =
	    (struct policy){.place = 1, .program = "/bin/phone", .number = 3, .level = TSCF_LEVEL_ENCRYPTED_ONLY};
	routing_make_plan(&config, &f, &plan);
	for (unsigned slot = 9; slot <= 10; slot++) {
		const struct tscf_rule *r = find(&plan, AF_INET, slot);
		ck_assert(r && r->mark == 0x1a000000 && r->mask == TSCF_MARK_MASK_DEFAULT && r->protocol == 0);
		ck_assert_int_eq(r->action, slot == 9 ? TSCF_RULE_LOOKUP : TSCF_RULE_PROHIBIT);
	}
	p->count = 0;
}
END_TEST

/* Whatever the gate and the tunnel do, encrypted-only ends in a prohibit, in both families. */
START_TEST(only_is_always_prohibited_last)
{
	static const enum dtte_gate gates[] = {DTTE_GATE_HOLD, DTTE_GATE_OPEN, DTTE_GATE_SHUT};
	struct routing_plan plan;
	for (unsigned i = 0; i < 3; i++) {
		struct routing_facts f = facts(gates[i], gates[i] == DTTE_GATE_OPEN);
		routing_make_plan(&config, &f, &plan);
		const struct tscf_rule *v4 = find(&plan, AF_INET, 4), *v6 = find(&plan, AF_INET6, 4);
		ck_assert(v4 && v4->action == TSCF_RULE_PROHIBIT && v4->mark == 0x06000000);
		ck_assert(v6 && v6->action == TSCF_RULE_PROHIBIT && v6->mark == 0x06000000);
		ck_assert(!find(&plan, AF_INET6, 3));
		ck_assert_int_eq(find(&plan, AF_INET, 3) != NULL, gates[i] != DTTE_GATE_SHUT);
	}
}
END_TEST

static unsigned routes_in(const struct routing_plan *plan, uint32_t table)
{
	unsigned count = 0;
	for (unsigned i = 0; i < plan->route_count; i++)
		count += plan->routes[i].table == table;
	return count;
}

/* While the plain tunnel is away, nothing is led into it, and what has its address goes nowhere; encrypted-only sockets
 * are as before. */
START_TEST(away)
{
	struct routing_plan plan, before;
	struct routing_facts f = facts(DTTE_GATE_SHUT, false);
	config.routes_in_main = true;
	config.default_level = TSCF_LEVEL_ENCRYPTED_ONLY;
	routing_make_plan(&config, &f, &before);
	ck_assert_uint_eq(routes_in(&before, TABLE_PLAIN), 1);
	ck_assert_uint_eq(routes_in(&before, RT_TABLE_MAIN), 1);
	f.away = true;
	routing_make_plan(&config, &f, &plan);
	ck_assert_uint_eq(routes_in(&plan, TABLE_PLAIN), 0);
	ck_assert_uint_eq(routes_in(&plan, RT_TABLE_MAIN), 0);
	ck_assert_uint_eq(routes_in(&plan, TABLE_ENCRYPTED), 1);
	struct routing_difference d = routing_compare(&plan, &before);
	ck_assert_uint_eq(d.rules_extra, 0);
	ck_assert_uint_eq(d.rules_missing, 1);
	const struct tscf_rule *last = &plan.rules[0];
	for (unsigned i = 0; i < plan.rule_count; i++)
		if (plan.rules[i].priority == BASE + 45 && plan.rules[i].from.addr.family == AF_INET)
			last = &plan.rules[i];
	ck_assert(last->action == TSCF_RULE_PROHIBIT && tscf_addr_equal(&last->from.addr, &f.plain.of[0]));
	ck_assert(find(&plan, AF_INET, 44) && find(&plan, AF_INET, 44)->action == TSCF_RULE_PROHIBIT);
	config.routes_in_main = false;
	config.default_level = TSCF_LEVEL_DEFAULT;
}
END_TEST

/* Preferred: encrypted while up, plain else. */
START_TEST(preferred_follows_the_tunnel)
{
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_OPEN, true);
	routing_make_plan(&config, &f, &plan);
	const struct tscf_rule *r = find(&plan, AF_INET, 5);
	ck_assert(r && r->table == TABLE_ENCRYPTED && r->mark == 0x07000000);
	f = facts(DTTE_GATE_HOLD, false);
	routing_make_plan(&config, &f, &plan);
	ck_assert_ptr_null(find(&plan, AF_INET, 5));
	ck_assert_ptr_nonnull(find(&plan, AF_INET, 6));
}
END_TEST

/* On a trusted network the tunnel may be up for the sake of others: no rule leads preferred sockets there. */
START_TEST(preferred_is_plain_where_trusted)
{
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_OPEN, false);
	struct policies *p = &config.policies;
	*p = (struct policies){.count = 2};
	p->list[0] = (struct policy){.protocol = 17, .level = TSCF_LEVEL_ENCRYPTED_PREFERRED};
	p->list[1] = (struct policy){.place = 1, .protocol = 6, .level = TSCF_LEVEL_ENCRYPTED_ONLY};
	config.default_level = TSCF_LEVEL_ENCRYPTED_PREFERRED;
	routing_make_plan(&config, &f, &plan);
	ck_assert(!find(&plan, AF_INET, 5) && !find(&plan, AF_INET, 41) && !find(&plan, AF_INET, 7));
	ck_assert(!find(&plan, AF_INET, 43));
	ck_assert(find(&plan, AF_INET, 6) && find(&plan, AF_INET, 42) && find(&plan, AF_INET, 8));
	ck_assert(find(&plan, AF_INET, 3) && find(&plan, AF_INET, 39) && find(&plan, AF_INET, 9));
	config.default_level = TSCF_LEVEL_DEFAULT;
	p->count = 0;
}
END_TEST

/* A default level of encrypted-only prohibits the service routes, and only them, when there is no tunnel. */
START_TEST(default_level_only)
{
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_SHUT, false);
	config.default_level = TSCF_LEVEL_ENCRYPTED_ONLY;
	routing_make_plan(&config, &f, &plan);
	ck_assert_ptr_null(find(&plan, AF_INET, 43));
	const struct tscf_rule *r = find(&plan, AF_INET, 44);
	ck_assert(r && r->action == TSCF_RULE_PROHIBIT && r->to.length == 24);
	f = facts(DTTE_GATE_OPEN, true);
	routing_make_plan(&config, &f, &plan);
	ck_assert(find(&plan, AF_INET, 43) && find(&plan, AF_INET, 43)->table == TABLE_ENCRYPTED);
	config.default_level = TSCF_LEVEL_DEFAULT;
}
END_TEST

/* Both tables give the plain address as source; without an address there are no routes. */
START_TEST(routes)
{
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_HOLD, false);
	routing_make_plan(&config, &f, &plan);
	ck_assert_uint_eq(plan.route_count, 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert(tscf_addr_equal(&plan.routes[i].source, &f.plain.of[0]));
	f.plain.of[0].family = 0;
	routing_make_plan(&config, &f, &plan);
	ck_assert_uint_eq(plan.route_count, 0);
}
END_TEST

/* With an IPv6 address the same rules and routes are there for IPv6. */
START_TEST(both_families)
{
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_OPEN, true);
	ck_assert_int_eq(tscf_prefix_parse("2001:db8:3::/48", &f.routes[f.route_count++]), 0);
	routing_make_plan(&config, &f, &plan);
	ck_assert_uint_eq(plan.route_count, 2);
	ck_assert_int_eq(tscf_addr_parse("2001:db8:8::2", &f.plain.of[1]), 0);
	ck_assert_int_eq(tscf_addr_parse("2001:db8:9::2", &f.encrypted.of[1]), 0);
	routing_make_plan(&config, &f, &plan);
	ck_assert_uint_eq(plan.route_count, 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct tscf_route *r = &plan.routes[i];
		ck_assert_int_eq(r->source.family, r->destination.addr.family);
	}
	for (unsigned slot = 0; slot < CLIENT_RULE_SPAN; slot++) {
		const struct tscf_rule *r = find(&plan, AF_INET6, slot);
		ck_assert_int_eq(r != NULL, slot < 7 || (slot >= 39 && slot <= 42) || slot >= 45);
		ck_assert(!r || slot == 0 || slot == 2 || slot == 4 || slot == 40 || slot == 46 ||
			  r->table == (slot == 6 || slot == 42 || slot == 45 ? TABLE_PLAIN : TABLE_ENCRYPTED));
	}
	ck_assert_ptr_null(find(&plan, AF_INET, 1));
}
END_TEST

static unsigned mains(const struct routing_plan *plan)
{
	unsigned count = 0;
	for (unsigned i = 0; i < plan->route_count; i++)
		count += plan->routes[i].table == RT_TABLE_MAIN;
	return count;
}

/* Outer sockets go past our rules; with a default route of ours, by table main.  What leads to them is cut out of that.
 */
START_TEST(outer_goes_past)
{
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_OPEN, true);
	struct tscf_addr server;
	ck_assert_int_eq(tscf_addr_parse("10.3.0.77", &server), 0);
	config.routes_in_main = true;
	ck_assert(routing_keep_out(&f, &server));
	ck_assert(!routing_keep_out(&f, &server));
	routing_make_plan(&config, &f, &plan);
	const struct tscf_rule *jump = find(&plan, AF_INET, 0), *end = find(&plan, AF_INET, 46);
	ck_assert(jump && jump->action == TSCF_RULE_GOTO && jump->target == BASE + 46 && jump->mark == 0x04000000);
	ck_assert(end && end->action == TSCF_RULE_NOP);
	/* Of 24 bits eight halves are left; nothing leads to the server. */
	ck_assert_uint_eq(mains(&plan), 8);
	for (unsigned i = 0; i < plan.route_count; i++)
		ck_assert(plan.routes[i].table != RT_TABLE_MAIN ||
			  !tscf_prefix_contains(&plan.routes[i].destination, &server));
	unsigned rules = plan.rule_count;
	ck_assert_int_eq(tscf_prefix_parse("0.0.0.0/0", &f.routes[0]), 0);
	routing_make_plan(&config, &f, &plan);
	ck_assert_uint_eq(mains(&plan), 32);
	ck_assert_uint_eq(plan.rule_count, rules + 1);
	config.routes_in_main = false;
}
END_TEST

static unsigned rules_in_kernel(struct tscf_netlink *nl, struct tscf_rule **rules)
{
	unsigned foreign;
	int n = tscf_rule_list(nl, BASE, BASE + CLIENT_RULE_SPAN - 1, rules, &foreign);
	ck_assert_int_ge(n, 0);
	ck_assert_uint_eq(foreign, 0);
	return (unsigned)n;
}

static void check_kernel(struct tscf_netlink *nl, const struct routing_plan *plan)
{
	struct tscf_rule *rules = NULL;
	ck_assert_uint_eq(rules_in_kernel(nl, &rules), plan->rule_count);
	for (unsigned i = 0; i < plan->rule_count; i++) {
		bool there = false;
		for (unsigned k = 0; k < plan->rule_count; k++)
			there |= tscf_rule_equal(&plan->rules[i], &rules[k]);
		ck_assert(there);
	}
	free(rules);
}

/* The kernel has what is planned, through every change of the gate; a second client adopts it, and only the prohibit
 * stays if asked. */
START_TEST(kernel_follows)
{
	static const enum dtte_gate gates[] = {DTTE_GATE_HOLD, DTTE_GATE_OPEN, DTTE_GATE_SHUT, DTTE_GATE_OPEN};
	struct tscf_netlink *nl;
	struct routing routing, heir;
	struct routing_plan plan;
	struct tscf_rule *rules = NULL;
	tscf_netns_enter();
	ck_assert_int_eq(tscf_netlink_open(&nl), 0);
	ck_assert_int_eq(tscf_link_up(nl, 1, 1400), 0);
	struct routing_facts f = facts(DTTE_GATE_HOLD, false);
	struct tscf_prefix address;
	ck_assert_int_eq(tscf_prefix_parse("10.8.0.2/32", &address), 0);
	ck_assert_int_eq(tscf_addr_add(nl, 1, &address), 0);
	ck_assert_int_eq(routing_adopt(&routing, nl, &config), 0);
	for (unsigned i = 0; i < 4; i++) {
		f.gate = gates[i];
		f.preferred = gates[i] == DTTE_GATE_OPEN;
		routing_make_plan(&config, &f, &plan);
		ck_assert_int_eq(routing_apply(&routing, &plan), 0);
		check_kernel(nl, &plan);
	}
	/* Routes are the sign that their owner lives: they go with its devices. */
	tscf_log_init("test", TSCF_LOG_ERROR);
	ck_assert_int_eq(routing_adopt(&heir, nl, &config), -EEXIST);
	tscf_netns_run("ip route flush table 7453; ip route flush table 7454");
	ck_assert_int_eq(routing_adopt(&heir, nl, &config), 0);
	ck_assert_uint_eq(heir.current.rule_count, plan.rule_count);
	ck_assert_int_eq(routing_apply(&heir, &plan), 0);
	check_kernel(nl, &plan);
	routing_remove(&heir, true);
	ck_assert_uint_eq(rules_in_kernel(nl, &rules), 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(rules[i].action == TSCF_RULE_PROHIBIT);
	free(rules);
	ck_assert_int_eq(routing_adopt(&heir, nl, &config), 0);
	routing_remove(&heir, false);
	ck_assert_uint_eq(rules_in_kernel(nl, &rules), 0);
	free(rules);
	tscf_netlink_close(nl);
}
END_TEST

/* Priorities or tables of somebody else are not taken. */
START_TEST(foreign_is_refused)
{
	struct tscf_netlink *nl;
	struct routing routing;
	tscf_netns_enter();
	tscf_log_init("test", TSCF_LOG_ERROR);
	ck_assert_int_eq(tscf_netlink_open(&nl), 0);
	tscf_netns_run("ip rule add priority 7004 fwmark 9 lookup main");
	ck_assert_int_eq(routing_adopt(&routing, nl, &config), -EEXIST);
	tscf_netns_run("ip rule del priority 7004");
	tscf_netns_run("ip link set lo up");
	tscf_netns_run("ip route add 192.0.2.0/24 dev lo table 7454");
	ck_assert_int_eq(routing_adopt(&routing, nl, &config), -EEXIST);
	tscf_netlink_close(nl);
}
END_TEST

/* Encrypted-only ends in a prohibit and the others at the rest, with every selector, in both families; and the kernel
 * takes all of it and gives it back. */
/* An address that a route leads to is one that packets can be sent to. */
START_TEST(sample)
{
	static const char *const pairs[][2] = {
	    {"0.0.0.0/0", "1.0.0.1"},          {"10.1.2.3/8", "10.0.0.1"},  {"203.0.113.0/30", "203.0.113.1"},
	    {"203.0.113.2/31", "203.0.113.2"}, {"10.9.9.9/32", "10.9.9.9"}, {"2001:db8::/64", "2001:db8::1"},
	};
	char text[TSCF_ADDR_TEXT];
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct tscf_prefix p;
		ck_assert_int_eq(tscf_prefix_parse(pairs[i][0], &p), 0);
		struct tscf_addr addr = routing_sample(&p);
		ck_assert_str_eq(tscf_addr_format(&addr, text), pairs[i][1]);
	}
}
END_TEST

START_TEST(policies)
{
	struct tscf_netlink *nl;
	struct routing routing;
	struct routing_plan plan;
	struct routing_facts f = facts(DTTE_GATE_SHUT, false);
	struct policies *p = &config.policies;
	tscf_netns_enter();
	*p = (struct policies){.count = 3};
	p->list[0] = (struct policy){.uid = {0, 0, true}, .level = TSCF_LEVEL_UNENCRYPTED};
	p->list[1] =
	    (struct policy){.place = 1, .protocol = 17, .local_port = {5060, 5069}, .level = TSCF_LEVEL_ENCRYPTED_ONLY};
	p->list[2] = (struct policy){.place = 2, .remote_port = {443, 443}, .level = TSCF_LEVEL_ENCRYPTED_PREFERRED};
	ck_assert_int_eq(tscf_prefix_parse("10.3.0.0/25", &p->list[2].remote), 0);
	routing_make_plan(&config, &f, &plan);
	for (unsigned i = 0; i < 2; i++) {
		int family = tscf_family(i);
		const struct tscf_rule *r = find(&plan, family, 8);
		ck_assert(r && r->action == TSCF_RULE_GOTO && r->target == BASE + 45 && r->uid.given);
		r = find(&plan, family, 10);
		ck_assert(r && r->action == TSCF_RULE_PROHIBIT && r->source_port.high == 5069 && r->protocol == 17);
		ck_assert(r->mask == 0x04000000 && r->mark == 0);
		ck_assert(find(&plan, family, 45) && !find(&plan, family, 9) && !find(&plan, family, 11));
	}
	ck_assert(find(&plan, AF_INET, 12) && !find(&plan, AF_INET6, 12));
	ck_assert_int_eq(tscf_netlink_open(&nl), 0);
	struct tscf_prefix address;
	ck_assert_int_eq(tscf_link_up(nl, 1, 1500), 0);
	ck_assert_int_eq(tscf_prefix_parse("10.8.0.2/32", &address), 0);
	ck_assert_int_eq(tscf_addr_add(nl, 1, &address), 0);
	ck_assert_int_eq(routing_adopt(&routing, nl, &config), 0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(routing_apply(&routing, &plan), 0);
		check_kernel(nl, &plan);
		f = facts(DTTE_GATE_OPEN, true);
		routing_make_plan(&config, &f, &plan);
		ck_assert(find(&plan, AF_INET, 9) && find(&plan, AF_INET, 11));
	}
	routing_remove(&routing, false);
	p->count = 0;
	plan.rule_count = 0;
	check_kernel(nl, &plan);
	tscf_netlink_close(nl);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client routing");
	TCase *tc = tcase_create("plan");
	tcase_add_test(tc, only_is_always_prohibited_last);
	tcase_add_test(tc, defaults_come_last);
	tcase_add_test(tc, numbered_policy);
	tcase_add_test(tc, away);
	tcase_add_test(tc, preferred_follows_the_tunnel);
	tcase_add_test(tc, preferred_is_plain_where_trusted);
	tcase_add_test(tc, default_level_only);
	tcase_add_test(tc, routes);
	tcase_add_test(tc, both_families);
	tcase_add_test(tc, outer_goes_past);
	suite_add_tcase(suite, tc);
	tc = tcase_create("kernel");
	tcase_add_test(tc, kernel_follows);
	tcase_add_test(tc, foreign_is_refused);
	tcase_add_test(tc, policies);
	tcase_add_test(tc, sample);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
