/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The encrypted datagram transport over loopback: data, other implementations, and endings of every kind. */
#include "common/tls/tls_context.h"

#include "common/crypto/random.h"
#include "common/transport/dtls_record.h"

#include "tests/unit/dtls_world.h"
#include "tests/unit/event.h"
#include "tests/unit/netns.h"
#include "tests/unit/relay.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS 3000
#define CLIENTS 20

START_TEST(packets_go_both_ways_in_order)
{
	struct transport_end client = {.numbered = true};

	dtls_come_up(&client, &dtls_world.server.transport->local);
	for (unsigned sent = 0; sent < PACKETS; sent += 50) {
		dtls_send_numbers(&client, sent, 50);
		while (client.received < sent + 50)
			ev_run(dtls_world.loop, EVRUN_ONCE);
	}
	ck_assert_uint_eq(client.received, PACKETS);
	ck_assert_uint_eq(dtls_world.server.received, PACKETS);
	ck_assert_uint_eq(dtls_world.server.transport->counters.received_bytes, client.transport->counters.sent_bytes);
	ck_assert_uint_eq(dtls_world.server.transport->counters.invalid + client.transport->counters.invalid, 0);
	ck_assert_uint_eq(dtls_world.server.transport->counters.handshakes, 1);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(twenty_clients_share_a_listener)
{
	struct transport_end client[CLIENTS] = {0};

	for (unsigned i = 0; i < CLIENTS; i++) {
		client[i].numbered = true;
		client[i].next = i * 1000;
		dtls_connect_to(&client[i], &dtls_world.server.transport->local);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_up, &client[i], 9));
	for (unsigned n = 0; n < 50; n++) {
		for (unsigned i = 0; i < CLIENTS; i++)
			dtls_send_numbers(&client[i], i * 1000 + n, 1);
		ev_run(dtls_world.loop, EVRUN_NOWAIT);
	}
	tscf_test_run_for(dtls_world.loop, 0.1);
	for (unsigned i = 0; i < CLIENTS; i++) {
		ck_assert_uint_eq(client[i].received, 50);
		tscf_transport_close(client[i].transport);
	}
	ck_assert_uint_eq(dtls_world.server.up, CLIENTS);
}
END_TEST

/* Each suite, with nettle on one side or the other and wolfSSL's own code opposite. */
static const char *const suites[] = {
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
};

static int socket_send(WOLFSSL *ssl, char *data, int length, void *context)
{
	(void)ssl;
	return (int)send(*(int *)context, data, (size_t)length, 0);
}

static int socket_receive(WOLFSSL *ssl, char *data, int room, void *context)
{
	ssize_t length = recv(*(int *)context, data, (size_t)room, MSG_DONTWAIT);

	(void)ssl;
	return length > 0 ? (int)length : WOLFSSL_CBIO_ERR_WANT_READ;
}

static bool got_it(WOLFSSL *ssl, const uint8_t *right, int length)
{
	uint8_t data[1500];
	int got;

	for (unsigned turn = 0; turn < 100000; turn++) {
		ev_run(dtls_world.loop, EVRUN_NOWAIT);
		got = wolfSSL_read(ssl, data, sizeof(data));
		if (got > 0)
			return got == length && memcmp(data, right, (size_t)length) == 0;
		if (wolfSSL_get_error(ssl, got) != WOLFSSL_ERROR_WANT_READ)
			return false;
	}
	return false;
}

/* The most that wolfSSL 5.5 itself writes into a record, with its fixed MTU of 1400. */
#define WOLFSSL_WRITE_MAX 1351

/* A client that is wolfSSL from beginning to end. */
START_TEST(wolfssl_takes_our_records_and_we_take_its)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;
	struct tscf_tls_check check;
	uint8_t data[WOLFSSL_WRITE_MAX];
	WOLFSSL *ssl;

	ck_assert_int_eq(
	    connect(fd, &dtls_world.server.transport->local.sa, sizeof(dtls_world.server.transport->local.in)), 0);
	wolfSSL_CTX_SetDevId(dtls_world.client_tls->ctx, INVALID_DEVID);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(dtls_world.client_tls->ctx, suites[_i]), WOLFSSL_SUCCESS);
	ssl = tscf_tls_connection(dtls_world.client_tls, &check);
	wolfSSL_SSLSetIOSend(ssl, socket_send);
	wolfSSL_SSLSetIORecv(ssl, socket_receive);
	wolfSSL_SetIOWriteCtx(ssl, &fd);
	wolfSSL_SetIOReadCtx(ssl, &fd);
	while ((result = wolfSSL_connect(ssl)) != WOLFSSL_SUCCESS) {
		ck_assert_int_eq(wolfSSL_get_error(ssl, result), WOLFSSL_ERROR_WANT_READ);
		ev_run(dtls_world.loop, EVRUN_NOWAIT);
	}
	tscf_random(data, sizeof(data));
	for (int length = 1; length <= (int)sizeof(data); length += 1 + length / 9) {
		ck_assert_int_eq(wolfSSL_write(ssl, data, length), length);
		ck_assert(got_it(ssl, data, length));
	}
	ck_assert_uint_eq(dtls_world.server.transport->counters.invalid, 0);
	if (_i % 2 == 0) {
		wolfSSL_shutdown(ssl);
		ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_down, &dtls_world.server, 5));
		ck_assert_int_eq(dtls_world.server.error, ECONNRESET);
	} else {
		tscf_peer_close(dtls_world.server.peer);
		ck_assert(!got_it(ssl, data, 1));
		ck_assert_int_eq(wolfSSL_get_error(ssl, 0), WOLFSSL_ERROR_ZERO_RETURN);
	}
	wolfSSL_free(ssl);
	close(fd);
}
END_TEST

START_TEST(nettle_and_wolfssl_understand_each_other)
{
	struct transport_end client = {.numbered = true};

	wolfSSL_CTX_SetDevId((_i % 2 == 0 ? dtls_world.server_tls : dtls_world.client_tls)->ctx, INVALID_DEVID);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(dtls_world.client_tls->ctx, suites[_i / 2]), WOLFSSL_SUCCESS);
	dtls_come_up(&client, &dtls_world.server.transport->local);
	for (unsigned n = 0; n < PACKETS; n += 50) {
		dtls_send_numbers(&client, n, 50);
		while (client.received < n + 50)
			ev_run(dtls_world.loop, EVRUN_ONCE);
	}
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(closing_says_goodbye)
{
	struct transport_end client = {0}, again = {0};

	dtls_come_up(&client, &dtls_world.server.transport->local);
	tscf_transport_close(client.transport);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_down, &dtls_world.server, 5));
	ck_assert_int_eq(dtls_world.server.error, ECONNRESET);
	ck_assert_str_eq(dtls_world.server.reason, "closed by the other end");
	dtls_world.server.up = 0;
	dtls_come_up(&again, &dtls_world.server.transport->local);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_up, &dtls_world.server, 5));
	tscf_peer_close(dtls_world.server.peer);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_down, &again, 5));
	ck_assert_int_eq(again.error, ECONNRESET);
	tscf_transport_close(again.transport);
}
END_TEST

/* A client that has lost its state starts over from the same address. */
START_TEST(a_new_handshake_replaces_the_old_connection)
{
	struct transport_end old = {0}, new = {0};
	struct relay relay = {.single = true};

	relay_open(&relay, dtls_world.loop, &dtls_world.server.transport->local);
	dtls_come_up(&old, &relay.address);
	dtls_check_alive(&old);
	dtls_come_up(&new, &relay.address);
	tscf_test_run_for(dtls_world.loop, 0.1);
	ck_assert_uint_eq(dtls_world.server.up, 2);
	ck_assert_uint_eq(dtls_world.server.down, 1);
	ck_assert_str_eq(dtls_world.server.reason, "replaced by a new connection from the same address");
	dtls_check_alive(&new);
	tscf_transport_close(old.transport);
	tscf_transport_close(new.transport);
	relay_close(&relay);
}
END_TEST

START_TEST(packets_too_large_are_dropped_and_counted)
{
	static const uint8_t data[TSCF_DTLS_PAYLOAD_MAX + 1];
	struct transport_end client = {0};

	dtls_come_up(&client, &dtls_world.server.transport->local);
	tscf_peer_send(client.peer, data, sizeof(data));
	ck_assert_uint_eq(client.transport->counters.send_drops, 1);
	tscf_peer_send(client.peer, data, sizeof(data) - 1);
	ck_assert(tscf_test_run_until(dtls_world.loop, dtls_has_received, &client, 5));
	ck_assert_uint_eq(client.transport->counters.send_drops, 1);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(tos_is_carried_per_packet)
{
	struct transport_end client = {0};
	struct tscf_batch batch = {.count = 1, .packet = {tscf_ring_packet(dtls_world.ring, 0)}};

	dtls_come_up(&client, &dtls_world.server.transport->local);
	batch.packet[0]->peer = client.peer;
	batch.packet[0]->length = 1;
	batch.packet[0]->tos = 0xb8;
	tscf_transport_send(client.transport, &batch);
	ck_assert(tscf_test_run_until(dtls_world.loop, dtls_has_received, &client, 5));
	ck_assert_uint_eq(dtls_world.server.last_tos, 0xb8);
	ck_assert_uint_eq(client.last_tos, 0xb8);
	dtls_check_alive(&client);
	ck_assert_uint_eq(client.last_tos, 0);
	tscf_transport_close(client.transport);
}
END_TEST

/* Every handler closes a peer or its whole transport, on either side (AddressSanitizer watches). */
START_TEST(anything_can_be_closed_in_a_handler)
{
	struct transport_end client = {0};
	struct transport_end *who = _i % 2 == 0 ? &client : &dtls_world.server;

	who->closes_peer_when_up = _i / 2 == 0;
	who->closes_when_up = _i / 2 == 1;
	who->closes_peer_when_received = _i / 2 == 2;
	who->closes_when_received = _i / 2 == 3;
	who->closes_peer_when_down = _i / 2 == 4 || _i / 2 == 6;
	who->closes_when_down = _i / 2 == 5 || _i / 2 == 6;
	dtls_connect_to(&client, &dtls_world.server.transport->local);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_settled, &client, 9));
	tscf_test_run_for(dtls_world.loop, 0.02);
	if (_i / 2 >= 2) {
		dtls_send_numbers(&client, 0, 60);
		dtls_send_numbers(&client, 0, 60);
		tscf_test_run_for(dtls_world.loop, 0.02);
	}
	if (_i / 2 >= 4) {
		if (who == &dtls_world.server)
			tscf_peer_close(client.peer);
		else
			tscf_peer_close(dtls_world.server.peer);
		ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_down, who, 5));
	}
	if (who->closes_when_up || who->closes_when_received || who->closes_when_down)
		ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_closed, who, 5));
	if (client.transport)
		tscf_transport_close(client.transport);
}
END_TEST

/* Half of the batch that is being handed up belongs to a peer that the handler closes with the first packet. */
START_TEST(a_transport_with_many_peers_is_closed_in_the_middle)
{
	struct transport_end client[CLIENTS] = {0};

	for (unsigned i = 0; i < CLIENTS; i++)
		dtls_come_up(&client[i], &dtls_world.server.transport->local);
	dtls_world.server.closes_peer_when_received = true;
	dtls_world.server.closes_when_received = _i == 1;
	for (unsigned i = 0; i < CLIENTS; i++)
		dtls_send_numbers(&client[i], 0, 10);
	tscf_test_run_for(dtls_world.loop, 0.1);
	for (unsigned i = 0; i < CLIENTS; i++)
		tscf_transport_close(client[i].transport);
}
END_TEST

START_TEST(records_are_checked_before_they_are_used)
{
	uint8_t good[] = {23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2, 'a', 'b',
			  21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 2, 0, 1, 'c'};
	uint8_t named[] = {25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 'i', 'd', 'e', 'n', 0, 2, 'a', 'b'};
	struct tscf_dtls_record record;

	ck_assert(tscf_dtls_datagram_valid(good, sizeof(good)));
	ck_assert(tscf_dtls_record_first(good, sizeof(good), &record));
	ck_assert_uint_eq(record.length, 15);
	ck_assert_uint_eq(record.type, 23);
	ck_assert_uint_eq(record.epoch, 1);
	ck_assert(!tscf_dtls_datagram_valid(good, 0));
	for (size_t cut = 1; cut < sizeof(good); cut++)
		ck_assert(tscf_dtls_datagram_valid(good, cut) == (cut == 15));
	for (unsigned type = 0; type < 256; type++) {
		good[0] = (uint8_t)type;
		/* The id of a record of type 25 takes up its length, and what is then taken for a length is wrong. */
		ck_assert(tscf_dtls_datagram_valid(good, sizeof(good)) == (type >= 20 && type <= 23));
	}
	good[0] = 23;
	good[2] = 0xff;
	ck_assert(!tscf_dtls_datagram_valid(good, sizeof(good)));
	good[2] = 0xfd;
	good[4] = 0;
	ck_assert(!tscf_dtls_datagram_valid(good, sizeof(good)));
	ck_assert(tscf_dtls_datagram_valid(named, sizeof(named)));
	ck_assert(tscf_dtls_record_first(named, sizeof(named), &record));
	ck_assert_ptr_eq(record.id, named + 11);
	for (size_t cut = 1; cut < sizeof(named); cut++)
		ck_assert(!tscf_dtls_datagram_valid(named, cut));
	/* There are none in clear. */
	named[4] = 0;
	ck_assert(!tscf_dtls_datagram_valid(named, sizeof(named)));
}
END_TEST

static Suite *make_suite(void)
{
	TCase *tc = dtls_case("dtls");

	tcase_add_test(tc, packets_go_both_ways_in_order);
	tcase_add_test(tc, twenty_clients_share_a_listener);
	tcase_add_loop_test(tc, wolfssl_takes_our_records_and_we_take_its, 0, 3);
	tcase_add_loop_test(tc, nettle_and_wolfssl_understand_each_other, 0, 6);
	tcase_add_test(tc, closing_says_goodbye);
	tcase_add_test(tc, a_new_handshake_replaces_the_old_connection);
	tcase_add_test(tc, packets_too_large_are_dropped_and_counted);
	tcase_add_test(tc, tos_is_carried_per_packet);
	tcase_add_loop_test(tc, anything_can_be_closed_in_a_handler, 0, 14);
	tcase_add_loop_test(tc, a_transport_with_many_peers_is_closed_in_the_middle, 0, 2);
	tcase_add_test(tc, records_are_checked_before_they_are_used);
	return dtls_suite("dtls", tc);
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
