/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the guard is told: addresses and prefixes of both families in one form, policies in their order, and the moment
 * between two rules. */
#include "tests/unit/runner.h"
#include "tscf-client/guard/guard_plan.h"

#include <arpa/inet.h>
#include <string.h>

static const struct guard_place places[POLICIES_MAX] = {[1] = {.inode = 77, .device = 5}};

static struct client_config config(void)
{
	struct client_config c = {
	    .fwmark_mask = 0x700, .encrypted_dev = (char *)"tscf1", .default_level = TSCF_LEVEL_ENCRYPTED_ONLY};
	struct policy *p = c.policies.list;

	c.policies.count = 2;
	p[0] = (struct policy){.uid = {0, 0, true}, .local_port = {5060, 5069}, .level = TSCF_LEVEL_ENCRYPTED_ONLY};
	ck_assert_int_eq(tscf_prefix_parse("2001:db8::ff/20", &p[0].remote), 0);
	p[1] = (struct policy){.number = 3, .program = "/usr/bin/phone", .dscps = 1, .level = TSCF_LEVEL_UNENCRYPTED};
	return c;
}

static struct routing_facts facts(void)
{
	struct routing_facts f = {.plain_device = 7, .encrypted_device = 8, .preferred = true, .route_count = 1};

	ck_assert_int_eq(tscf_addr_parse("10.9.0.2", &f.encrypted.of[0]), 0);
	ck_assert_int_eq(tscf_prefix_parse("192.0.2.77/26", &f.routes[0]), 0);
	return f;
}

START_TEST(everything_is_told)
{
	struct client_config c = config();
	struct routing_facts f = facts();
	struct guard_net net = {.since = 5, .client = 6};

	guard_plan(&c, places, &f, &net);
	ck_assert(net.since == 5 && net.client == 6 && net.plain == 7 && net.encrypted == 8);
	ck_assert(net.mask == 0x700 && net.shift == 8 && net.preferred == 1 &&
		  net.default_level == TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_str_eq(net.device, "tscf1");
	ck_assert(net.has_native && net.native[0][3] == inet_addr("10.9.0.2") && net.native[0][2] == htonl(0xffff));
	ck_assert(net.route_count == 1 && net.routes[0].mask[2] == UINT32_MAX);
	ck_assert(net.routes[0].addr[3] == inet_addr("192.0.2.64") &&
		  net.routes[0].mask[3] == inet_addr("255.255.255.192"));
}
END_TEST

START_TEST(policies_keep_their_order)
{
	struct client_config c = config();
	struct routing_facts f = facts();
	struct guard_net net = {0};
	const struct guard_policy *p = net.policies;

	guard_plan(&c, places, &f, &net);
	ck_assert(net.policy_count == 2);
	ck_assert(p[0].flags == (GUARD_POLICY_UID | GUARD_POLICY_REMOTE) && p[0].uid_high == 0 &&
		  p[0].local_high == 5069);
	ck_assert(p[0].remote.addr[0] == htonl(0x20010000) && p[0].remote.mask[0] == htonl(0xfffff000));
	ck_assert(p[0].remote.mask[1] == 0 && p[0].level == TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert(p[1].flags == GUARD_POLICY_PROGRAM && p[1].number == 3 && p[1].level == TSCF_LEVEL_UNENCRYPTED);
	ck_assert(net.numbered == 1 && p[1].dscps == 1);
	ck_assert(p[1].program.place.inode == 77 && p[1].program.place.device == 5 && p[1].program.length == 5);
	ck_assert_str_eq((const char *)p[1].program.name, "phone");
}
END_TEST

/* What is kept with sockets about the policies is out of date exactly when these are others. */
START_TEST(other_policies_are_another_generation)
{
	struct client_config c = config();
	struct routing_facts f = facts();
	struct guard_net net = {.generation = UINT32_MAX - 2};
	__u32 first;

	guard_plan(&c, places, &f, &net);
	first = net.generation;
	ck_assert_uint_eq(first, UINT32_MAX);
	f.preferred = false;
	guard_plan(&c, places, &f, &net);
	ck_assert_uint_eq(net.generation, first);
	c.policies.list[1].dscps = 2;
	guard_plan(&c, places, &f, &net);
	ck_assert_msg(net.generation != first && net.generation != 0, "0 is for sockets that have none");
}
END_TEST

/* A client that starts knows no routes; those of the one before it hold until it does. */
START_TEST(routes_are_not_forgotten)
{
	struct client_config c = config();
	struct routing_facts f = facts();
	struct guard_net net = {0};

	guard_plan(&c, places, &f, &net);
	f.route_count = 0;
	guard_plan(&c, places, &f, &net);
	ck_assert(net.route_count == 1);
}
END_TEST

START_TEST(between_two_rules)
{
	struct guard_net plain = {0}, moved = {.preferred = 1}, now;

	now = moved;
	guard_plan_between(&plain, &now);
	ck_assert_msg(!now.preferred, "sockets that are moved next still follow the old rule");
	now = plain;
	guard_plan_between(&moved, &now);
	ck_assert_msg(!now.preferred, "sockets that are moved back may go before the rule does");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client guard");
	TCase *plan = tcase_create("plan");

	tcase_add_test(plan, everything_is_told);
	tcase_add_test(plan, policies_keep_their_order);
	tcase_add_test(plan, other_policies_are_another_generation);
	tcase_add_test(plan, routes_are_not_forgotten);
	tcase_add_test(plan, between_two_rules);
	suite_add_tcase(suite, plan);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
