/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From servers and their addresses to ways in the order in which they are tried. */
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/endpoints.h"

#include <stdio.h>
#include <string.h>

static struct client_servers servers;
static struct client_proxy proxy;
static struct way_addresses addresses[CLIENT_SERVERS_MAX];
static struct way ways[CANDIDATES_MAX];

static void address(unsigned server, const char *text)
{
	struct way_addresses *list = &addresses[server];

	ck_assert_int_eq(tscf_endpoint_parse(text, 0, &list->list[list->count++]), 0);
}

static void server(const char *text, enum client_transport transport)
{
	ck_assert_int_eq(client_servers_add(&servers, text), 0);
	servers.list[servers.count - 1].transport = transport;
}

static void setup(void)
{
	memset(&servers, 0, sizeof(servers));
	memset(&proxy, 0, sizeof(proxy));
	memset(addresses, 0, sizeof(addresses));
	servers.all.port = 2004;
}

static void teardown(void)
{
	client_servers_clear(&servers);
	client_proxy_clear(&proxy);
}

/* The ways as text, each with its rank. */
static void expect(const char *const *texts, const unsigned *ranks, unsigned count)
{
	char text[WAY_TEXT];

	ck_assert_uint_eq(endpoints_make(&servers, &proxy, addresses, ways), count);
	for (unsigned i = 0; i < count; i++) {
		ck_assert_str_eq(way_format(&servers, &ways[i], text), texts[i]);
		ck_assert_uint_eq(ways[i].rank, ranks[i]);
	}
}

/* One server, the default: UDP before TCP, and the plain port before the other one. */
START_TEST(one_server)
{
	static const char *const texts[] = {"udp 192.0.2.1:2004", "tcp 192.0.2.1:2004", "dtls 192.0.2.1:2005",
					    "tls 192.0.2.1:2005"};
	static const char *const tcp[] = {"tcp 192.0.2.1:2004", "tls 192.0.2.1:2005"};
	static const unsigned ranks[] = {0, 1, 2, 3}, tcp_ranks[] = {1, 3};

	server("a", CLIENT_TRANSPORT_UNSET);
	expect(texts, ranks, 0);
	address(0, "192.0.2.1");
	expect(texts, ranks, 4);
	servers.all.transport = CLIENT_TRANSPORT_TCP;
	expect(tcp, tcp_ranks, 2);
}
END_TEST

/* Families alternate, whatever the resolver's order is; all addresses of a server are of one rank. */
START_TEST(families)
{
	static const char *const texts[] = {
	    "udp [2001:db8::1]:2004",  "udp 192.0.2.1:2004",  "udp [2001:db8::2]:2004",  "udp [2001:db8::3]:2004",
	    "dtls [2001:db8::1]:2005", "dtls 192.0.2.1:2005", "dtls [2001:db8::2]:2005", "dtls [2001:db8::3]:2005"};
	static const unsigned ranks[] = {0, 0, 0, 0, 2, 2, 2, 2};

	server("a", CLIENT_TRANSPORT_UDP);
	address(0, "2001:db8::1");
	address(0, "2001:db8::2");
	address(0, "2001:db8::3");
	address(0, "192.0.2.1");
	expect(texts, ranks, 8);
}
END_TEST

START_TEST(two_servers)
{
	static const char *const texts[] = {"tcp 192.0.2.1:443",  "tls 192.0.2.1:444",   "udp 192.0.2.2:2004",
					    "tcp 192.0.2.2:2004", "dtls 192.0.2.2:2005", "tls 192.0.2.2:2005"};
	static const unsigned ranks[] = {1, 3, 4, 5, 6, 7};

	server("a:443", CLIENT_TRANSPORT_TCP);
	server("b", CLIENT_TRANSPORT_AUTO);
	address(0, "192.0.2.1");
	address(1, "192.0.2.2");
	expect(texts, ranks, 6);
}
END_TEST

/* Through a proxy only streams go; the proxy looks the servers' names up. */
START_TEST(through_proxy)
{
	static const char *const texts[] = {"tcp a:443 by proxy 192.0.2.8:8888", "tls a:444 by proxy 192.0.2.8:8888",
					    "tcp b:2004 by proxy 192.0.2.8:8888", "tls b:2005 by proxy 192.0.2.8:8888"};
	static const unsigned ranks[] = {1, 3, 5, 7};

	ck_assert_int_eq(client_proxy_parse(&proxy, "http://proxy:8888"), 0);
	server("a:443", CLIENT_TRANSPORT_AUTO);
	server("b", CLIENT_TRANSPORT_TCP);
	address(0, "192.0.2.8");
	expect(texts, ranks, 4);
}
END_TEST

/* A name with more addresses than there is room for leaves none of the other servers out. */
START_TEST(bounded)
{
	unsigned of_server[CLIENT_SERVERS_MAX] = {0};
	char text[32];

	for (unsigned i = 0; i < CLIENT_SERVERS_MAX; i++) {
		server("a", CLIENT_TRANSPORT_AUTO);
		for (unsigned n = 0; n < ENDPOINTS_ADDRESSES_MAX; n++) {
			snprintf(text, sizeof(text), "192.0.%u.%u", i, n);
			address(i, text);
		}
	}
	ck_assert_uint_eq(endpoints_make(&servers, &proxy, addresses, ways), CANDIDATES_MAX);
	for (unsigned i = 0; i < CANDIDATES_MAX; i++)
		of_server[ways[i].server]++;
	for (unsigned i = 0; i < CLIENT_SERVERS_MAX; i++)
		ck_assert_uint_eq(of_server[i], CANDIDATES_MAX / CLIENT_SERVERS_MAX);
}
END_TEST

/* All addresses of one name, by every transport. */
START_TEST(many_addresses)
{
	char text[32];

	server("a", CLIENT_TRANSPORT_AUTO);
	for (unsigned n = 0; n < ENDPOINTS_ADDRESSES_MAX; n++) {
		snprintf(text, sizeof(text), "192.0.2.%u", n);
		address(0, text);
	}
	ck_assert_uint_eq(endpoints_make(&servers, &proxy, addresses, ways), 4 * ENDPOINTS_ADDRESSES_MAX);
}
END_TEST

/* The address that worked last comes first, and with it its family. */
START_TEST(preferred)
{
	static const char *const texts[] = {"udp 192.0.2.1:2004",  "udp [2001:db8::1]:2004",  "udp 192.0.2.2:2004",
					    "dtls 192.0.2.1:2005", "dtls [2001:db8::1]:2005", "dtls 192.0.2.2:2005"};
	static const unsigned ranks[] = {0, 0, 0, 2, 2, 2};
	union tscf_endpoint worked, stranger;

	server("a", CLIENT_TRANSPORT_UDP);
	address(0, "2001:db8::1");
	address(0, "192.0.2.2");
	address(0, "192.0.2.1");
	ck_assert_int_eq(tscf_endpoint_parse("192.0.2.1:2004", 0, &worked), 0);
	ck_assert_int_eq(tscf_endpoint_parse("192.0.2.9:2004", 0, &stranger), 0);
	endpoints_prefer(&addresses[0], &worked);
	endpoints_prefer(&addresses[0], &stranger);
	expect(texts, ranks, 6);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client ways");
	TCase *tc = tcase_create("ways");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_server);
	tcase_add_test(tc, families);
	tcase_add_test(tc, two_servers);
	tcase_add_test(tc, through_proxy);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, many_addresses);
	tcase_add_test(tc, preferred);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
