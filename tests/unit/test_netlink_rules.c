/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules, compared with what iproute2 says of them, and the way that they give to packets. */
#include "common/packet/batch.h"
#include "tests/unit/netlink_case.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULES "ip -d rule; ip -6 -d rule"

/** A rule and how iproute2 shows it. */
static const struct {
	int family;
	uint32_t mark, mask;
	const char *from, *to;
	enum tscf_rule_action action;
	uint32_t table;
	const char *shown;
} rules[] = {
    {AF_INET, MARK, MASK, NULL, NULL, TSCF_RULE_LOOKUP, 5000,
     "200:\tfrom all fwmark 0x2000000/0x7000000 lookup 5000 proto 204"},
    {AF_INET6, MARK, MASK, NULL, NULL, TSCF_RULE_LOOKUP, 5000,
     "200:\tfrom all fwmark 0x2000000/0x7000000 lookup 5000 proto 204"},
    {AF_INET, MARK, MASK, NULL, NULL, TSCF_RULE_PROHIBIT, 0,
     "200:\tfrom all fwmark 0x2000000/0x7000000 prohibit proto 204"},
    {AF_INET6, MARK, MASK, NULL, NULL, TSCF_RULE_PROHIBIT, 0,
     "200:\tfrom all fwmark 0x2000000/0x7000000 prohibit proto 204"},
    {AF_INET, 0, MASK, NULL, NULL, TSCF_RULE_LOOKUP, 254, "200:\tfrom all fwmark 0/0x7000000 lookup main proto 204"},
    {AF_INET, 0, 0, "10.7.0.5/32", NULL, TSCF_RULE_LOOKUP, 5000, "200:\tfrom 10.7.0.5 lookup 5000 proto 204"},
    {AF_INET, 0, 0, "10.7.0.5/16", "192.0.2.1/24", TSCF_RULE_LOOKUP, 100,
     "200:\tfrom 10.7.0.0/16 to 192.0.2.0/24 lookup 100 proto 204"},
    {AF_INET6, MARK, MASK, "2001:db8:7::5/128", "2001:db8::/32", TSCF_RULE_LOOKUP, 5000,
     "200:\tfrom 2001:db8:7::5 to 2001:db8::/32 fwmark 0x2000000/0x7000000 lookup 5000 proto 204"},
    {AF_INET, 0, 0, NULL, NULL, TSCF_RULE_LOOKUP, 5000, "200:\tfrom all lookup 5000 proto 204"},
};

static struct tscf_rule rule_at(int i)
{
	struct tscf_rule r = {.family = rules[i].family,
			      .priority = 200,
			      .mark = rules[i].mark,
			      .mask = rules[i].mask,
			      .action = rules[i].action,
			      .table = rules[i].table};

	if (rules[i].from)
		r.from = prefix(rules[i].from);
	if (rules[i].to)
		r.to = prefix(rules[i].to);
	return r;
}

static int del_rule(const struct tscf_rule *rule)
{
	const struct tscf_rule *failed;

	return tscf_rules_del(nl, &rule, 1, &failed);
}

START_TEST(rule_round_trip)
{
	struct tscf_rule r = rule_at(_i), *listed;
	unsigned before = count_lines(RULES, NULL), foreign;

	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(tscf_rule_add(nl, &r), 0);
		check_lines(RULES, rules[_i].shown, 1);
		ck_assert_uint_eq(count_lines(RULES, NULL), before + 1);
	}
	ck_assert_int_eq(tscf_rule_list(nl, 200, 200, &listed, &foreign), 1);
	ck_assert_uint_eq(foreign, 0);
	ck_assert(tscf_rule_equal(&listed[0], &r));
	free(listed);
	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(del_rule(&r), 0);
		ck_assert_uint_eq(count_lines(RULES, NULL), before);
	}
}
END_TEST

/** Rules that differ in one part only live side by side, and each is deleted without touching the others. */
START_TEST(rules_of_one_priority)
{
	const int count = sizeof(rules) / sizeof(rules[0]);
	unsigned before = count_lines(RULES, NULL);
	struct tscf_rule r;

	for (int i = 0; i < count; i++) {
		r = rule_at(i);
		ck_assert_int_eq(tscf_rule_add(nl, &r), 0);
	}
	ck_assert_uint_eq(count_lines(RULES, NULL), before + (unsigned)count);
	for (int i = 0; i < count; i++) {
		r = rule_at(i);
		ck_assert_int_eq(del_rule(&r), 0);
		ck_assert_uint_eq(count_lines(RULES, NULL), before + (unsigned)(count - i - 1));
		for (int j = i + 1; j < count; j++)
			ck_assert_uint_ge(count_lines(RULES, rules[j].shown), 1);
	}
}
END_TEST

/** The kernel deletes the first rule that fits the request: one that says more would go instead. */
START_TEST(rule_the_kernel_cannot_tell_apart)
{
	struct tscf_rule narrow = {.family = AF_INET,
				   .priority = 200,
				   .mark = MARK,
				   .mask = MASK,
				   .table = 5000,
				   .from = prefix("10.7.0.5/32")};
	struct tscf_rule wide = narrow;

	memset(&wide.from, 0, sizeof(wide.from));
	ck_assert_int_eq(tscf_rule_add(nl, &narrow), 0);
	ck_assert_int_eq(tscf_rule_add(nl, &wide), 0);
	check_lines("ip rule show pref 200", NULL, 2);
	ck_assert_int_eq(del_rule(&wide), -ENOTUNIQ);
	check_lines("ip rule show pref 200", NULL, 2);
	ck_assert_int_eq(del_rule(&narrow), 0);
	ck_assert_int_eq(del_rule(&wide), 0);
	check_lines("ip rule show pref 200", NULL, 0);
}
END_TEST

/** Of both families, with one that is not there and one that cannot be told apart until another has gone. */
START_TEST(rules_deleted_together)
{
	struct tscf_rule narrow = rule_at(5), wide = narrow, ipv6 = rule_at(1), absent = rule_at(6);
	const struct tscf_rule *hasty[] = {&wide, &ipv6}, *all[] = {&absent, &narrow, &wide}, *failed = NULL;

	memset(&wide.from, 0, sizeof(wide.from));
	ck_assert_int_eq(tscf_rule_add(nl, &narrow), 0);
	ck_assert_int_eq(tscf_rule_add(nl, &wide), 0);
	ck_assert_int_eq(tscf_rule_add(nl, &ipv6), 0);
	ck_assert_int_eq(tscf_rules_del(nl, hasty, 2, &failed), -ENOTUNIQ);
	ck_assert_ptr_eq(failed, &wide);
	check_lines("ip rule show pref 200", NULL, 2);
	check_lines("ip -6 rule show pref 200", NULL, 0);
	ck_assert_int_eq(tscf_rules_del(nl, all, 3, &failed), 0);
	check_lines("ip rule show pref 200", NULL, 0);
	ck_assert_int_eq(tscf_rules_del(nl, all, 0, &failed), 0);
}
END_TEST

/**
 * Others' rules: the same but for the owner, without an owner, and with our tag but a selector that is none of ours.
 */
START_TEST(foreign_rules_stay)
{
	const char *foreign_rule = "fwmark 0x2000000/0x7000000 lookup 5000 pref 200";
	struct tscf_rule r = rule_at(_i), *listed;
	unsigned foreign;

	tscf_netns_run("ip rule add %s; ip -6 rule add %s protocol static", foreign_rule, foreign_rule);
	tscf_netns_run("ip rule add pref 200 iif lo lookup 5000 protocol 204; ip rule add pref 201 lookup 5000");
	ck_assert_int_eq(del_rule(&r), 0);
	check_lines(RULES, NULL, 9);
	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(tscf_rule_add(nl, &r), 0);
		check_lines(RULES, rules[_i].shown, 1);
		check_lines(RULES, NULL, 10);
	}
	ck_assert_int_eq(tscf_rule_list(nl, 200, 200, &listed, &foreign), 1);
	ck_assert_uint_eq(foreign, 3);
	ck_assert(tscf_rule_equal(&listed[0], &r));
	free(listed);
	ck_assert_int_eq(del_rule(&r), 0);
	ck_assert_int_eq(del_rule(&r), 0);
	check_lines(RULES, rules[_i].shown, 0);
	check_lines(RULES, NULL, 9);
	ck_assert_int_eq(tscf_rule_list(nl, 201, 300, &listed, &foreign), 0);
	ck_assert_uint_eq(foreign, 1);
	free(listed);
}
END_TEST

START_TEST(rule_comparison)
{
	struct tscf_rule a = rule_at(7), b = a;

	ck_assert(tscf_rule_equal(&a, &b));
	b.mark |= 1;
	ck_assert_msg(tscf_rule_equal(&a, &b), "bits outside the mask do not count");
	b.from = prefix("2001:db8:7::6/128");
	ck_assert(!tscf_rule_equal(&a, &b));
	b = a;
	b.table++;
	ck_assert(!tscf_rule_equal(&a, &b));
	a.action = b.action = TSCF_RULE_PROHIBIT;
	ck_assert_msg(tscf_rule_equal(&a, &b), "prohibit has no table");
	b.to = prefix("::/0");
	ck_assert(!tscf_rule_equal(&a, &b));
	memset(&a.to, 0, sizeof(a.to));
	ck_assert_msg(tscf_rule_equal(&a, &b), "a prefix of no bits is any");
}
END_TEST

/** Wait for one packet from the tunnel.  @return its UDP payload's first byte, or -1 if nothing came. */
static int packet_from(struct tscf_tun *t, struct tscf_ring *ring, int family, int wait_ms)
{
	struct pollfd pfd = {.fd = t->fd, .events = POLLIN};
	struct tscf_batch batch;
	uint32_t offset = family == AF_INET ? 28 : 48;

	if (poll(&pfd, 1, wait_ms) != 1)
		return -1;
	ck_assert_int_eq(tscf_tun_read(t, ring, &batch), 0);
	ck_assert_uint_eq(batch.count, 1);
	ck_assert_uint_gt(batch.packet[0]->length, offset);
	return batch.packet[0]->data[offset];
}

static int marked_connected_socket(int family, const char *peer)
{
	uint32_t mark = MARK | 1;
	union tscf_endpoint to;
	struct tscf_addr a = addr(peer);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	tscf_endpoint_make(&a, 5004, &to);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	ck_assert_int_eq(connect(fd, &to.sa, tscf_endpoint_size(&to)), 0);
	return fd;
}

static const struct {
	int family;
	const char *local, *all, *peer;
} switches[] = {
    {AF_INET, "10.7.0.5/32", "0.0.0.0/0", "192.0.2.1"},
    {AF_INET6, "2001:db8:7::5/128", "::/0", "2001:db8:99::1"},
};

/** One change of a rule moves a connected socket with its next packet: there, back, and to prohibit. */
START_TEST(switch_moves_connected_socket)
{
	int family = switches[_i].family, fd;
	struct tscf_prefix local = prefix(switches[_i].local);
	struct tscf_route first = {.destination = prefix(switches[_i].all), .source = local.addr, .table = 5000};
	struct tscf_route second = first;
	struct tscf_rule to_first = {.family = family, .priority = 200, .mark = MARK, .mask = MASK, .table = 5000};
	struct tscf_rule to_second = to_first, prohibit = to_first;
	struct tscf_ring *ring = tscf_ring_new(TSCF_PACKET_MAX);
	struct tscf_tun other;

	ck_assert_int_eq(tscf_tun_open(&other, "t1", true, TSCF_URGENT_DSCPS), 0);
	ck_assert_int_eq(tscf_link_up(nl, other.index, 1340), 0);
	first.device = tun.index;
	second.device = other.index;
	second.table = to_second.table = 5001;
	prohibit.action = TSCF_RULE_PROHIBIT;
	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &local), 0);
	ck_assert_int_eq(tscf_route_add(nl, &first), 0);
	ck_assert_int_eq(tscf_route_add(nl, &second), 0);
	ck_assert_int_eq(tscf_rule_add(nl, &to_first), 0);

	fd = marked_connected_socket(family, switches[_i].peer);
	ck_assert_int_eq(send(fd, "a", 1, 0), 1);
	ck_assert_int_eq(packet_from(&tun, ring, family, 2000), 'a');
	ck_assert_int_eq(tscf_rule_add(nl, &to_second), 0);
	ck_assert_int_eq(del_rule(&to_first), 0);
	ck_assert_int_eq(send(fd, "b", 1, 0), 1);
	ck_assert_int_eq(packet_from(&other, ring, family, 2000), 'b');
	ck_assert_int_eq(packet_from(&tun, ring, family, 0), -1);
	ck_assert_int_eq(tscf_rule_add(nl, &to_first), 0);
	ck_assert_int_eq(del_rule(&to_second), 0);
	ck_assert_int_eq(send(fd, "c", 1, 0), 1);
	ck_assert_int_eq(packet_from(&tun, ring, family, 2000), 'c');
	ck_assert_int_eq(tscf_rule_add(nl, &prohibit), 0);
	ck_assert_int_eq(del_rule(&to_first), 0);
	ck_assert_int_eq(send(fd, "d", 1, 0), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(packet_from(&tun, ring, family, 0), -1);
	ck_assert_int_eq(packet_from(&other, ring, family, 0), -1);
	close(fd);
	tscf_tun_close(&other);
	tscf_ring_free(ring);
}
END_TEST

START_TEST(errors_are_the_kernels)
{
	struct tscf_rule r = rule_at(0);
	struct tscf_route route = {.destination = prefix("10.0.0.0/8"), .table = 5000, .device = tun.index};
	struct tscf_prefix p = prefix("10.7.0.5/24");

	route.source = addr("198.51.100.1");
	ck_assert_msg(tscf_route_add(nl, &route) == -EINVAL, "a preferred source that is no address of ours");
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(tscf_rule_add(nl, &r), -EPERM);
	ck_assert_int_eq(tscf_route_add(nl, &route), -EPERM);
	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &p), -EPERM);
	ck_assert_int_eq(tscf_link_up(nl, tun.index, 1400), -EPERM);
	/* The socket is still good for what is allowed. */
	ck_assert_int_eq(tscf_route_table_use(nl, 5000), TSCF_TABLE_EMPTY);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("netlink rules");
	TCase *rule_tests = tcase_create("rule_tests");

	tcase_add_checked_fixture(rule_tests, setup, teardown);
	tcase_set_timeout(rule_tests, 60);
	tcase_add_loop_test(rule_tests, rule_round_trip, 0, sizeof(rules) / sizeof(rules[0]));
	tcase_add_test(rule_tests, rules_of_one_priority);
	tcase_add_test(rule_tests, rule_the_kernel_cannot_tell_apart);
	tcase_add_test(rule_tests, rules_deleted_together);
	tcase_add_loop_test(rule_tests, foreign_rules_stay, 0, 2);
	tcase_add_test(rule_tests, rule_comparison);
	tcase_add_loop_test(rule_tests, switch_moves_connected_socket, 0, sizeof(switches) / sizeof(switches[0]));
	tcase_add_test(rule_tests, errors_are_the_kernels);
	suite_add_tcase(suite, rule_tests);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
