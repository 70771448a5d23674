/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the client takes of the routes and DNS servers that a server sends. */
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/pushed.h"

#include <stdio.h>
#include <string.h>

static struct client_config config;
static struct routing_facts facts;
static struct tscf_service_addrs dns;
static uint64_t refused;
static struct pushed pushed;
static struct tscf_on_link networks[4];
static unsigned network_count;

static void setup(void)
{
	memset(&config, 0, sizeof(config));
	memset(&facts, 0, sizeof(facts));
	memset(&dns, 0, sizeof(dns));
	config.accept_dns = true;
	refused = 0;
	network_count = 0;
	pushed = (struct pushed){.config = &config, .facts = &facts, .dns = &dns, .refused = &refused};
}

static void network(const char *device, const char *prefix)
{
	struct tscf_on_link *one = &networks[network_count++];

	ck_assert_int_eq(tscf_prefix_parse(prefix, &one->prefix), 0);
	snprintf(one->device, sizeof(one->device), "%s", device);
}

static void route(const char *text)
{
	ck_assert_int_eq(tscf_prefix_parse(text, &pushed.routes[pushed.route_count++]), 0);
}

/* The routes that are taken, as text. */
static const char *taken(void)
{
	static char text[ROUTING_ROUTES_MAX * TSCF_ADDR_TEXT];
	char one[TSCF_ADDR_TEXT];
	size_t used = 0;

	pushed_decide(&pushed, networks, network_count);
	text[0] = '\0';
	for (unsigned i = 0; i < facts.route_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? " " : "",
					 tscf_prefix_format(&facts.routes[i], one));
	return text;
}

/* Without a setting everything is taken that is not of this host. */
START_TEST(all)
{
	network("eth0", "192.168.1.0/24");
	route("10.0.0.1/8");
	route("0.0.0.0/0");
	route("2001:db8::/32");
	ck_assert_str_eq(taken(), "10.0.0.0/8 0.0.0.0/0 2001:db8::/32");
	ck_assert_uint_eq(refused, 0);
}
END_TEST

/* The networks of this host, and parts of them, are not taken: from what covers them, they are cut out. */
START_TEST(own_networks)
{
	network("eth0", "192.168.1.0/24");
	network("wg0", "2001:db8:1::/64");
	route("192.168.1.0/24");
	route("192.168.1.128/25");
	route("2001:db8:1::7/128");
	route("192.168.0.0/22");
	route("2001:db8::/47");
	taken();
	ck_assert_uint_eq(facts.route_count, 2 + 17);
	for (unsigned i = 0; i < facts.route_count; i++)
		for (unsigned k = 0; k < network_count; k++)
			ck_assert(!tscf_prefix_overlap(&facts.routes[i], &networks[k].prefix));
	ck_assert_uint_eq(refused, 3);
	ck_assert_str_eq(pushed.refusals[1],
			 "route 192.168.1.128/25: this host is connected to 192.168.1.0/24 by eth0");
}
END_TEST

/* Whatever the order of the networks, a route in the larger one is refused. */
START_TEST(nested_networks)
{
	network("eth0", "10.1.2.0/24");
	network("eth1", "10.0.0.0/8");
	route("10.1.0.0/16");
	ck_assert_str_eq(taken(), "");
	ck_assert_uint_eq(refused, 1);
}
END_TEST

START_TEST(own_address_of_the_server)
{
	ck_assert_int_eq(tscf_addr_parse("203.0.113.1", &pushed.server), 0);
	route("203.0.113.1/32");
	route("203.0.113.0/24");
	ck_assert_str_eq(taken(), "203.0.113.0/24");
	ck_assert_str_eq(pushed.refusals[0], "route 203.0.113.1/32: it is the address of the server itself");
}
END_TEST

START_TEST(listed)
{
	ck_assert_int_eq(accept_routes_parse(NULL, "10.0.0.0/8", &config.accept_routes), 0);
	ck_assert_int_eq(accept_routes_parse(NULL, "2001:db8::/32", &config.accept_routes), 0);
	network("eth0", "10.1.2.0/24");
	route("10.1.2.0/24");
	route("10.3.0.0/16");
	route("0.0.0.0/0");
	route("2001:db8:7::/48");
	ck_assert_str_eq(taken(), "10.3.0.0/16 2001:db8:7::/48");
	ck_assert_str_eq(pushed.refusals[1], "route 0.0.0.0/0: accept-route does not allow it");
	ck_assert_int_eq(accept_routes_parse(NULL, "all", &config.accept_routes), 0);
	ck_assert_str_eq(taken(), "10.3.0.0/16 0.0.0.0/0 2001:db8:7::/48");
	memset(&config.accept_routes, 0, sizeof(config.accept_routes));
	ck_assert_int_eq(accept_routes_parse(NULL, "none", &config.accept_routes), 0);
	ck_assert_str_eq(taken(), "");
}
END_TEST

/* The same refusal counts once, however often the tunnel is configured. */
START_TEST(repeated)
{
	network("eth0", "10.1.2.0/24");
	route("10.1.2.0/24");
	taken();
	taken();
	ck_assert_uint_eq(refused, 1);
	ck_assert_uint_eq(pushed.refusal_count, 1);
	network_count = 0;
	ck_assert_str_eq(taken(), "10.1.2.0/24");
	ck_assert_uint_eq(pushed.refusal_count, 0);
}
END_TEST

/* More pieces than there is room for: the route is left out as a whole. */
START_TEST(no_room)
{
	network("eth0", "2001:db8:1:2:3:4:5:0/112");
	route("10.0.0.0/8");
	route("2001::/16");
	ck_assert_str_eq(taken(), "10.0.0.0/8");
	ck_assert_uint_eq(refused, 1);
}
END_TEST

START_TEST(dns_servers)
{
	pushed.dns_sent.count = 1;
	ck_assert_int_eq(tscf_addr_parse("192.0.2.53", &pushed.dns_sent.addr[0]), 0);
	taken();
	ck_assert_uint_eq(dns.count, 1);
	config.accept_dns = false;
	taken();
	ck_assert_uint_eq(dns.count, 0);
	ck_assert_str_eq(pushed.refusals[0], "DNS servers: accept-dns is false");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("pushed");
	TCase *tc = tcase_create("pushed");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, all);
	tcase_add_test(tc, own_networks);
	tcase_add_test(tc, nested_networks);
	tcase_add_test(tc, own_address_of_the_server);
	tcase_add_test(tc, listed);
	tcase_add_test(tc, repeated);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, dns_servers);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
