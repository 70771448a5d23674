/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handshakes of the encrypted datagram transport: losses, hostile datagrams, and limits. */
#include "common/tls/tls_context.h"

#include "common/crypto/random.h"
#include "common/transport/dtls_record.h"

#include "tests/unit/dtls_inside.h"
#include "tests/unit/dtls_world.h"
#include "tests/unit/event.h"
#include "tests/unit/netns.h"
#include "tests/unit/relay.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 20

START_TEST(every_handshake_survives_losses)
{
	struct transport_end client[CLIENTS] = {0};
	struct relay relay = {.loss = 15 * (unsigned)(_i % 3)};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	relay.random = (uint32_t)_i;
	for (unsigned i = 0; i < CLIENTS; i++)
		dtls_connect_to(&client[i], &relay.address);
	for (unsigned i = 0; i < CLIENTS; i++) {
		ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_settled, &client[i], 12));
		ck_assert_msg(client[i].up == 1, "client %u: %s", i, client[i].reason);
	}
	relay.loss = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		dtls_check_alive(&client[i]);
	for (unsigned i = 0; i < CLIENTS; i++)
		tscf_transport_close(client[i].transport);
	relay_close(&relay);
}
END_TEST

/* With sessions to resume the client is the one whose flight is last: the server comes up after it. */
START_TEST(every_resumption_survives_losses)
{
	struct relay relay = {.loss = 0};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	relay.random = (uint32_t)_i;
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct transport_end client = {0};

		dtls_come_up(&client, &relay.address);
		ck_assert(dtls_was_resumed(&client) == (i > 0));
		ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_up, &dtls_world.server, 9));
		relay.loss = 0;
		dtls_check_alive(&client);
		tscf_transport_close(client.transport);
		relay.loss = 20;
		dtls_world.server.up = 0;
	}
	relay_close(&relay);
}
END_TEST

/* relay->context: how many datagrams with a ChangeCipherSpec are still to be lost. */
static bool drop_last_flight(struct relay *relay, bool to_server, uint8_t *data, size_t length)
{
	struct tscf_dtls_record record;
	unsigned *left = relay->context;
	bool has_ccs = false;

	if (to_server != (dtls_world.client_tls->session != NULL))
		return true;
	while (length > 0 && tscf_dtls_record_first(data, length, &record)) {
		has_ccs |= record.type == TSCF_DTLS_CHANGE_CIPHER_SPEC;
		data += record.length;
		length -= record.length;
	}
	if (!has_ccs || *left == 0)
		return true;
	--*left;
	return false;
}

START_TEST(a_lost_last_flight_is_sent_again)
{
	struct transport_end client = {0}, again = {0};
	unsigned lost = 3;
	struct relay relay = {.filter = drop_last_flight, .context = &lost};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(&client, &relay.address);
	ck_assert_uint_eq(lost, 0);
	dtls_check_alive(&client);
	tscf_transport_close(client.transport);
	lost = 3;
	dtls_world.server.up = 0;
	dtls_come_up(&again, &relay.address);
	ck_assert(dtls_was_resumed(&again));
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_up, &dtls_world.server, 5));
	ck_assert_uint_eq(lost, 0);
	dtls_check_alive(&again);
	tscf_transport_close(again.transport);
	relay_close(&relay);
}
END_TEST

/* Keeps the last datagram of each direction and looks for DTLS_NEEDLE in all. */
struct wire {
	uint8_t data[2][2048];
	size_t length[2];
	uint8_t hello[2048];
	size_t hello_length;
	unsigned seen;
};

static bool look(struct relay *relay, bool to_server, uint8_t *data, size_t length)
{
	struct wire *wire = relay->context;

	ck_assert_ptr_null(memmem(data, length, DTLS_NEEDLE, strlen(DTLS_NEEDLE)));
	ck_assert_uint_le(length, sizeof(wire->data[0]));
	memcpy(wire->data[to_server], data, length);
	wire->length[to_server] = length;
	if (wire->seen == 0) {
		memcpy(wire->hello, data, length);
		wire->hello_length = length;
	}
	wire->seen++;
	return true;
}

START_TEST(nothing_is_on_the_wire_in_clear)
{
	struct transport_end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(&client, &relay.address);
	for (unsigned i = 0; i < 100; i++)
		dtls_check_alive(&client);
	ck_assert_uint_ge(wire.seen, 200);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

static void inject_variants(struct relay *relay, const struct wire *wire, bool to_server)
{
	static const uint8_t plain_alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40};
	static const uint8_t plain_ccs[] = {20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 98, 0, 1, 1};
	static const uint8_t plain_data[] = {23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 97, 0, 2, 'h', 'i'};
	size_t length = wire->length[to_server];
	uint8_t data[2048];

	/* replayed, truncated everywhere, each part damaged, twice in one datagram */
	relay_inject(relay, to_server, wire->data[to_server], length);
	for (size_t cut = 1; cut < length; cut++)
		relay_inject(relay, to_server, wire->data[to_server], cut);
	for (size_t at = 0; at < length; at++) {
		memcpy(data, wire->data[to_server], length);
		data[at] ^= 0xff;
		relay_inject(relay, to_server, data, length);
	}
	memcpy(data, wire->data[to_server], length);
	/* A new sequence number, so that it is not the replay window that refuses it. */
	data[10]++;
	memcpy(data + length, data, length);
	relay_inject(relay, to_server, data, 2 * length);
	relay_inject(relay, to_server, plain_alert, sizeof(plain_alert));
	relay_inject(relay, to_server, plain_ccs, sizeof(plain_ccs));
	relay_inject(relay, to_server, plain_data, sizeof(plain_data));
	for (unsigned i = 0; i < 100; i++) {
		tscf_random(data, sizeof(data));
		if (i % 2 == 0)
			memcpy(data, wire->data[to_server], TSCF_DTLS_RECORD_HEADER - 2);
		relay_inject(relay, to_server, data, 1 + i * 13);
	}
	/* Larger than any record of ours. */
	memset(data, 0, sizeof(data));
	memcpy(data, wire->data[to_server], TSCF_DTLS_RECORD_HEADER);
	data[11] = (1500 - TSCF_DTLS_RECORD_HEADER) >> 8;
	data[12] = (1500 - TSCF_DTLS_RECORD_HEADER) & 0xff;
	relay_inject(relay, to_server, data, 1500);
}

START_TEST(hostile_datagrams_do_not_hurt)
{
	struct transport_end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};
	unsigned at_server;

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(&client, &relay.address);
	for (unsigned round = 0; round < 5; round++) {
		dtls_check_alive(&client);
		at_server = dtls_world.server.received;
		client.received = 0;
		inject_variants(&relay, &wire, true);
		inject_variants(&relay, &wire, false);
		tscf_test_run_for(dtls_world.loop, 0.05);
		ck_assert_uint_eq(dtls_world.server.received, at_server);
		ck_assert_uint_eq(client.received, 0);
	}
	dtls_check_alive(&client);
	ck_assert_uint_eq(dtls_world.server.down + client.down, 0);
	ck_assert_uint_gt(dtls_world.server.transport->counters.invalid, 500);
	ck_assert_uint_gt(client.transport->counters.invalid, 500);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

/* During the handshake, too, garbage must not stop it; repeated and truncated pieces of the handshake itself included.
 */
static bool add_garbage(struct relay *relay, bool to_server, uint8_t *data, size_t length)
{
	uint8_t garbage[2048];

	if (relay->flows == 0)
		return true;
	tscf_random(garbage, sizeof(garbage));
	relay_inject(relay, to_server, garbage, 500);
	relay_inject(relay, to_server, data, length / 2);
	relay_inject(relay, to_server, data, length - 1);
	relay_inject(relay, to_server, data, length);
	return true;
}

START_TEST(garbage_does_not_stop_a_handshake)
{
	struct relay relay = {.filter = add_garbage};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	for (unsigned i = 0; i < 5; i++) {
		struct transport_end client = {0};

		dtls_come_up(&client, &relay.address);
		relay.filter = NULL;
		dtls_check_alive(&client);
		relay.filter = add_garbage;
		tscf_transport_close(client.transport);
	}
	relay_close(&relay);
}
END_TEST

/* Someone who does not answer the cookie gets less than he sent, and nothing is kept of him. */
START_TEST(hellos_without_cookie_cost_nothing)
{
	struct transport_end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};
	uint8_t answer[2048];
	unsigned answers = 0;
	ssize_t length;
	int fd;

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(&client, &relay.address);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    connect(fd, &dtls_world.server.transport->local.sa, sizeof(dtls_world.server.transport->local.in)), 0);
	for (unsigned i = 0; i < 500; i++) {
		wire.hello[40]++;
		ck_assert_int_gt(send(fd, wire.hello, wire.hello_length, 0), 0);
		tscf_transport_poll(dtls_world.server.transport);
		ev_run(dtls_world.loop, EVRUN_ONCE);
		while ((length = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
			ck_assert_uint_le((size_t)length, wire.hello_length);
			answers++;
		}
	}
	ck_assert_uint_eq(answers, 500);
	ck_assert_uint_eq(dtls_inside_handshakes(dtls_world.server.transport), 0);
	ck_assert_uint_eq(dtls_inside_up(dtls_world.server.transport), 1);
	dtls_check_alive(&client);
	close(fd);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

static bool is_refused(void *context)
{
	return ((const struct tscf_transport *)context)->counters.refused > 0;
}

/* Handshakes cost memory before anybody has proved who he is: no source has all that there may be. */
START_TEST(one_source_has_a_limit)
{
	struct transport_end client = {0};

	dtls_inside_fill_source(dtls_world.server.transport);
	dtls_connect_to(&client, &dtls_world.server.transport->local);
	ck_assert(tscf_test_run_until(dtls_world.loop, is_refused, dtls_world.server.transport, 5));
	ck_assert_uint_eq(dtls_inside_handshakes(dtls_world.server.transport), 0);
	/* One is done, and whoever was refused tries again. */
	dtls_inside_one_less(dtls_world.server.transport);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_up, &client, 9));
	dtls_check_alive(&client);
	for (unsigned i = 1; i < TSCF_DTLS_HANDSHAKES_PER_SOURCE; i++)
		dtls_inside_one_less(dtls_world.server.transport);
	ck_assert(dtls_inside_no_source(dtls_world.server.transport));
	tscf_transport_close(client.transport);
}
END_TEST

static bool no_hello_waits(void *context)
{
	return dtls_inside_strangers(context) == 0;
}

/* A packet behind many hellos comes before they have their answers; more hellos than can wait are dropped. */
START_TEST(packets_overtake_handshakes)
{
	struct transport_end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};
	int fd;

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(&client, &relay.address);
	relay_close(&relay);
	tscf_transport_close(client.transport);
	client = (struct transport_end){0};
	dtls_come_up(&client, &dtls_world.server.transport->local);
	/* The server knows that it is up, too. */
	dtls_check_alive(&client);
	dtls_world.server.received = 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    connect(fd, &dtls_world.server.transport->local.sa, sizeof(dtls_world.server.transport->local.in)), 0);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_gt(send(fd, wire.hello, wire.hello_length, 0), 0);
	tscf_peer_send(client.peer, DTLS_NEEDLE, strlen(DTLS_NEEDLE));
	tscf_transport_poll(dtls_world.server.transport);
	ck_assert_uint_eq(dtls_world.server.received, 1);
	ck_assert_uint_eq(dtls_world.server.waiting, 10);
	ck_assert(tscf_test_run_until(dtls_world.loop, no_hello_waits, dtls_world.server.transport, 5));
	for (unsigned i = 0; i < 1000; i++) {
		ck_assert_int_gt(send(fd, wire.hello, wire.hello_length, 0), 0);
		if (i % 100 == 99)
			tscf_transport_poll(dtls_world.server.transport);
	}
	ck_assert_uint_eq(dtls_inside_strangers(dtls_world.server.transport), 512);
	ck_assert_uint_gt(dtls_world.server.transport->counters.receive_drops, 0);
	ck_assert(tscf_test_run_until(dtls_world.loop, no_hello_waits, dtls_world.server.transport, 5));
	dtls_check_alive(&client);
	close(fd);
	tscf_transport_close(client.transport);
}
END_TEST

/* relay->context: the old client's address.  The new one may say hello, cookie and all, but never finishes. */
static bool only_hellos(struct relay *relay, bool to_server, uint8_t *data, size_t length)
{
	struct tscf_dtls_record record;

	(void)relay;
	if (!to_server || !tscf_dtls_record_first(data, length, &record) || record.epoch != 0)
		return true;
	return tscf_dtls_is_client_hello(&record);
}

START_TEST(an_unfinished_handshake_does_not_hurt_the_old_connection)
{
	struct transport_end old = {0}, new = {0};
	struct relay relay = {.single = true};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(&old, &relay.address);
	dtls_check_alive(&old);
	tscf_tls_session_forget(&dtls_world.client_tls->session);
	relay.filter = only_hellos;
	dtls_connect_to(&new, &relay.address);
	tscf_test_run_for(dtls_world.loop, 0.3);
	ck_assert_uint_eq(dtls_inside_handshakes(dtls_world.server.transport), 1);
	tscf_transport_close(new.transport);
	dtls_check_alive(&old);
	dtls_check_alive(&old);
	ck_assert_uint_eq(dtls_world.server.up, 1);
	ck_assert_uint_eq(dtls_world.server.down, 0);
	tscf_transport_close(old.transport);
	relay_close(&relay);
}
END_TEST

START_TEST(a_silent_server_is_given_up)
{
	struct transport_end client = {0};
	struct relay relay = {.loss = 100};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_connect_to(&client, &relay.address);
	dtls_inside_give_up_in(client.peer, 1);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_down, &client, 5));
	ck_assert_int_eq(client.error, ETIMEDOUT);
	/* At 0, 0.1, 0.3, 0.7 s, if the machine has time. */
	ck_assert_uint_ge(relay.lost, 2);
	ck_assert_uint_le(relay.lost, 5);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

START_TEST(a_peer_takes_nothing_before_it_is_up)
{
	struct transport_end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_connect_to(&client, &relay.address);
	tscf_peer_send(client.peer, DTLS_NEEDLE, strlen(DTLS_NEEDLE));
	ck_assert_uint_eq(client.transport->counters.send_drops, 1);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_up, &client, 9));
	ck_assert_uint_eq(dtls_world.server.received, 0);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

static Suite *make_suite(void)
{
	TCase *tc = dtls_case("dtls handshake");

	tcase_add_loop_test(tc, every_handshake_survives_losses, 0, 6);
	tcase_add_loop_test(tc, every_resumption_survives_losses, 0, 3);
	tcase_add_test(tc, a_lost_last_flight_is_sent_again);
	tcase_add_test(tc, nothing_is_on_the_wire_in_clear);
	tcase_add_test(tc, hostile_datagrams_do_not_hurt);
	tcase_add_test(tc, garbage_does_not_stop_a_handshake);
	tcase_add_test(tc, hellos_without_cookie_cost_nothing);
	tcase_add_test(tc, one_source_has_a_limit);
	tcase_add_test(tc, packets_overtake_handshakes);
	tcase_add_test(tc, an_unfinished_handshake_does_not_hurt_the_old_connection);
	tcase_add_test(tc, a_silent_server_is_given_up);
	tcase_add_test(tc, a_peer_takes_nothing_before_it_is_up);
	return dtls_suite("dtls handshake", tc);
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
