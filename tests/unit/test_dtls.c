/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The encrypted datagram transport over loopback: data, losses, hostile datagrams, wrong servers, endings of every
 * kind. */
#include "common/tls/tls_context.h"

#include "common/crypto/crypto.h"
#include "common/crypto/random.h"
#include "common/transport/dtls.h"
#include "common/transport/dtls_record.h"

#include "tests/unit/certs.h"
#include "tests/unit/dtls_inside.h"
#include "tests/unit/event.h"
#include "tests/unit/netns.h"
#include "tests/unit/relay.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS 3000
#define CLIENTS 20
#define DTLS_KEPT 2048
#define NEEDLE  "this must not be seen by anybody on the way"

struct end {
	struct tscf_transport *transport;
	struct tscf_peer *peer;
	unsigned up, down, moved;
	int error;
	char reason[TSCF_TLS_ERROR];
	unsigned received;
	uint32_t next;    /* number expected */
	unsigned waiting; /* hellos, when a packet was received last */
	uint8_t last_tos;
	char last[64];
	bool echo;
	bool numbered; /* packets are checked to be those of send_numbers, in order */
	bool closes_peer_when_up, closes_when_up;
	bool closes_peer_when_received, closes_when_received;
	bool closes_peer_when_down, closes_when_down;
};

static struct ev_loop *loop;
static struct tscf_ring *ring;
static struct tscf_tls *server_tls, *client_tls;
static char pin[TSCF_PIN_TEXT], error[TSCF_TLS_ERROR];
static struct end server;

static void prepare(void)
{
	static const struct certs_spec specs[] = {
	    {.name = "ca", .ca = true},
	    {.name = "other-ca", .ca = true},
	    {.name = "good", .issuer = "ca", .dns = {"vpn.example.org"}, .ip = "127.0.0.1"},
	    {.name = "expired", .issuer = "ca", .dns = {"vpn.example.org"}, .expired = true},
	    {.name = "self", .dns = {"vpn.example.org"}},
	};

	certs_make_directory();
	for (unsigned i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		certs_make(&specs[i]);
}

static struct tscf_tls *server_with(const char *name)
{
	char cert[64], key[64];
	struct tscf_tls *tls;

	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	ck_assert_int_eq(tscf_tls_pin_of_file(certs_path(cert), pin), 0);
	tls = tscf_tls_server(certs_path(cert), certs_path(key), error);
	ck_assert_msg(tls != NULL, "%s", error);
	return tls;
}

static struct tscf_tls *client_with(const char *ca, const char *name, const char *client_pin)
{
	struct tscf_tls *tls = tscf_tls_client(ca ? certs_path(ca) : NULL, name, client_pin, error);

	ck_assert_msg(tls != NULL, "%s", error);
	return tls;
}

static void closing(bool peer_too, bool transport_too, struct end *end, struct tscf_peer *peer,
		    struct tscf_transport *t)
{
	if (peer_too)
		tscf_peer_close(peer);
	if (transport_too) {
		tscf_transport_close(t);
		end->transport = NULL;
	}
}

static uint32_t length_of(uint32_t number)
{
	return 4 + number % (TSCF_DTLS_PAYLOAD_MAX - 3);
}

static void check_number(struct end *end, const struct tscf_packet *packet)
{
	uint32_t number = end->next++, got, wrong = 0;

	ck_assert_uint_eq(packet->length, length_of(number));
	memcpy(&got, packet->data, 4);
	ck_assert_uint_eq(got, number);
	for (uint32_t i = 4; i < packet->length; i++)
		wrong += packet->data[i] != (number & 0xff);
	ck_assert_uint_eq(wrong, 0);
}

static void received(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct end *end = context;
	struct tscf_batch answer = {.count = 0};
	bool close_peer = end->closes_peer_when_received, close = end->closes_when_received;

	end->waiting = dtls_inside_strangers(t);
	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_packet *packet = batch->packet[i];

		ck_assert_ptr_nonnull(packet->peer);
		end->received++;
		end->last_tos = packet->tos;
		snprintf(end->last, sizeof(end->last), "%.*s", (int)packet->length, (const char *)packet->data);
		if (end->numbered)
			check_number(end, packet);
		if (end->echo)
			tscf_batch_add(&answer, packet);
	}
	if (close_peer)
		tscf_peer_close(batch->packet[0]->peer);
	tscf_transport_send(t, &answer);
	closing(false, close, end, NULL, t);
}

static void peer_up(void *context, struct tscf_peer *peer)
{
	struct end *end = context;

	end->up++;
	end->peer = peer;
	closing(end->closes_peer_when_up, end->closes_when_up, end, peer, peer->transport);
}

static void peer_down(void *context, struct tscf_peer *peer, int reason_error, const char *reason)
{
	struct end *end = context;

	end->down++;
	end->error = reason_error;
	snprintf(end->reason, sizeof(end->reason), "%s", reason);
	if (end->peer == peer)
		end->peer = NULL;
	closing(end->closes_peer_when_down, end->closes_when_down, end, peer, peer->transport);
}

static void peer_moved(void *context, struct tscf_peer *peer)
{
	struct end *end = context;

	ck_assert_ptr_eq(end->peer, peer);
	end->moved++;
}

static const struct tscf_transport_handler handler = {
    .received = received, .peer_up = peer_up, .peer_down = peer_down, .peer_moved = peer_moved};

static void start_server(void)
{
	union tscf_endpoint local;

	ck_assert_int_eq(tscf_endpoint_parse("127.0.0.1:0", 0, &local), 0);
	ck_assert_int_eq(tscf_dtls_listen(loop, server_tls, &local, NULL, &handler, &server, &server.transport), 0);
}

static void setup(void)
{
	tscf_netns_enter();
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	loop = ev_loop_new(EVFLAG_AUTO);
	ring = tscf_ring_new(TSCF_PACKET_MAX);
	server = (struct end){.echo = true};
	server_tls = server_with("good");
	client_tls = client_with("ca.pem", "vpn.example.org", NULL);
	start_server();
}

static void teardown(void)
{
	if (server.transport)
		tscf_transport_close(server.transport);
	tscf_tls_free(server_tls);
	tscf_tls_free(client_tls);
	tscf_ring_free(ring);
	ev_loop_destroy(loop);
	tscf_crypto_release();
}

static void restart_server_with(const char *name)
{
	tscf_transport_close(server.transport);
	tscf_tls_free(server_tls);
	server_tls = server_with(name);
	start_server();
}

static void replace_client_tls(struct tscf_tls *tls)
{
	tscf_tls_free(client_tls);
	client_tls = tls;
}

static void connect_to(struct end *client, const union tscf_endpoint *remote)
{
	ck_assert_int_eq(
	    tscf_dtls_connect(loop, client_tls, remote, NULL, &handler, client, &client->transport, &client->peer), 0);
}

static bool is_up(void *context)
{
	return ((struct end *)context)->up > 0;
}

static bool is_down(void *context)
{
	return ((struct end *)context)->down > 0;
}

static bool is_settled(void *context)
{
	return is_up(context) || is_down(context);
}

static bool is_closed(void *context)
{
	return ((struct end *)context)->transport == NULL;
}

static bool has_received(void *context)
{
	return ((struct end *)context)->received > 0;
}

static void come_up(struct end *client, const union tscf_endpoint *remote)
{
	connect_to(client, remote);
	ck_assert(tscf_test_run_until(loop, is_settled, client, 9));
	ck_assert_msg(client->up == 1, "%s", client->reason);
}

static void send_numbers(struct end *end, uint32_t first, unsigned count)
{
	struct tscf_batch batch = {.count = 0};

	for (unsigned i = 0; i < count; i++) {
		struct tscf_packet *packet = tscf_ring_packet(ring, i);
		uint32_t number = first + i;

		packet->peer = end->peer;
		packet->length = length_of(number);
		memcpy(packet->data, &number, 4);
		memset(packet->data + 4, (int)(number & 0xff), packet->length - 4);
		tscf_batch_add(&batch, packet);
	}
	tscf_transport_send(end->transport, &batch);
}

/* One packet there and back. */
static void check_alive(struct end *client)
{
	client->received = 0;
	tscf_peer_send(client->peer, NEEDLE, strlen(NEEDLE));
	ck_assert(tscf_test_run_until(loop, has_received, client, 5));
	ck_assert_str_eq(client->last, NEEDLE);
}

static bool was_resumed(const struct end *client)
{
	return dtls_inside_resumed(client->peer);
}

START_TEST(packets_go_both_ways_in_order)
{
	struct end client = {.numbered = true};

	come_up(&client, &server.transport->local);
	for (unsigned sent = 0; sent < PACKETS; sent += 50) {
		send_numbers(&client, sent, 50);
		while (client.received < sent + 50)
			ev_run(loop, EVRUN_ONCE);
	}
	ck_assert_uint_eq(client.received, PACKETS);
	ck_assert_uint_eq(server.received, PACKETS);
	ck_assert_uint_eq(server.transport->counters.received_bytes, client.transport->counters.sent_bytes);
	ck_assert_uint_eq(server.transport->counters.invalid + client.transport->counters.invalid, 0);
	ck_assert_uint_eq(server.transport->counters.handshakes, 1);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(twenty_clients_share_a_listener)
{
	struct end client[CLIENTS] = {0};

	for (unsigned i = 0; i < CLIENTS; i++) {
		client[i].numbered = true;
		client[i].next = i * 1000;
		connect_to(&client[i], &server.transport->local);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		ck_assert(tscf_test_run_until(loop, is_up, &client[i], 9));
	for (unsigned n = 0; n < 50; n++) {
		for (unsigned i = 0; i < CLIENTS; i++)
			send_numbers(&client[i], i * 1000 + n, 1);
		ev_run(loop, EVRUN_NOWAIT);
	}
	tscf_test_run_for(loop, 0.1);
	for (unsigned i = 0; i < CLIENTS; i++) {
		ck_assert_uint_eq(client[i].received, 50);
		tscf_transport_close(client[i].transport);
	}
	ck_assert_uint_eq(server.up, CLIENTS);
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
		ev_run(loop, EVRUN_NOWAIT);
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

	ck_assert_int_eq(connect(fd, &server.transport->local.sa, sizeof(server.transport->local.in)), 0);
	wolfSSL_CTX_SetDevId(client_tls->ctx, INVALID_DEVID);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->ctx, suites[_i]), WOLFSSL_SUCCESS);
	ssl = tscf_tls_connection(client_tls, &check);
	wolfSSL_SSLSetIOSend(ssl, socket_send);
	wolfSSL_SSLSetIORecv(ssl, socket_receive);
	wolfSSL_SetIOWriteCtx(ssl, &fd);
	wolfSSL_SetIOReadCtx(ssl, &fd);
	while ((result = wolfSSL_connect(ssl)) != WOLFSSL_SUCCESS) {
		ck_assert_int_eq(wolfSSL_get_error(ssl, result), WOLFSSL_ERROR_WANT_READ);
		ev_run(loop, EVRUN_NOWAIT);
	}
	tscf_random(data, sizeof(data));
	for (int length = 1; length <= (int)sizeof(data); length += 1 + length / 9) {
		ck_assert_int_eq(wolfSSL_write(ssl, data, length), length);
		ck_assert(got_it(ssl, data, length));
	}
	ck_assert_uint_eq(server.transport->counters.invalid, 0);
	if (_i % 2 == 0) {
		wolfSSL_shutdown(ssl);
		ck_assert(tscf_test_run_until(loop, is_down, &server, 5));
		ck_assert_int_eq(server.error, ECONNRESET);
	} else {
		tscf_peer_close(server.peer);
		ck_assert(!got_it(ssl, data, 1));
		ck_assert_int_eq(wolfSSL_get_error(ssl, 0), WOLFSSL_ERROR_ZERO_RETURN);
	}
	wolfSSL_free(ssl);
	close(fd);
}
END_TEST

START_TEST(nettle_and_wolfssl_understand_each_other)
{
	struct end client = {.numbered = true};

	wolfSSL_CTX_SetDevId((_i % 2 == 0 ? server_tls : client_tls)->ctx, INVALID_DEVID);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->ctx, suites[_i / 2]), WOLFSSL_SUCCESS);
	come_up(&client, &server.transport->local);
	for (unsigned n = 0; n < PACKETS; n += 50) {
		send_numbers(&client, n, 50);
		while (client.received < n + 50)
			ev_run(loop, EVRUN_ONCE);
	}
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(every_handshake_survives_losses)
{
	struct end client[CLIENTS] = {0};
	struct relay relay = {.loss = 15 * (unsigned)(_i % 3)};

	relay_open(&relay, loop, &server.transport->local);
	relay.random = (uint32_t)_i;
	for (unsigned i = 0; i < CLIENTS; i++)
		connect_to(&client[i], &relay.address);
	for (unsigned i = 0; i < CLIENTS; i++) {
		ck_assert(tscf_test_run_until(loop, is_settled, &client[i], 12));
		ck_assert_msg(client[i].up == 1, "client %u: %s", i, client[i].reason);
	}
	relay.loss = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		check_alive(&client[i]);
	for (unsigned i = 0; i < CLIENTS; i++)
		tscf_transport_close(client[i].transport);
	relay_close(&relay);
}
END_TEST

/* With sessions to resume the client is the one whose flight is last: the server comes up after it. */
START_TEST(every_resumption_survives_losses)
{
	struct relay relay = {.loss = 0};

	relay_open(&relay, loop, &server.transport->local);
	relay.random = (uint32_t)_i;
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct end client = {0};

		come_up(&client, &relay.address);
		ck_assert(was_resumed(&client) == (i > 0));
		ck_assert(tscf_test_run_until(loop, is_up, &server, 9));
		relay.loss = 0;
		check_alive(&client);
		tscf_transport_close(client.transport);
		relay.loss = 20;
		server.up = 0;
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

	if (to_server != (client_tls->session != NULL))
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
	struct end client = {0}, again = {0};
	unsigned lost = 3;
	struct relay relay = {.filter = drop_last_flight, .context = &lost};

	relay_open(&relay, loop, &server.transport->local);
	come_up(&client, &relay.address);
	ck_assert_uint_eq(lost, 0);
	check_alive(&client);
	tscf_transport_close(client.transport);
	lost = 3;
	server.up = 0;
	come_up(&again, &relay.address);
	ck_assert(was_resumed(&again));
	ck_assert(tscf_test_run_until(loop, is_up, &server, 5));
	ck_assert_uint_eq(lost, 0);
	check_alive(&again);
	tscf_transport_close(again.transport);
	relay_close(&relay);
}
END_TEST

/* Keeps the last datagram of each direction and looks for NEEDLE in all. */
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

	ck_assert_ptr_null(memmem(data, length, NEEDLE, strlen(NEEDLE)));
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
	struct end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};

	relay_open(&relay, loop, &server.transport->local);
	come_up(&client, &relay.address);
	for (unsigned i = 0; i < 100; i++)
		check_alive(&client);
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
	struct end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};
	unsigned at_server;

	relay_open(&relay, loop, &server.transport->local);
	come_up(&client, &relay.address);
	for (unsigned round = 0; round < 5; round++) {
		check_alive(&client);
		at_server = server.received;
		client.received = 0;
		inject_variants(&relay, &wire, true);
		inject_variants(&relay, &wire, false);
		tscf_test_run_for(loop, 0.05);
		ck_assert_uint_eq(server.received, at_server);
		ck_assert_uint_eq(client.received, 0);
	}
	check_alive(&client);
	ck_assert_uint_eq(server.down + client.down, 0);
	ck_assert_uint_gt(server.transport->counters.invalid, 500);
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

	relay_open(&relay, loop, &server.transport->local);
	for (unsigned i = 0; i < 5; i++) {
		struct end client = {0};

		come_up(&client, &relay.address);
		relay.filter = NULL;
		check_alive(&client);
		relay.filter = add_garbage;
		tscf_transport_close(client.transport);
	}
	relay_close(&relay);
}
END_TEST

/* Someone who does not answer the cookie gets less than he sent, and nothing is kept of him. */
START_TEST(hellos_without_cookie_cost_nothing)
{
	struct end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};
	uint8_t answer[2048];
	unsigned answers = 0;
	ssize_t length;
	int fd;

	relay_open(&relay, loop, &server.transport->local);
	come_up(&client, &relay.address);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fd, &server.transport->local.sa, sizeof(server.transport->local.in)), 0);
	for (unsigned i = 0; i < 500; i++) {
		wire.hello[40]++;
		ck_assert_int_gt(send(fd, wire.hello, wire.hello_length, 0), 0);
		tscf_transport_poll(server.transport);
		ev_run(loop, EVRUN_ONCE);
		while ((length = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
			ck_assert_uint_le((size_t)length, wire.hello_length);
			answers++;
		}
	}
	ck_assert_uint_eq(answers, 500);
	ck_assert_uint_eq(dtls_inside_handshakes(server.transport), 0);
	ck_assert_uint_eq(dtls_inside_up(server.transport), 1);
	check_alive(&client);
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
	struct end client = {0};

	dtls_inside_fill_source(server.transport);
	connect_to(&client, &server.transport->local);
	ck_assert(tscf_test_run_until(loop, is_refused, server.transport, 5));
	ck_assert_uint_eq(dtls_inside_handshakes(server.transport), 0);
	/* One is done, and whoever was refused tries again. */
	dtls_inside_one_less(server.transport);
	ck_assert(tscf_test_run_until(loop, is_up, &client, 9));
	check_alive(&client);
	for (unsigned i = 1; i < TSCF_DTLS_HANDSHAKES_PER_SOURCE; i++)
		dtls_inside_one_less(server.transport);
	ck_assert(dtls_inside_no_source(server.transport));
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
	struct end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};
	int fd;

	relay_open(&relay, loop, &server.transport->local);
	come_up(&client, &relay.address);
	relay_close(&relay);
	tscf_transport_close(client.transport);
	client = (struct end){0};
	come_up(&client, &server.transport->local);
	/* The server knows that it is up, too. */
	check_alive(&client);
	server.received = 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fd, &server.transport->local.sa, sizeof(server.transport->local.in)), 0);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_gt(send(fd, wire.hello, wire.hello_length, 0), 0);
	tscf_peer_send(client.peer, NEEDLE, strlen(NEEDLE));
	tscf_transport_poll(server.transport);
	ck_assert_uint_eq(server.received, 1);
	ck_assert_uint_eq(server.waiting, 10);
	ck_assert(tscf_test_run_until(loop, no_hello_waits, server.transport, 5));
	for (unsigned i = 0; i < 1000; i++) {
		ck_assert_int_gt(send(fd, wire.hello, wire.hello_length, 0), 0);
		if (i % 100 == 99)
			tscf_transport_poll(server.transport);
	}
	ck_assert_uint_eq(dtls_inside_strangers(server.transport), 512);
	ck_assert_uint_gt(server.transport->counters.receive_drops, 0);
	ck_assert(tscf_test_run_until(loop, no_hello_waits, server.transport, 5));
	check_alive(&client);
	close(fd);
	tscf_transport_close(client.transport);
}
END_TEST

static void refused(const char *text)
{
	struct end client = {0};

	connect_to(&client, &server.transport->local);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 9));
	ck_assert_uint_eq(client.up, 0);
	ck_assert_int_eq(client.error, EKEYREJECTED);
	ck_assert_msg(strstr(client.reason, text) != NULL, "\"%s\" does not say \"%s\"", client.reason, text);
	tscf_test_run_for(loop, 0.05);
	ck_assert_uint_eq(server.up, 0);
	ck_assert_uint_eq(client.transport->counters.handshakes, 0);
	ck_assert_uint_eq(client.transport->counters.handshakes_failed, 1);
	ck_assert_ptr_null(client_tls->session);
	tscf_transport_close(client.transport);
}

static void accepted(void)
{
	struct end client = {0};

	come_up(&client, &server.transport->local);
	check_alive(&client);
	tscf_transport_close(client.transport);
}

START_TEST(a_wrong_server_is_refused)
{
	char good_pin[TSCF_PIN_TEXT], other_pin[TSCF_PIN_TEXT], text[TSCF_TLS_ERROR];

	strcpy(good_pin, pin);
	ck_assert_int_eq(tscf_tls_pin_of_file(certs_path("self.pem"), other_pin), 0);
	snprintf(text, sizeof(text), "pin does not match: server has %s", good_pin);
	replace_client_tls(client_with(NULL, NULL, other_pin));
	refused(text);
	replace_client_tls(client_with("ca.pem", "vpn.example.org", other_pin));
	refused(text);
	replace_client_tls(client_with("other-ca.pem", "vpn.example.org", NULL));
	refused("not signed by a known CA");
	replace_client_tls(client_with("other-ca.pem", "vpn.example.org", good_pin));
	refused("not signed by a known CA");
	replace_client_tls(client_with("ca.pem", "vpn.example.net", NULL));
	refused("certificate is not valid for vpn.example.net");
	replace_client_tls(client_with("ca.pem", "vpn.example.net", good_pin));
	refused("certificate is not valid for vpn.example.net");
	replace_client_tls(client_with("ca.pem", "127.0.0.2", NULL));
	refused("certificate is not valid for 127.0.0.2");
	replace_client_tls(client_with("ca.pem", "good", NULL));
	refused("certificate is not valid for good");
}
END_TEST

START_TEST(an_expired_server_is_refused)
{
	restart_server_with("expired");
	refused("certificate has expired");
	replace_client_tls(client_with("ca.pem", "vpn.example.org", pin));
	refused("certificate has expired");
}
END_TEST

/* In the handshake, and not since their records would be none of ours. */
static void offer_is_refused(const char *reason)
{
	struct end client = {0};

	connect_to(&client, &server.transport->local);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 9));
	ck_assert_uint_eq(client.up + server.up, 0);
	ck_assert_msg(strstr(client.reason, reason) != NULL, "\"%s\" does not say \"%s\"", client.reason, reason);
	tscf_transport_close(client.transport);
}

START_TEST(weak_offers_are_refused)
{
	static const char *const weak[] = {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"};

	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->ctx, weak[_i]), WOLFSSL_SUCCESS);
	offer_is_refused("the other end refuses");
}
END_TEST

START_TEST(dtls_1_0_is_refused)
{
	wolfSSL_CTX_free(client_tls->ctx);
	client_tls->ctx = wolfSSL_CTX_new(wolfDTLSv1_client_method());
	ck_assert_ptr_nonnull(client_tls->ctx);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->ctx, "ECDHE-ECDSA-AES128-SHA"), WOLFSSL_SUCCESS);
	offer_is_refused("version error");
}
END_TEST

START_TEST(the_right_server_is_accepted)
{
	accepted();
	replace_client_tls(client_with("ca.pem", "127.0.0.1", NULL));
	accepted();
	replace_client_tls(client_with("ca.pem", "vpn.example.org", pin));
	accepted();
	replace_client_tls(client_with(NULL, NULL, pin));
	accepted();
	restart_server_with("self");
	replace_client_tls(client_with("self.pem", "vpn.example.org", NULL));
	accepted();
	replace_client_tls(client_with(NULL, NULL, pin));
	accepted();
	restart_server_with("expired");
	replace_client_tls(client_with(NULL, NULL, pin));
	accepted();
}
END_TEST

/* A server that has the pinned certificate, but not its key. */
START_TEST(a_stolen_certificate_is_no_proof)
{
	struct end client = {0};
	char good_pin[TSCF_PIN_TEXT];

	strcpy(good_pin, pin);
	replace_client_tls(client_with(NULL, NULL, good_pin));
	tscf_transport_close(server.transport);
	ck_assert_int_eq(wolfSSL_CTX_use_PrivateKey_file(server_tls->ctx, certs_path("self.key"), WOLFSSL_FILETYPE_PEM),
			 WOLFSSL_SUCCESS);
	start_server();
	connect_to(&client, &server.transport->local);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 9));
	ck_assert_uint_eq(client.up, 0);
	tscf_transport_close(client.transport);
}
END_TEST

/* New connections have the new certificate; one that is there goes on, also after the old one is gone. */
START_TEST(a_certificate_is_renewed)
{
	struct end before = {0}, after = {0};

	replace_client_tls(client_with(NULL, NULL, pin));
	come_up(&before, &server.transport->local);
	tscf_tls_renew(server_tls, server_with("self"));
	check_alive(&before);
	connect_to(&after, &server.transport->local);
	ck_assert(tscf_test_run_until(loop, is_settled, &after, 9));
	ck_assert_uint_eq(after.up, 0);
	ck_assert_ptr_nonnull(strstr(after.reason, "pin does not match"));
	tscf_transport_close(after.transport);
	check_alive(&before);
	tscf_transport_close(before.transport);
	replace_client_tls(client_with(NULL, NULL, pin));
	accepted();
}
END_TEST

START_TEST(sessions_are_resumed)
{
	for (unsigned i = 0; i < 4; i++) {
		struct end client = {0};

		come_up(&client, &server.transport->local);
		ck_assert(was_resumed(&client) == (i > 0));
		check_alive(&client);
		tscf_transport_close(client.transport);
	}
}
END_TEST

/* A restarted server does not know the session; a full handshake follows, and verifies. */
START_TEST(a_forgotten_session_does_not_hurt)
{
	struct end client = {0}, again = {0};

	come_up(&client, &server.transport->local);
	tscf_transport_close(client.transport);
	restart_server_with("good");
	come_up(&again, &server.transport->local);
	ck_assert(!was_resumed(&again));
	check_alive(&again);
	tscf_transport_close(again.transport);
	restart_server_with("self");
	server.up = 0;
	{
		struct end wrong = {0};

		connect_to(&wrong, &server.transport->local);
		ck_assert(tscf_test_run_until(loop, is_settled, &wrong, 9));
		ck_assert_int_eq(wrong.error, EKEYREJECTED);
		ck_assert_uint_eq(server.up, 0);
		tscf_transport_close(wrong.transport);
	}
}
END_TEST

START_TEST(closing_says_goodbye)
{
	struct end client = {0}, again = {0};

	come_up(&client, &server.transport->local);
	tscf_transport_close(client.transport);
	ck_assert(tscf_test_run_until(loop, is_down, &server, 5));
	ck_assert_int_eq(server.error, ECONNRESET);
	ck_assert_str_eq(server.reason, "closed by the other end");
	server.up = 0;
	come_up(&again, &server.transport->local);
	ck_assert(tscf_test_run_until(loop, is_up, &server, 5));
	tscf_peer_close(server.peer);
	ck_assert(tscf_test_run_until(loop, is_down, &again, 5));
	ck_assert_int_eq(again.error, ECONNRESET);
	tscf_transport_close(again.transport);
}
END_TEST

/* A client that has lost its state starts over from the same address. */
START_TEST(a_new_handshake_replaces_the_old_connection)
{
	struct end old = {0}, new = {0};
	struct relay relay = {.single = true};

	relay_open(&relay, loop, &server.transport->local);
	come_up(&old, &relay.address);
	check_alive(&old);
	come_up(&new, &relay.address);
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(server.up, 2);
	ck_assert_uint_eq(server.down, 1);
	ck_assert_str_eq(server.reason, "replaced by a new connection from the same address");
	check_alive(&new);
	tscf_transport_close(old.transport);
	tscf_transport_close(new.transport);
	relay_close(&relay);
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
	struct end old = {0}, new = {0};
	struct relay relay = {.single = true};

	relay_open(&relay, loop, &server.transport->local);
	come_up(&old, &relay.address);
	check_alive(&old);
	tscf_tls_session_forget(&client_tls->session);
	relay.filter = only_hellos;
	connect_to(&new, &relay.address);
	tscf_test_run_for(loop, 0.3);
	ck_assert_uint_eq(dtls_inside_handshakes(server.transport), 1);
	tscf_transport_close(new.transport);
	check_alive(&old);
	check_alive(&old);
	ck_assert_uint_eq(server.up, 1);
	ck_assert_uint_eq(server.down, 0);
	tscf_transport_close(old.transport);
	relay_close(&relay);
}
END_TEST

START_TEST(a_silent_server_is_given_up)
{
	struct end client = {0};
	struct relay relay = {.loss = 100};

	relay_open(&relay, loop, &server.transport->local);
	connect_to(&client, &relay.address);
	dtls_inside_give_up_in(client.peer, 1);
	ck_assert(tscf_test_run_until(loop, is_down, &client, 5));
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
	struct end client = {0};
	struct wire wire = {.seen = 0};
	struct relay relay = {.filter = look, .context = &wire};

	relay_open(&relay, loop, &server.transport->local);
	connect_to(&client, &relay.address);
	tscf_peer_send(client.peer, NEEDLE, strlen(NEEDLE));
	ck_assert_uint_eq(client.transport->counters.send_drops, 1);
	ck_assert(tscf_test_run_until(loop, is_up, &client, 9));
	ck_assert_uint_eq(server.received, 0);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

START_TEST(packets_too_large_are_dropped_and_counted)
{
	static const uint8_t data[TSCF_DTLS_PAYLOAD_MAX + 1];
	struct end client = {0};

	come_up(&client, &server.transport->local);
	tscf_peer_send(client.peer, data, sizeof(data));
	ck_assert_uint_eq(client.transport->counters.send_drops, 1);
	tscf_peer_send(client.peer, data, sizeof(data) - 1);
	ck_assert(tscf_test_run_until(loop, has_received, &client, 5));
	ck_assert_uint_eq(client.transport->counters.send_drops, 1);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(tos_is_carried_per_packet)
{
	struct end client = {0};
	struct tscf_batch batch = {.count = 1, .packet = {tscf_ring_packet(ring, 0)}};

	come_up(&client, &server.transport->local);
	batch.packet[0]->peer = client.peer;
	batch.packet[0]->length = 1;
	batch.packet[0]->tos = 0xb8;
	tscf_transport_send(client.transport, &batch);
	ck_assert(tscf_test_run_until(loop, has_received, &client, 5));
	ck_assert_uint_eq(server.last_tos, 0xb8);
	ck_assert_uint_eq(client.last_tos, 0xb8);
	check_alive(&client);
	ck_assert_uint_eq(client.last_tos, 0);
	tscf_transport_close(client.transport);
}
END_TEST

/* Every handler closes a peer or its whole transport, on either side (AddressSanitizer watches). */
START_TEST(anything_can_be_closed_in_a_handler)
{
	struct end client = {0};
	struct end *who = _i % 2 == 0 ? &client : &server;

	who->closes_peer_when_up = _i / 2 == 0;
	who->closes_when_up = _i / 2 == 1;
	who->closes_peer_when_received = _i / 2 == 2;
	who->closes_when_received = _i / 2 == 3;
	who->closes_peer_when_down = _i / 2 == 4 || _i / 2 == 6;
	who->closes_when_down = _i / 2 == 5 || _i / 2 == 6;
	connect_to(&client, &server.transport->local);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 9));
	tscf_test_run_for(loop, 0.02);
	if (_i / 2 >= 2) {
		send_numbers(&client, 0, 60);
		send_numbers(&client, 0, 60);
		tscf_test_run_for(loop, 0.02);
	}
	if (_i / 2 >= 4) {
		if (who == &server)
			tscf_peer_close(client.peer);
		else
			tscf_peer_close(server.peer);
		ck_assert(tscf_test_run_until(loop, is_down, who, 5));
	}
	if (who->closes_when_up || who->closes_when_received || who->closes_when_down)
		ck_assert(tscf_test_run_until(loop, is_closed, who, 5));
	if (client.transport)
		tscf_transport_close(client.transport);
}
END_TEST

/* Half of the batch that is being handed up belongs to a peer that the handler closes with the first packet. */
START_TEST(a_transport_with_many_peers_is_closed_in_the_middle)
{
	struct end client[CLIENTS] = {0};

	for (unsigned i = 0; i < CLIENTS; i++)
		come_up(&client[i], &server.transport->local);
	server.closes_peer_when_received = true;
	server.closes_when_received = _i == 1;
	for (unsigned i = 0; i < CLIENTS; i++)
		send_numbers(&client[i], 0, 10);
	tscf_test_run_for(loop, 0.1);
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

/* --- connection ids --- */

/* A client behind @p relay whose records bear an id. */
static void come_up_with_id(struct end *client, struct relay *relay)
{
	uint8_t id[TSCF_PEER_ID_MAX];
	uint32_t length;

	relay_open(relay, loop, &server.transport->local);
	come_up(client, &relay->address);
	length = tscf_peer_give_id(server.peer, id);
	ck_assert_uint_eq(length, TSCF_DTLS_ID);
	ck_assert(tscf_peer_use_id(client->peer, id, length));
	check_alive(client);
	ck_assert_uint_eq(server.moved, 0);
}

START_TEST(a_connection_with_an_id_moves)
{
	struct end client = {0};
	struct relay relay = {0};
	uint16_t port;

	come_up_with_id(&client, &relay);
	port = tscf_endpoint_port(&server.peer->outer);
	for (unsigned i = 1; i <= 3; i++) {
		relay_rebind(&relay);
		check_alive(&client);
		ck_assert_uint_eq(server.moved, i);
	}
	ck_assert_uint_ne(tscf_endpoint_port(&server.peer->outer), port);
	ck_assert_uint_eq(server.transport->counters.handshakes, 1);
	/* Its goodbye finds it, too. */
	tscf_transport_close(client.transport);
	ck_assert(tscf_test_run_until(loop, is_down, &server, 5));
	relay_close(&relay);
}
END_TEST

START_TEST(a_connection_without_an_id_does_not_move)
{
	struct end client = {0};
	struct relay relay = {0};

	relay_open(&relay, loop, &server.transport->local);
	come_up(&client, &relay.address);
	check_alive(&client);
	relay_rebind(&relay);
	client.received = 0;
	tscf_peer_send(client.peer, NEEDLE, strlen(NEEDLE));
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(client.received + server.moved, 0);
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
	struct end client = {0};
	struct relay relay = {0};
	uint64_t invalid;

	come_up_with_id(&client, &relay);
	relay.filter = keep;
	tscf_peer_send(client.peer, NEEDLE, strlen(NEEDLE));
	ck_assert(tscf_test_run_until(loop, is_kept, &relay, 5));
	check_alive(&client);
	relay_rebind(&relay);
	server.received = 0;
	invalid = server.transport->counters.invalid;
	kept[kept_length - 1] ^= 1;
	relay_inject(&relay, true, kept, kept_length);
	tscf_test_run_for(loop, 0.05);
	ck_assert_uint_eq(server.transport->counters.invalid, invalid + 1);
	kept[kept_length - 1] ^= 1;
	relay_inject(&relay, true, kept, kept_length);
	ck_assert(tscf_test_run_until(loop, has_received, &server, 5));
	ck_assert_uint_eq(server.moved, 0);
	relay_inject(&relay, true, kept, kept_length);
	tscf_test_run_for(loop, 0.05);
	ck_assert_uint_eq(server.moved, 0);
	ck_assert_uint_eq(server.transport->counters.invalid, invalid + 2);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

/* Somebody whose address is not proved is sent no more than three times what came from there. */
START_TEST(an_unproved_address_gets_little)
{
	struct end client = {0};
	struct relay relay = {0};
	uint32_t record = (uint32_t)strlen(NEEDLE) + TSCF_DTLS_OVERHEAD;

	come_up_with_id(&client, &relay);
	server.echo = false;
	relay_rebind(&relay);
	tscf_peer_send(client.peer, NEEDLE, strlen(NEEDLE));
	server.received = 0;
	ck_assert(tscf_test_run_until(loop, has_received, &server, 5));
	client.received = 0;
	for (unsigned i = 0; i < 50; i++)
		tscf_peer_send(server.peer, NEEDLE, strlen(NEEDLE));
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(client.received, TSCF_UNPROVED_TIMES * record / record);
	tscf_peer_proved(server.peer);
	client.received = 0;
	for (unsigned i = 0; i < 50; i++)
		tscf_peer_send(server.peer, NEEDLE, strlen(NEEDLE));
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(client.received, 50);
	tscf_transport_close(client.transport);
	relay_close(&relay);
}
END_TEST

/* An address translator gives the port that it has forgotten to somebody else. */
START_TEST(a_newcomer_at_the_old_address_replaces_nobody)
{
	struct end first = {0}, second = {0};
	struct relay relay = {0};

	come_up_with_id(&first, &relay);
	relay_rebind(&relay);
	check_alive(&first);
	come_up(&second, &relay.address);
	check_alive(&second);
	check_alive(&first);
	ck_assert_uint_eq(server.down, 0);
	ck_assert_uint_eq(dtls_inside_up(server.transport), 2);
	tscf_transport_close(first.transport);
	ck_assert(tscf_test_run_until(loop, is_down, &server, 5));
	check_alive(&second);
	tscf_transport_close(second.transport);
	relay_close(&relay);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("dtls");
	TCase *tc = tcase_create("dtls");

	tcase_add_unchecked_fixture(tc, prepare, certs_remove);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, packets_go_both_ways_in_order);
	tcase_add_test(tc, twenty_clients_share_a_listener);
	tcase_add_loop_test(tc, wolfssl_takes_our_records_and_we_take_its, 0, 3);
	tcase_add_loop_test(tc, nettle_and_wolfssl_understand_each_other, 0, 6);
	tcase_add_loop_test(tc, every_handshake_survives_losses, 0, 6);
	tcase_add_loop_test(tc, every_resumption_survives_losses, 0, 3);
	tcase_add_test(tc, a_lost_last_flight_is_sent_again);
	tcase_add_test(tc, nothing_is_on_the_wire_in_clear);
	tcase_add_test(tc, hostile_datagrams_do_not_hurt);
	tcase_add_test(tc, garbage_does_not_stop_a_handshake);
	tcase_add_test(tc, hellos_without_cookie_cost_nothing);
	tcase_add_test(tc, one_source_has_a_limit);
	tcase_add_test(tc, packets_overtake_handshakes);
	tcase_add_test(tc, a_wrong_server_is_refused);
	tcase_add_test(tc, an_expired_server_is_refused);
	tcase_add_loop_test(tc, weak_offers_are_refused, 0, 2);
	tcase_add_test(tc, dtls_1_0_is_refused);
	tcase_add_test(tc, the_right_server_is_accepted);
	tcase_add_test(tc, a_stolen_certificate_is_no_proof);
	tcase_add_test(tc, a_certificate_is_renewed);
	tcase_add_test(tc, sessions_are_resumed);
	tcase_add_test(tc, a_forgotten_session_does_not_hurt);
	tcase_add_test(tc, closing_says_goodbye);
	tcase_add_test(tc, a_new_handshake_replaces_the_old_connection);
	tcase_add_test(tc, an_unfinished_handshake_does_not_hurt_the_old_connection);
	tcase_add_test(tc, a_silent_server_is_given_up);
	tcase_add_test(tc, a_peer_takes_nothing_before_it_is_up);
	tcase_add_test(tc, packets_too_large_are_dropped_and_counted);
	tcase_add_test(tc, tos_is_carried_per_packet);
	tcase_add_loop_test(tc, anything_can_be_closed_in_a_handler, 0, 14);
	tcase_add_loop_test(tc, a_transport_with_many_peers_is_closed_in_the_middle, 0, 2);
	tcase_add_test(tc, records_are_checked_before_they_are_used);
	tcase_add_test(tc, a_connection_with_an_id_moves);
	tcase_add_test(tc, a_connection_without_an_id_does_not_move);
	tcase_add_test(tc, only_new_and_true_records_move);
	tcase_add_test(tc, an_unproved_address_gets_little);
	tcase_add_test(tc, a_newcomer_at_the_old_address_replaces_nobody);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_netns_possible() ? tscf_test_main(make_suite) : TSCF_TEST_SKIP;
}
