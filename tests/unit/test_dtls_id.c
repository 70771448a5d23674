/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connection ids of the encrypted datagram transport: connections that move to another address. */
#include "common/transport/dtls_record.h"
#include "tests/unit/dtls_inside.h"
#include "tests/unit/dtls_world.h"
#include "tests/unit/event.h"
#include "tests/unit/netns.h"
#include "tests/unit/relay.h"
#include "tests/unit/runner.h"

#include <string.h>

#define DTLS_KEPT 2048

/* A client behind @p relay whose records bear an id. */
static void come_up_with_id(struct transport_end *client, struct relay *relay)
{
	uint8_t id[TSCF_PEER_ID_MAX];
	uint32_t length;

	relay_open(relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(client, &relay->address);
	length = tscf_peer_give_id(dtls_world.server.peer, id);
	ck_assert_uint_eq(length, TSCF_DTLS_ID);
	ck_assert(tscf_peer_use_id(client->peer, id, length));
	dtls_check_alive(client);
	ck_assert_uint_eq(dtls_world.server.moved, 0);
}

START_TEST(a_connection_with_an_id_moves)
{
	struct transport_end client = {0};
	struct relay relay = {0};

	come_up_with_id(&client, &relay);
	for (unsigned i = 1; i <= 3; i++) {
		uint16_t port = tscf_endpoint_port(&dtls_world.server.peer->outer);

		relay_rebind(&relay);
		dtls_check_alive(&client);
		ck_assert_uint_eq(dtls_world.server.moved, i);
		ck_assert_uint_ne(tscf_endpoint_port(&dtls_world.server.peer->outer), port);
	}
	ck_assert_uint_eq(dtls_world.server.transport->counters.handshakes, 1);
	/* Its goodbye finds it, too. */
	tscf_transport_close(client.transport);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_down, &dtls_world.server, 5));
	relay_close(&relay);
}
END_TEST

START_TEST(a_connection_without_an_id_does_not_move)
{
	struct transport_end client = {0};
	struct relay relay = {0};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(&client, &relay.address);
	dtls_check_alive(&client);
	relay_rebind(&relay);
	client.received = 0;
	tscf_peer_send(client.peer, DTLS_NEEDLE, strlen(DTLS_NEEDLE));
	tscf_test_run_for(dtls_world.loop, 0.1);
	ck_assert_uint_eq(client.received + dtls_world.server.moved, 0);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

static uint8_t kept[DTLS_KEPT];
static size_t kept_length;

/* Keep the next datagram to the server. */
static bool keep(struct relay *relay, bool to_server, uint8_t *data, size_t length)
{
	if (!to_server)
		return true;
	ck_assert_uint_le(length, sizeof(kept));
	memcpy(kept, data, length);
	kept_length = length;
	relay->filter = NULL;
	return false;
}

static bool is_kept(void *context)
{
	return ((struct relay *)context)->filter == NULL;
}

/* What was overtaken, and what was changed, is no sign of where its sender is. */
START_TEST(only_new_and_true_records_move)
{
	struct transport_end client = {0};
	struct relay relay = {0};
	uint64_t invalid;

	come_up_with_id(&client, &relay);
	relay.filter = keep;
	tscf_peer_send(client.peer, DTLS_NEEDLE, strlen(DTLS_NEEDLE));
	ck_assert(tscf_test_run_until(dtls_world.loop, is_kept, &relay, 5));
	dtls_check_alive(&client);
	relay_rebind(&relay);
	dtls_world.server.received = 0;
	invalid = dtls_world.server.transport->counters.invalid;
	kept[kept_length - 1] ^= 1;
	relay_inject(&relay, true, kept, kept_length);
	tscf_test_run_for(dtls_world.loop, 0.05);
	ck_assert_uint_eq(dtls_world.server.transport->counters.invalid, invalid + 1);
	kept[kept_length - 1] ^= 1;
	relay_inject(&relay, true, kept, kept_length);
	ck_assert(tscf_test_run_until(dtls_world.loop, dtls_has_received, &dtls_world.server, 5));
	ck_assert_uint_eq(dtls_world.server.moved, 0);
	relay_inject(&relay, true, kept, kept_length);
	tscf_test_run_for(dtls_world.loop, 0.05);
	ck_assert_uint_eq(dtls_world.server.moved, 0);
	ck_assert_uint_eq(dtls_world.server.transport->counters.invalid, invalid + 2);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

/* Somebody whose address is not proved is sent no more than three times what came from there. */
START_TEST(an_unproved_address_gets_little)
{
	struct transport_end client = {0};
	struct relay relay = {0};
	uint32_t record = (uint32_t)strlen(DTLS_NEEDLE) + TSCF_DTLS_OVERHEAD;

	come_up_with_id(&client, &relay);
	dtls_world.server.echo = false;
	relay_rebind(&relay);
	tscf_peer_send(client.peer, DTLS_NEEDLE, strlen(DTLS_NEEDLE));
	dtls_world.server.received = 0;
	ck_assert(tscf_test_run_until(dtls_world.loop, dtls_has_received, &dtls_world.server, 5));
	client.received = 0;
	for (unsigned i = 0; i < 50; i++)
		tscf_peer_send(dtls_world.server.peer, DTLS_NEEDLE, strlen(DTLS_NEEDLE));
	tscf_test_run_for(dtls_world.loop, 0.1);
	ck_assert_uint_eq(client.received, TSCF_UNPROVED_TIMES * record / record);
	tscf_peer_proved(dtls_world.server.peer);
	client.received = 0;
	for (unsigned i = 0; i < 50; i++)
		tscf_peer_send(dtls_world.server.peer, DTLS_NEEDLE, strlen(DTLS_NEEDLE));
	tscf_test_run_for(dtls_world.loop, 0.1);
	ck_assert_uint_eq(client.received, 50);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

/* An address translator gives the port that it has forgotten to somebody else. */
START_TEST(a_newcomer_at_the_old_address_replaces_nobody)
{
	struct transport_end first = {0}, second = {0};
	struct relay relay = {0};

	come_up_with_id(&first, &relay);
	relay_rebind(&relay);
	dtls_check_alive(&first);
	dtls_come_up(&second, &relay.address);
	dtls_check_alive(&second);
	dtls_check_alive(&first);
	ck_assert_uint_eq(dtls_world.server.down, 0);
	ck_assert_uint_eq(dtls_inside_up(dtls_world.server.transport), 2);
	tscf_transport_close(first.transport);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_down, &dtls_world.server, 5));
	dtls_check_alive(&second);
	tscf_transport_close(second.transport);
	relay_close(&relay);
}
END_TEST

static Suite *make_suite(void)
{
	TCase *tc = dtls_case("dtls id");

	tcase_add_test(tc, a_connection_with_an_id_moves);
	tcase_add_test(tc, a_connection_without_an_id_does_not_move);
	tcase_add_test(tc, only_new_and_true_records_move);
	tcase_add_test(tc, an_unproved_address_gets_little);
	tcase_add_test(tc, a_newcomer_at_the_old_address_replaces_nobody);
	return dtls_suite("dtls id", tc);
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
