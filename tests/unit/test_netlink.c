/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links, addresses and routes, compared with what iproute2 says of them. */
#include "tests/unit/netlink_case.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

START_TEST(link_has_mtu_and_is_up)
{
	char *text = tscf_netns_output("ip -o link show dev t0");

	ck_assert_ptr_nonnull(strstr(text, "mtu 1340 "));
	ck_assert_ptr_nonnull(strstr(text, ",UP"));
	free(text);
	ck_assert_int_eq(tscf_link_up(nl, tun.index, 1400), 0);
	text = tscf_netns_output("ip -o link show dev t0");
	ck_assert_ptr_nonnull(strstr(text, "mtu 1400 "));
	free(text);
	ck_assert_int_eq(tscf_link_up(nl, 4711, 1400), -ENODEV);
}
END_TEST

START_TEST(link_sysctl_of_one_device)
{
	ck_assert_int_eq(tscf_link_sysctl("ipv4", "t0", "rp_filter", "2"), 0);
	check_lines("cat /proc/sys/net/ipv4/conf/t0/rp_filter", "2", 1);
	ck_assert_int_eq(tscf_link_sysctl("ipv4", "t0", "rp_filter", "0"), 0);
	check_lines("cat /proc/sys/net/ipv4/conf/t0/rp_filter", "0", 1);
	ck_assert_int_eq(tscf_link_sysctl("ipv4", "absent", "rp_filter", "2"), -ENOENT);
	ck_assert_int_eq(tscf_link_sysctl("ipv4", "..", "rp_filter", "2"), -EINVAL);
	ck_assert_int_eq(tscf_link_sysctl("ipv4", "a/b", "rp_filter", "2"), -EINVAL);
}
END_TEST

/* As in a container. */
START_TEST(link_sysctl_that_is_read_only)
{
	ck_assert_int_eq(tscf_link_sysctl("ipv4", "t0", "rp_filter", "2"), 0);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount("none", "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	ck_assert_int_eq(tscf_link_sysctl("ipv4", "t0", "rp_filter", "2"), 0);
	ck_assert_int_eq(tscf_link_sysctl("ipv4", "t0", "rp_filter", "1"), -EROFS);
}
END_TEST

START_TEST(address_round_trip)
{
	struct tscf_prefix v4 = prefix("10.7.0.5/24"), v6 = prefix("2001:db8:7::5/64");

	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(tscf_addr_add(nl, tun.index, &v4), 0);
		ck_assert_int_eq(tscf_addr_add(nl, tun.index, &v6), 0);
		check_lines("ip -br addr show dev t0 | tr -s ' ' '\\n'", "10.7.0.5/24", 1);
		check_lines("ip -br addr show dev t0 | tr -s ' ' '\\n'", "2001:db8:7::5/64", 1);
	}
	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(tscf_addr_del(nl, tun.index, &v4), 0);
		ck_assert_int_eq(tscf_addr_del(nl, tun.index, &v6), 0);
		check_lines("ip -o addr show dev t0", NULL, 0);
	}
}
END_TEST

START_TEST(ipv6_address_is_usable_at_once)
{
	struct tscf_prefix v6 = prefix("2001:db8:7::5/128");
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union tscf_endpoint e;

	tscf_endpoint_make(&v6.addr, 0, &e);
	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &v6), 0);
	ck_assert_int_eq(bind(fd, &e.sa, tscf_endpoint_size(&e)), 0);
	close(fd);
}
END_TEST

START_TEST(address_that_differs_is_an_error)
{
	struct tscf_prefix v6 = prefix("2001:db8:7::5/64"), other = prefix("2001:db8:7::5/128");

	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &v6), 0);
	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &other), -EEXIST);
	ck_assert_int_eq(tscf_addr_del(nl, tun.index, &other), 0);
	check_lines("ip -6 -o addr show dev t0", NULL, 1);
}
END_TEST

START_TEST(device_gone_is_no_error_of_deletion)
{
	struct tscf_prefix v4 = prefix("10.7.0.5/24");
	struct tscf_route r = {.destination = prefix("10.0.0.0/8"), .table = 5000, .device = tun.index};

	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &v4), 0);
	ck_assert_int_eq(tscf_route_add(nl, &r), 0);
	tscf_netns_run("ip link del t0");
	ck_assert_int_eq(tscf_addr_del(nl, tun.index, &v4), 0);
	ck_assert_int_eq(tscf_route_del(nl, &r), 0);
	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &v4), -ENODEV);
	ck_assert_int_eq(tscf_route_add(nl, &r), -ENODEV);
}
END_TEST

/* Ours only: the kernel adds its own for an IPv6 address some time after the address. */
#define ROUTES "(ip -4 route show table all; ip -6 route show table all) | grep 'proto 204'"

/** A route and how iproute2 shows it. */
static const struct {
	const char *destination, *source;
	uint32_t table, metric;
	enum tscf_route_type type;
	const char *shown;
} routes[] = {
    {"10.1.2.3/16", "10.7.0.5", 5000, 0, TSCF_ROUTE_DEVICE,
     "10.1.0.0/16 dev t0 table 5000 proto 204 scope link src 10.7.0.5"},
    {"10.2.0.0/16", NULL, 100, 77, TSCF_ROUTE_DEVICE, "10.2.0.0/16 dev t0 table 100 proto 204 scope link metric 77"},
    {"0.0.0.0/0", "10.7.0.5", 5000, 0, TSCF_ROUTE_DEVICE,
     "default dev t0 table 5000 proto 204 scope link src 10.7.0.5"},
    {"0.0.0.0/0", NULL, 5001, 0, TSCF_ROUTE_PROHIBIT, "prohibit default table 5001 proto 204"},
    {"192.0.2.0/24", NULL, 5001, 9, TSCF_ROUTE_PROHIBIT, "prohibit 192.0.2.0/24 table 5001 proto 204 metric 9"},
    {"10.3.0.0/16", NULL, 254, 0, TSCF_ROUTE_DEVICE, "10.3.0.0/16 dev t0 proto 204 scope link"},
    {"2001:db8:1::1/48", "2001:db8:7::5", 5000, 0, TSCF_ROUTE_DEVICE,
     "2001:db8:1::/48 dev t0 table 5000 proto 204 src 2001:db8:7::5 metric 1024 pref medium"},
    {"::/0", NULL, 5000, 50, TSCF_ROUTE_DEVICE, "default dev t0 table 5000 proto 204 metric 50 pref medium"},
    {"::/0", NULL, 5001, 0, TSCF_ROUTE_PROHIBIT,
     "prohibit default dev lo table 5001 proto 204 metric 1024 pref medium"},
    {"::/0", NULL, 5001, 7, TSCF_ROUTE_PROHIBIT, "prohibit default dev lo table 5001 proto 204 metric 7 pref medium"},
};

static void give_addresses(void)
{
	struct tscf_prefix v4 = prefix("10.7.0.5/32"), v6 = prefix("2001:db8:7::5/128");

	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &v4), 0);
	ck_assert_int_eq(tscf_addr_add(nl, tun.index, &v6), 0);
}

START_TEST(route_round_trip)
{
	struct tscf_route r = {.destination = prefix(routes[_i].destination), .table = routes[_i].table};

	give_addresses();
	if (routes[_i].source)
		r.source = addr(routes[_i].source);
	r.metric = routes[_i].metric;
	r.type = routes[_i].type;
	r.device = r.type == TSCF_ROUTE_DEVICE ? tun.index : 0;
	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(tscf_route_add(nl, &r), 0);
		check_lines(ROUTES, routes[_i].shown, 1);
		check_lines(ROUTES, NULL, 1);
	}
	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(tscf_route_del(nl, &r), 0);
		check_lines(ROUTES, NULL, 0);
	}
}
END_TEST

START_TEST(route_that_differs_is_an_error)
{
	struct tscf_route r = {.destination = prefix("10.0.0.0/8"), .table = 5000, .device = tun.index}, other = r;
	struct tscf_route v6 = {.destination = prefix("2001:db8::/32"), .table = 5000, .device = tun.index},
			  other6 = v6;

	give_addresses();
	other.source = addr("10.7.0.5");
	other6.type = TSCF_ROUTE_PROHIBIT;
	ck_assert_int_eq(tscf_route_add(nl, &r), 0);
	ck_assert_int_eq(tscf_route_add(nl, &other), -EEXIST);
	ck_assert_int_eq(tscf_route_add(nl, &v6), 0);
	ck_assert_int_eq(tscf_route_add(nl, &other6), -EEXIST);
	/* And deleting the one that is not there leaves the one that is. */
	ck_assert_int_eq(tscf_route_del(nl, &other), 0);
	ck_assert_int_eq(tscf_route_del(nl, &other6), 0);
	check_lines("ip route show table 5000; ip -6 route show table 5000", NULL, 2);
}
END_TEST

START_TEST(foreign_routes_stay)
{
	struct tscf_route r = {.destination = prefix("10.0.0.0/8"), .table = 5000, .device = tun.index};
	struct tscf_route r6 = {.destination = prefix("2001:db8::/32"), .table = 5000, .device = tun.index};
	struct tscf_route mine = {.destination = prefix("10.2.0.0/16"), .table = 5000, .device = tun.index};
	struct tscf_route mine6 = {.destination = prefix("::/0"), .table = 5000, .type = TSCF_ROUTE_PROHIBIT};

	ck_assert_int_eq(tscf_route_table_use(nl, 5000), TSCF_TABLE_EMPTY);
	ck_assert_int_eq(tscf_route_add(nl, &mine6), 0);
	ck_assert_int_eq(tscf_route_table_use(nl, 5000), TSCF_TABLE_OWN);
	ck_assert_int_eq(tscf_route_add(nl, &mine), 0);
	ck_assert_int_eq(tscf_route_table_use(nl, 5000), TSCF_TABLE_OWN);
	tscf_netns_run("ip -6 route add 2001:db8::/32 dev t0 table 5000");
	ck_assert_int_eq(tscf_route_table_use(nl, 5000), TSCF_TABLE_FOREIGN);
	tscf_netns_run("ip route add 10.0.0.0/8 dev t0 table 5000 proto static scope link");
	tscf_netns_run("ip route add 10.9.0.0/16 dev t0 table 5001");
	ck_assert_int_eq(tscf_route_add(nl, &r), -EEXIST);
	ck_assert_int_eq(tscf_route_add(nl, &r6), -EEXIST);
	ck_assert_int_eq(tscf_route_del(nl, &r), 0);
	ck_assert_int_eq(tscf_route_del(nl, &r6), 0);
	check_lines("ip route show table 5000; ip -6 route show table 5000", NULL, 4);
	ck_assert_int_eq(tscf_route_table_use(nl, 5001), TSCF_TABLE_FOREIGN);
}
END_TEST

/** More than one datagram of a dump, both families: the foreign one is last. */
START_TEST(use_of_many)
{
	for (unsigned i = 0; i < 1500; i++) {
		struct tscf_route r = {
		    .destination = prefix(i & 1 ? "2001:db8::/48" : "10.0.0.0/24"), .table = 5000, .device = tun.index};

		r.destination.addr.bytes[i & 1 ? 4 : 1] = (uint8_t)(i >> 8);
		r.destination.addr.bytes[i & 1 ? 5 : 2] = (uint8_t)i;
		ck_assert_int_eq(tscf_route_add(nl, &r), 0);
	}
	check_lines("ip route show table 5000; ip -6 route show table 5000", NULL, 1500);
	ck_assert_int_eq(tscf_route_table_use(nl, 5000), TSCF_TABLE_OWN);
	tscf_netns_run("ip -6 route add 2001:db9::/32 dev t0 table 5000");
	ck_assert_int_eq(tscf_route_table_use(nl, 5000), TSCF_TABLE_FOREIGN);
}
END_TEST

/** The mark decides, as for a packet; and where no route leads is an error. */
START_TEST(way_of_a_packet)
{
	struct tscf_addr v4, v6;

	ck_assert_int_eq(tscf_addr_parse("10.1.2.3", &v4), 0);
	ck_assert_int_eq(tscf_addr_parse("2001:db8::1", &v6), 0);
	ck_assert_int_eq(tscf_route_lookup(nl, &v4, MARK), -ENETUNREACH);
	tscf_netns_run("ip route add 10.0.0.0/8 dev t0 table 5000; ip -6 route add 2001:db8::/32 dev t0 table 5000");
	tscf_netns_run("ip rule add pref 200 fwmark %u lookup 5000", MARK);
	tscf_netns_run("ip -6 rule add pref 200 fwmark %u lookup 5000", MARK);
	ck_assert_int_eq(tscf_route_lookup(nl, &v4, MARK), tun.index);
	ck_assert_int_eq(tscf_route_lookup(nl, &v6, MARK), tun.index);
	ck_assert_int_eq(tscf_route_lookup(nl, &v4, 0), -ENETUNREACH);
	ck_assert_int_lt(tscf_route_lookup(nl, &v6, 0), 0);
	/* Nothing is left in the socket that the next request would take for its answer. */
	ck_assert_int_eq(tscf_route_table_use(nl, 5001), TSCF_TABLE_EMPTY);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("netlink");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, link_has_mtu_and_is_up);
	tcase_add_test(tests, link_sysctl_of_one_device);
	tcase_add_test(tests, link_sysctl_that_is_read_only);
	tcase_add_test(tests, address_round_trip);
	tcase_add_test(tests, ipv6_address_is_usable_at_once);
	tcase_add_test(tests, address_that_differs_is_an_error);
	tcase_add_test(tests, device_gone_is_no_error_of_deletion);
	tcase_add_loop_test(tests, route_round_trip, 0, sizeof(routes) / sizeof(routes[0]));
	tcase_add_test(tests, route_that_differs_is_an_error);
	tcase_add_test(tests, foreign_routes_stay);
	tcase_add_test(tests, use_of_many);
	tcase_add_test(tests, way_of_a_packet);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
