/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connected clients are told of changed routes and servers, until they have answered; nobody is told twice. */
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"
#include "tscf-server/session/networks.h"

#include <sys/socket.h>

static struct world *w;
static struct world_client a;

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE | SERVER_SERVICE_SIP);
	w->state->settings.networks_number = 1;
	world_client(w, &a, 2, 5000);
	world_connect(&a);
}

static void teardown(void)
{
	world_free(w);
}

/** A reload has changed the networks. */
static void change(const char *route, const char *dns)
{
	struct server_settings *settings = &w->state->settings;

	settings->route_count = 1;
	ck_assert_int_eq(tscf_prefix_parse(route, &settings->routes[0]), 0);
	settings->dns = (struct tscf_service_addrs){.count = 1, .addr = {world_addr(dns)}};
	settings->sip_servers = settings->dns;
	settings->networks_number++;
	server_networks_tell_all(w->state);
}

/** What the server has sent last.  @return its sequence number. */
static uint32_t told(const char *route, const char *dns)
{
	const struct world_peer *peer = world_peer_at(w, &a.outer);
	const struct tscf_addr server = world_addr(dns);
	struct tscf_service_addrs addrs;
	struct tscf_prefix prefix;
	struct tscf_message m;
	struct tscf_tlv tlv;
	char text[TSCF_ADDR_TEXT];
	int length;

	length = tscf_message_length(peer->last, sizeof(peer->last));
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(tscf_message_decode(peer->last, (uint32_t)length, &m), 0);
	ck_assert_int_eq(m.type, TSCF_KEEPALIVE_REQUEST);
	ck_assert(tscf_message_find(&m, TSCF_TLV_NETWORKS, &tlv));
	ck_assert(tscf_message_find(&m, TSCF_TLV_ROUTE_IPV4, &tlv));
	ck_assert_int_eq(tscf_tlv_prefix(&tlv, &prefix), 0);
	ck_assert_str_eq(tscf_prefix_format(&prefix, text), route);
	tscf_message_addrs(&m, TSCF_TLV_DNS, &addrs);
	ck_assert_uint_eq(addrs.count, 1);
	ck_assert(tscf_addr_equal(&addrs.addr[0], &server));
	ck_assert_int_eq(tscf_message_find(&m, TSCF_TLV_SIP_SERVER, &tlv),
			 (world_plain(&a)->services & SERVER_SERVICE_SIP) != 0);
	return m.sequence;
}

static uint32_t sent(void)
{
	return world_peer_at(w, &a.outer)->sent;
}

static void answer(uint32_t sequence)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	tscf_write_begin(&writer, data, sizeof(data) - TSCF_SEAL_SIZE, TSCF_KEEPALIVE_RESPONSE, a.tsid, sequence);
	world_send(&a, &writer, false);
}

START_TEST(until_it_answers)
{
	uint32_t before = sent(), number;

	world_keepalive(&a, false);
	ck_assert_uint_eq(sent(), before);
	change("192.0.2.0/24", "192.0.2.53");
	ck_assert_uint_eq(sent(), before + 1);
	number = told("192.0.2.0/24", "192.0.2.53");
	/* The request, or its answer, was lost. */
	world_keepalive(&a, false);
	ck_assert_uint_eq(sent(), before + 2);
	answer(number);
	world_keepalive(&a, false);
	ck_assert_uint_eq(sent(), before + 3);
	answer(told("192.0.2.0/24", "192.0.2.53"));
	world_keepalive(&a, false);
	server_networks_tell_all(w->state);
	ck_assert_uint_eq(sent(), before + 3);
}
END_TEST

/* The answer to what was sent first does not say that the client has what was sent after it. */
START_TEST(changed_again)
{
	uint32_t first;

	change("192.0.2.0/24", "192.0.2.53");
	first = told("192.0.2.0/24", "192.0.2.53");
	change("198.51.100.0/24", "198.51.100.53");
	answer(first);
	world_keepalive(&a, false);
	answer(told("198.51.100.0/24", "198.51.100.53"));
	ck_assert_uint_eq(world_plain(&a)->networks.known, w->state->settings.networks_number);
}
END_TEST

START_TEST(without_sip)
{
	world_plain(&a)->services = SERVER_SERVICE_DTTE;
	change("192.0.2.0/24", "192.0.2.53");
	told("192.0.2.0/24", "192.0.2.53");
}
END_TEST

/* An encrypted tunnel brings no news; a tunnel that is set up after the change has them already. */
START_TEST(nobody_else)
{
	struct world_client b;
	uint32_t before;

	world_encrypt(&a);
	before = a.connection->sent;
	change("192.0.2.0/24", "192.0.2.53");
	world_keepalive(&a, true);
	ck_assert_uint_eq(a.connection->sent, before);
	world_client(w, &b, 3, 5000);
	world_connect(&b);
	before = world_peer_at(w, &b.outer)->sent;
	world_keepalive(&b, false);
	ck_assert_uint_eq(world_peer_at(w, &b.outer)->sent, before);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("networks");
	TCase *tc = tcase_create("networks");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, until_it_answers);
	tcase_add_test(tc, changed_again);
	tcase_add_test(tc, without_sip);
	tcase_add_test(tc, nobody_else);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
