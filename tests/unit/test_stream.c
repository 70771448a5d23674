/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stream transports over loopback: data, stalls, hostile bytes, wrong servers, endings of every kind.  Tests run
 * over TCP (0) and TLS (1). */
#include "common/base/bytes.h"
#include "common/crypto/crypto.h"
#include "common/packet/message.h"
#include "common/tls/tls_context.h"
#include "common/transport/stream_peer.h"
#include "common/transport/tcp.h"
#include "common/transport/tls_stream.h"

#include "tests/unit/certs.h"
#include "tests/unit/event.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS  1
#define BOTH 2

#define PACKETS 3000
#define EF      (46 << 2)

struct end {
	struct tscf_transport *transport;
	struct tscf_peer *peer;
	unsigned up, down;
	int error;
	char reason[TSCF_TLS_ERROR];
	unsigned packets, messages;
	uint32_t next;   /* number expected, if ordered */
	uint32_t urgent; /* packets with a number of URGENT and more */
	unsigned bulk_before_urgent;
	bool ordered, echo, adopts;
	bool closes_peer_when_up, closes_when_up;
	bool closes_peer_when_received, closes_when_received;
	bool closes_peer_when_down, closes_when_down;
};

#define URGENT 0x80000000U

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
	return 20 + number * 7 % 1400;
}

static void make_packet(struct tscf_packet *packet, uint32_t number, uint32_t length)
{
	packet->length = length;
	memset(packet->data, (int)(number & 0xff), length);
	packet->data[0] = 0x45;
	tscf_put_u16(packet->data + 2, (uint16_t)length);
	tscf_put_u32(packet->data + 4, number);
	packet->tos = number >= URGENT ? EF : 0;
}

static void check_packet(struct end *end, const uint8_t *data, uint32_t length)
{
	uint32_t number = tscf_get_u32(data + 4), wrong = 0;

	end->packets++;
	for (uint32_t i = 8; i < length; i++)
		wrong += data[i] != (number & 0xff);
	ck_assert_uint_eq(wrong, 0);
	if (number >= URGENT) {
		end->urgent++;
	} else if (end->urgent == 0) {
		end->bulk_before_urgent++;
	}
	if (!end->ordered)
		return;
	ck_assert_uint_eq(number, end->next++);
	ck_assert_uint_eq(length, length_of(number));
}

static void received(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct end *end = context;
	bool close_peer = end->closes_peer_when_received, close = end->closes_when_received;
	struct tscf_peer *peer = batch->packet[0]->peer;

	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_packet *packet = batch->packet[i];

		ck_assert_ptr_eq(packet->peer, peer);
		for (uint32_t at = 0, n; at < packet->length; at += n) {
			n = tscf_packet_segment(packet, at);
			if (packet->data[at] >> 4 == 4)
				check_packet(end, packet->data + at, n);
			else
				end->messages++;
		}
	}
	if (close_peer)
		tscf_peer_close(peer);
	if (end->echo)
		tscf_transport_send(t, batch);
	closing(false, close, end, NULL, t);
}

static void peer_up(void *context, struct tscf_peer *peer)
{
	struct end *end = context;

	end->up++;
	end->peer = peer;
	if (end->adopts)
		peer->user = end;
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

static const struct tscf_transport_handler handler = {.received = received, .peer_up = peer_up, .peer_down = peer_down};

static void start_server(int kind)
{
	union tscf_endpoint local;

	ck_assert_int_eq(tscf_endpoint_parse("127.0.0.1:0", 0, &local), 0);
	if (kind == TLS)
		ck_assert_int_eq(
		    tscf_tls_stream_listen(loop, server_tls, &local, NULL, &handler, &server, &server.transport), 0);
	else
		ck_assert_int_eq(tscf_tcp_listen(loop, &local, NULL, &handler, &server, &server.transport), 0);
}

static void setup(void)
{
	tscf_netns_enter();
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	loop = ev_loop_new(EVFLAG_AUTO);
	ring = tscf_ring_new(TSCF_PACKET_MAX);
	server = (struct end){.echo = true, .adopts = true};
	server_tls = server_with("good");
	client_tls = client_with("ca.pem", "vpn.example.org", NULL);
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

static void connect_to(struct end *client, int kind)
{
	const union tscf_endpoint *remote = &server.transport->local;

	if (kind == TLS)
		ck_assert_int_eq(tscf_tls_stream_connect(loop, client_tls, remote, NULL, &handler, client,
							 &client->transport, &client->peer),
				 0);
	else
		ck_assert_int_eq(
		    tscf_tcp_connect(loop, remote, NULL, &handler, client, &client->transport, &client->peer), 0);
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

static bool has_message(void *context)
{
	return ((struct end *)context)->messages > 0;
}

static void come_up(struct end *client, int kind)
{
	connect_to(client, kind);
	ck_assert(tscf_test_run_until(loop, is_settled, client, 9));
	ck_assert_msg(client->up == 1, "%s", client->reason);
	ck_assert(tscf_test_run_until(loop, is_up, &server, 9));
}

static void send_numbers(struct end *end, uint32_t first, unsigned count)
{
	struct tscf_batch batch = {.count = 0};

	for (unsigned i = 0; i < count; i++) {
		struct tscf_packet *packet = tscf_ring_packet(ring, i);

		packet->peer = end->peer;
		make_packet(packet, first + i, length_of(first + i));
		tscf_batch_add(&batch, packet);
	}
	tscf_transport_send(end->transport, &batch);
}

static void send_message(struct end *end)
{
	uint8_t data[TSCF_MESSAGE_HEADER];
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, 1, 1);
	tscf_peer_send(end->peer, data, (uint32_t)tscf_write_finish(&w));
}

/* One message there and back. */
static void check_alive(struct end *client)
{
	client->messages = 0;
	send_message(client);
	ck_assert(tscf_test_run_until(loop, has_message, client, 5));
}

START_TEST(packets_go_both_ways_in_order)
{
	struct end client = {.ordered = true};

	start_server(_i);
	come_up(&client, _i);
	for (unsigned sent = 0; sent < PACKETS; sent += 50) {
		send_numbers(&client, sent, 50);
		while (client.packets < sent + 50)
			ev_run(loop, EVRUN_ONCE);
	}
	ck_assert_uint_eq(server.packets, PACKETS);
	ck_assert_uint_eq(server.transport->counters.received_packets, PACKETS);
	ck_assert_uint_eq(server.transport->counters.received_bytes, client.transport->counters.sent_bytes);
	ck_assert_uint_eq(client.transport->counters.send_drops + server.transport->counters.send_drops, 0);
	tscf_transport_close(client.transport);
	ck_assert(tscf_test_run_until(loop, is_down, &server, 5));
	ck_assert_int_eq(server.error, ECONNRESET);
	ck_assert_str_eq(server.reason, "closed by the other end");
}
END_TEST

START_TEST(runs_go_as_they_are)
{
	struct end client = {.ordered = true};
	struct tscf_packet *packet = tscf_ring_packet(ring, 0), one = *packet;
	struct tscf_batch batch = {.count = 0};
	uint32_t length = 0;

	start_server(_i);
	come_up(&client, _i);
	for (uint32_t n = 0; n < 40; n++) {
		one.data = packet->data + length;
		make_packet(&one, n, 1300);
		length += 1300;
	}
	packet->peer = client.peer;
	packet->length = length;
	packet->gso_size = 1300;
	client.ordered = server.ordered = false;
	tscf_batch_add(&batch, packet);
	tscf_transport_send(client.transport, &batch);
	while (client.packets < 40)
		ev_run(loop, EVRUN_ONCE);
	ck_assert_uint_eq(client.transport->counters.sent_packets, 40);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(the_largest_packet_arrives)
{
	struct end client = {0};
	struct tscf_packet *packet = tscf_ring_packet(ring, 0);
	struct tscf_batch batch = {.count = 0};

	start_server(_i);
	come_up(&client, _i);
	packet->peer = client.peer;
	make_packet(packet, 1, TSCF_PACKET_MAX);
	tscf_batch_add(&batch, packet);
	tscf_transport_send(client.transport, &batch);
	while (client.packets < 1)
		ev_run(loop, EVRUN_ONCE);
	tscf_transport_close(client.transport);
}
END_TEST

/* Else the other end would lose its place in the stream. */
START_TEST(what_does_not_fit_its_own_length_is_not_sent)
{
	struct end client = {0};

	start_server(_i);
	come_up(&client, _i);
	for (uint32_t wrong = 0; wrong < 3; wrong++) {
		struct tscf_packet *packet = tscf_ring_packet(ring, 0);
		struct tscf_batch batch = {.count = 0};

		packet->peer = client.peer;
		make_packet(packet, wrong, 100);
		if (wrong == 0)
			tscf_put_u16(packet->data + 2, 101);
		else if (wrong == 1)
			packet->data[0] = 0;
		else
			packet->length = 120; /* bytes behind it are left out */
		tscf_batch_add(&batch, packet);
		tscf_transport_send(client.transport, &batch);
	}
	ck_assert_uint_eq(client.transport->counters.send_drops, 2);
	check_alive(&client);
	ck_assert_uint_eq(client.packets, 1);
	tscf_transport_close(client.transport);
}
END_TEST

static struct tscf_stream_peer *stream_peer(const struct end *end)
{
	return (struct tscf_stream_peer *)end->peer;
}

/* The other end reads nothing for a while. */
START_TEST(a_stalled_peer_costs_no_memory_and_urgent_packets_overtake)
{
	struct end client = {0};
	const struct tscf_stream *stream;
	unsigned sent = 0;

	start_server(_i);
	server.echo = false;
	come_up(&client, _i);
	stream = tscf_stream_of(stream_peer(&client));
	ev_io_stop(loop, &stream_peer(&server)->readable);
	while (client.transport->counters.send_drops < 10000) {
		send_numbers(&client, sent, 50);
		sent += 50;
		ev_run(loop, EVRUN_NOWAIT);
		ck_assert_uint_le(stream->pool.bytes, 512 * 1024);
	}
	send_numbers(&client, URGENT, 20);
	send_message(&client);
	ev_io_start(loop, &stream_peer(&server)->readable);
	ck_assert(tscf_test_run_until(loop, has_message, &server, 5));
	while (stream->pool.bytes > 0 || server.packets < sent + 20 - client.transport->counters.send_drops)
		ev_run(loop, EVRUN_ONCE);
	ck_assert_uint_eq(server.urgent, 20);
	/* At the least the queue was overtaken. */
	ck_assert_uint_gt(server.packets - server.urgent - server.bulk_before_urgent, 200);
	ck_assert_uint_eq(server.packets, sent + 20 - client.transport->counters.send_drops);
	tscf_transport_close(client.transport);
}
END_TEST

/* Large packets of one DSCP wait too long for a while.  Their outer packets bear none. */
static void wait_too_long(struct end *client, uint8_t tos)
{
	for (unsigned round = 0; round < 40; round++) {
		struct tscf_batch batch = {.count = 0};

		for (unsigned i = 0; i < 60; i++) {
			struct tscf_packet *packet = tscf_ring_packet(ring, i);

			make_packet(packet, tos, 2000);
			packet->peer = client->peer;
			tscf_batch_add(&batch, packet);
		}
		tscf_transport_send(client->transport, &batch);
		/* More than CoDel's interval. */
		usleep(12000);
		ev_run(loop, EVRUN_NOWAIT);
	}
}

START_TEST(bulk_that_waits_is_dropped_and_video_is_not)
{
	struct end client = {0};
	bool video = _i >= BOTH;

	start_server(_i % BOTH);
	server.echo = false;
	come_up(&client, _i % BOTH);
	wait_too_long(&client, video ? EF : 0);
	ck_assert_uint_gt(server.packets, 200);
	ck_assert_int_eq(server.transport->counters.queue_drops == 0, video);
	tscf_transport_close(client.transport);
}
END_TEST

/* Control messages are not dropped: a stream that does not even take those is of no use. */
START_TEST(a_stream_that_takes_no_messages_ends)
{
	struct end client = {0};

	start_server(_i);
	come_up(&client, _i);
	ev_io_stop(loop, &stream_peer(&server)->readable);
	for (unsigned i = 0; i < 2000 && client.down == 0; i++) {
		for (unsigned k = 0; k < 1000; k++)
			if (client.peer)
				send_message(&client);
		ev_run(loop, EVRUN_NOWAIT);
	}
	ck_assert_uint_eq(client.down, 1);
	ck_assert_int_eq(client.error, ENOBUFS);
	tscf_transport_close(client.transport);
}
END_TEST

static int raw_connection(void)
{
	const union tscf_endpoint *remote = &server.transport->local;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, &remote->sa, tscf_endpoint_size(remote)), 0);
	return fd;
}

START_TEST(what_is_no_packet_ends_a_connection)
{
	uint8_t bytes[300];
	int fd;

	start_server(0);
	fd = raw_connection();
	memset(bytes, 0x55, sizeof(bytes));
	bytes[0] = 0x45;
	tscf_put_u16(bytes + 2, 200);
	tscf_put_u32(bytes + 4, 0x55555555);
	ck_assert_int_eq(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	ck_assert(tscf_test_run_until(loop, is_down, &server, 5));
	ck_assert_int_eq(server.error, EPROTO);
	ck_assert_uint_eq(server.packets, 1);
	close(fd);
}
END_TEST

/* One byte after the other, and however they come. */
START_TEST(packets_are_put_together_from_any_pieces)
{
	struct tscf_packet *packet = tscf_ring_packet(ring, 0);
	int fd;

	start_server(0);
	server.ordered = true;
	fd = raw_connection();
	for (uint32_t n = 0; n < 30; n++) {
		make_packet(packet, n, length_of(n));
		for (uint32_t at = 0, step = n + 1; at < packet->length; at += step) {
			if (step > packet->length - at)
				step = packet->length - at;
			ck_assert_int_eq(send(fd, packet->data + at, step, 0), (int)step);
			ev_run(loop, EVRUN_NOWAIT);
		}
	}
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(server.packets, 30);
	close(fd);
}
END_TEST

static void run_out_of_time(void)
{
	struct tscf_stream *stream = (struct tscf_stream *)server.transport;

	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(stream->waiting_count, 1);
	ck_assert_double_gt(stream->waiting->deadline, ev_now(loop) + TSCF_STREAM_SECONDS - 1);
	stream->waiting->deadline = ev_now(loop);
	ev_timer_stop(loop, &stream->deadline_timer);
	ev_timer_set(&stream->deadline_timer, 0, 0);
	ev_timer_start(loop, &stream->deadline_timer);
	tscf_test_run_for(loop, 0.05);
	ck_assert_ptr_null(stream->peers);
	ck_assert_ptr_null(stream->sources.by_addr);
}

/* Slow loris. */
START_TEST(who_says_nothing_is_closed_in_time)
{
	char byte;
	int fd;

	start_server(_i);
	server.adopts = false;
	fd = raw_connection();
	ck_assert_int_eq(send(fd, _i == TLS ? "\x16" : "\x10", 1, 0), 1);
	run_out_of_time();
	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	ck_assert_uint_eq(server.down, _i == TLS ? 0 : 1);
	close(fd);
}
END_TEST

START_TEST(who_is_not_adopted_is_closed_in_time)
{
	struct end client = {0};

	start_server(_i);
	server.adopts = false;
	come_up(&client, _i);
	run_out_of_time();
	ck_assert_int_eq(server.error, ETIMEDOUT);
	ck_assert(tscf_test_run_until(loop, is_down, &client, 5));
	tscf_transport_close(client.transport);
}
END_TEST

/* By somebody who knows its number only, and not from a handler. */
START_TEST(who_is_adopted_later_stays)
{
	struct end client = {0}, other = {0};
	uint64_t serial;

	start_server(_i);
	server.adopts = false;
	come_up(&client, _i);
	serial = tscf_stream_serial(server.peer);
	ck_assert_ptr_eq(tscf_stream_waiting(server.transport, serial), server.peer);
	ck_assert_ptr_null(tscf_stream_waiting(server.transport, serial + 1));
	tscf_stream_adopt(server.peer, &server);
	ck_assert_ptr_null(tscf_stream_waiting(server.transport, serial));
	ck_assert_ptr_null(((struct tscf_stream *)server.transport)->waiting);
	check_alive(&client);
	tscf_transport_close(client.transport);
	ck_assert(tscf_test_run_until(loop, is_down, &server, 5));
	server.up = server.down = 0;
	come_up(&other, _i);
	ck_assert_uint_ne(tscf_stream_serial(server.peer), serial);
	tscf_transport_close(other.transport);
}
END_TEST

START_TEST(one_source_has_a_limit)
{
	int fd[TSCF_STREAM_PENDING_PER_SOURCE + 5];
	struct tscf_stream *stream;

	start_server(_i);
	server.adopts = false;
	for (unsigned i = 0; i < sizeof(fd) / sizeof(fd[0]); i++) {
		fd[i] = raw_connection();
		ev_run(loop, EVRUN_NOWAIT);
	}
	tscf_test_run_for(loop, 0.1);
	stream = (struct tscf_stream *)server.transport;
	ck_assert_uint_eq(stream->waiting_count, TSCF_STREAM_PENDING_PER_SOURCE);
	ck_assert_uint_eq(stream->transport.counters.refused, 5);
	for (unsigned i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		close(fd[i]);
}
END_TEST

START_TEST(adopted_connections_do_not_count)
{
	struct end client[20] = {0};

	start_server(_i);
	for (unsigned i = 0; i < 20; i++)
		connect_to(&client[i], _i);
	for (unsigned i = 0; i < 20; i++)
		ck_assert(tscf_test_run_until(loop, is_up, &client[i], 9));
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(((struct tscf_stream *)server.transport)->waiting_count, 0);
	ck_assert_uint_eq(server.up, 20);
	for (unsigned i = 0; i < 20; i++) {
		check_alive(&client[i]);
		tscf_transport_close(client[i].transport);
	}
}
END_TEST

START_TEST(nobody_there_is_told)
{
	struct end client = {0};

	start_server(_i);
	shutdown(server.transport->fd, SHUT_RDWR);
	connect_to(&client, _i);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 5));
	ck_assert_uint_eq(client.down, 1);
	ck_assert_int_eq(client.error, ECONNREFUSED);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(a_connected_socket_is_taken_over)
{
	struct end client = {0};
	int fd;

	start_server(_i);
	fd = raw_connection();
	if (_i == TLS)
		ck_assert_int_eq(
		    tscf_tls_stream_attach(loop, client_tls, fd, &handler, &client, &client.transport, &client.peer),
		    0);
	else
		ck_assert_int_eq(tscf_tcp_attach(loop, fd, &handler, &client, &client.transport, &client.peer), 0);
	ck_assert_uint_eq(client.up, 0);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 5));
	ck_assert_msg(client.up == 1, "%s", client.reason);
	check_alive(&client);
	tscf_transport_close(client.transport);
	ck_assert_int_eq(tscf_tcp_attach(loop, STDIN_FILENO, &handler, &client, &client.transport, &client.peer),
			 -ENOTSOCK);
}
END_TEST

START_TEST(the_server_may_end_it)
{
	struct end client = {0};

	start_server(_i);
	come_up(&client, _i);
	check_alive(&client);
	tscf_peer_close(server.peer);
	ck_assert(tscf_test_run_until(loop, is_down, &client, 5));
	ck_assert_int_eq(client.error, ECONNRESET);
	tscf_transport_close(client.transport);
}
END_TEST

/* Last words arrive although there is more to read at the end that says them. */
START_TEST(last_words_arrive)
{
	struct end client = {0};

	start_server(_i);
	server.echo = false;
	come_up(&client, _i);
	ev_io_stop(loop, &stream_peer(&server)->readable);
	send_numbers(&client, 0, 30);
	ev_run(loop, EVRUN_NOWAIT);
	send_message(&server);
	tscf_peer_close(server.peer);
	ck_assert(tscf_test_run_until(loop, is_down, &client, 5));
	ck_assert_uint_eq(client.messages, 1);
	tscf_transport_close(client.transport);
}
END_TEST

/* From each callback, at either end, the peer or the whole transport. */
START_TEST(handlers_may_close_what_they_want)
{
	struct end client = {0};
	struct end *who = _i & 1 ? &client : &server;
	bool all = _i & 2;
	int when = _i / 4 % 3, kind = _i / 12;

	start_server(kind);
	*(when == 0   ? all ? &who->closes_when_up : &who->closes_peer_when_up
	  : when == 1 ? all ? &who->closes_when_received : &who->closes_peer_when_received
	  : all       ? &who->closes_when_down
		      : &who->closes_peer_when_down) = true;
	connect_to(&client, kind);
	tscf_test_run_until(loop, is_settled, &client, 5);
	if (client.transport && client.peer && client.down == 0)
		send_message(&client);
	tscf_test_run_for(loop, 0.05);
	if (when == 2 && who == &client && server.peer)
		tscf_peer_close(server.peer);
	if (when == 2 && who == &server && client.transport) {
		tscf_transport_close(client.transport);
		client.transport = NULL;
	}
	tscf_test_run_for(loop, 0.05);
	if (all)
		ck_assert(is_closed(who));
	if (client.transport)
		tscf_transport_close(client.transport);
}
END_TEST

static void refused_with(const char *server_name, struct tscf_tls *tls, const char *reason)
{
	struct end client = {0};

	tscf_tls_free(server_tls);
	server_tls = server_with(server_name);
	tscf_tls_free(client_tls);
	client_tls = tls ? tls : client_with(NULL, NULL, pin);
	start_server(TLS);
	connect_to(&client, TLS);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 9));
	if (!reason) {
		ck_assert_msg(client.up == 1, "%s", client.reason);
		check_alive(&client);
	} else {
		ck_assert_uint_eq(client.up, 0);
		ck_assert_int_eq(client.error, EKEYREJECTED);
		ck_assert_msg(strstr(client.reason, reason) != NULL, "%s", client.reason);
		tscf_test_run_for(loop, 0.05);
		ck_assert_uint_eq(server.up, 0);
		ck_assert_uint_eq(server.transport->counters.handshakes_failed, 1);
	}
	tscf_transport_close(client.transport);
}

START_TEST(wrong_servers_are_refused)
{
	static const char other[] = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

	switch (_i) {
	case 0:
		refused_with("expired", client_with("ca.pem", "vpn.example.org", NULL), "expired");
		break;
	case 1:
		refused_with("good", client_with("other-ca.pem", "vpn.example.org", NULL), "not signed by a known CA");
		break;
	case 2:
		refused_with("good", client_with("ca.pem", "other.example.org", NULL),
			     "not valid for other.example.org");
		break;
	case 3:
		refused_with("self", client_with(NULL, NULL, other), "pin does not match");
		break;
	default:
		refused_with("self", NULL, NULL);
	}
}
END_TEST

START_TEST(suites_and_versions)
{
	static const char *const suites[] = {
	    "TLS13-AES128-GCM-SHA256",       "TLS13-AES256-GCM-SHA384",       "TLS13-CHACHA20-POLY1305-SHA256",
	    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
	};
	struct end client = {.ordered = true};

	/* Nettle on one side, wolfSSL's own code on the other. */
	wolfSSL_CTX_SetDevId((_i % 2 == 0 ? server_tls : client_tls)->stream_ctx, INVALID_DEVID);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->stream_ctx, suites[_i / 2]), WOLFSSL_SUCCESS);
	start_server(TLS);
	come_up(&client, TLS);
	for (unsigned n = 0; n < 500; n += 50) {
		send_numbers(&client, n, 50);
		while (client.packets < n + 50)
			ev_run(loop, EVRUN_ONCE);
	}
	tscf_transport_close(client.transport);
}
END_TEST

/* Nothing without AEAD; what has no forward secrecy this wolfSSL does not know at all. */
START_TEST(weak_offers_are_refused)
{
	static const char *const suites[] = {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"};
	struct end client = {0};

	ck_assert_int_eq(wolfSSL_CTX_set_max_proto_version(client_tls->stream_ctx, TLS1_2_VERSION), WOLFSSL_SUCCESS);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->stream_ctx, suites[_i]), WOLFSSL_SUCCESS);
	start_server(TLS);
	connect_to(&client, TLS);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 9));
	ck_assert_uint_eq(client.up, 0);
	tscf_transport_close(client.transport);
}
END_TEST

/* A client that can do no more than TLS 1.1. */
START_TEST(old_versions_are_refused)
{
	struct end client = {0};

	ck_assert_int_eq(wolfSSL_CTX_set_min_proto_version(client_tls->stream_ctx, TLS1_1_VERSION), WOLFSSL_SUCCESS);
	ck_assert_int_eq(wolfSSL_CTX_set_max_proto_version(client_tls->stream_ctx, TLS1_1_VERSION), WOLFSSL_SUCCESS);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->stream_ctx, "ECDHE-ECDSA-AES128-SHA"),
			 WOLFSSL_SUCCESS);
	start_server(TLS);
	connect_to(&client, TLS);
	ck_assert(tscf_test_run_until(loop, is_settled, &client, 9));
	ck_assert_uint_eq(client.up, 0);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(a_session_is_resumed)
{
	struct end client = {0};

	start_server(TLS);
	for (int i = 0; i < 3; i++) {
		client = (struct end){0};
		come_up(&client, TLS);
		check_alive(&client);
		ck_assert_uint_gt(server.peer->round_trip_ms, 0);
		tscf_transport_close(client.transport);
		ck_assert_ptr_nonnull(client_tls->stream_session);
	}
	/* The verification was that of the first connection: a changed name shows that it has not been done again. */
	free(client_tls->server_name);
	client_tls->server_name = strdup("other.example.org");
	client = (struct end){0};
	come_up(&client, TLS);
	check_alive(&client);
	tscf_transport_close(client.transport);
}
END_TEST

/* The key is changed in time, at both ends, while packets go both ways; nettle and wolfSSL notice alike. */
START_TEST(keys_are_changed)
{
	struct end client = {.ordered = true};

	server_tls->key_records = 7;
	client_tls->key_records = 5;
	if (_i == 1)
		wolfSSL_CTX_SetDevId(client_tls->stream_ctx, INVALID_DEVID);
	start_server(TLS);
	come_up(&client, TLS);
	for (unsigned n = 0; n < 3000; n += 10) {
		send_numbers(&client, n, 10);
		while (client.packets < n + 10)
			ev_run(loop, EVRUN_ONCE);
	}
	ck_assert_uint_eq(client.down + server.down, 0);
	tscf_transport_close(client.transport);
}
END_TEST

/* A restarted server does not know the ticket: a full handshake, at the latest with the next connection. */
START_TEST(a_forgotten_session_is_no_harm)
{
	struct end client = {0};

	start_server(TLS);
	come_up(&client, TLS);
	check_alive(&client);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
	tscf_tls_free(server_tls);
	server_tls = server_with("good");
	start_server(TLS);
	client = (struct end){0};
	come_up(&client, TLS);
	check_alive(&client);
	tscf_transport_close(client.transport);
}
END_TEST

/* Nothing that was sent can be read on the way. */
START_TEST(garbage_ends_a_handshake)
{
	uint8_t bytes[2000];
	int fd;

	start_server(TLS);
	fd = raw_connection();
	memset(bytes, 0x45, sizeof(bytes));
	ck_assert_int_eq(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(server.up + server.down, 0);
	ck_assert_uint_eq(server.transport->counters.handshakes_failed, 1);
	ck_assert_ptr_null(((struct tscf_stream *)server.transport)->peers);
	close(fd);
}
END_TEST

/* So many come at once that calls would have to wait for them. */
START_TEST(a_pass_of_the_loop_has_few_steps_of_handshakes)
{
	const uint64_t *failed;
	uint64_t before;
	int fd[40];

	start_server(TLS);
	failed = &server.transport->counters.handshakes_failed;
	for (unsigned i = 0; i < 40; i++) {
		fd[i] = raw_connection();
		ck_assert_int_eq(send(fd[i], "EEEEEEEEEEEEEEEE", 16, 0), 16);
	}
	for (unsigned turn = 0; turn < 10000 && *failed < 40; turn++) {
		before = *failed;
		ev_run(loop, EVRUN_NOWAIT);
		ck_assert_uint_le(*failed - before, TSCF_STREAM_STEPS_MAX);
	}
	ck_assert_uint_eq(*failed, 40);
	for (unsigned i = 0; i < 40; i++)
		close(fd[i]);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("stream");
	TCase *data = tcase_create("data"), *ends = tcase_create("ends"), *tls = tcase_create("tls");

	tcase_add_unchecked_fixture(data, prepare, certs_remove);
	tcase_add_checked_fixture(data, setup, teardown);
	tcase_set_timeout(data, 60);
	tcase_add_loop_test(data, packets_go_both_ways_in_order, 0, BOTH);
	tcase_add_loop_test(data, runs_go_as_they_are, 0, BOTH);
	tcase_add_loop_test(data, the_largest_packet_arrives, 0, BOTH);
	tcase_add_loop_test(data, what_does_not_fit_its_own_length_is_not_sent, 0, BOTH);
	tcase_add_loop_test(data, a_stalled_peer_costs_no_memory_and_urgent_packets_overtake, 0, BOTH);
	tcase_add_loop_test(data, bulk_that_waits_is_dropped_and_video_is_not, 0, 2 * BOTH);
	tcase_add_loop_test(data, a_stream_that_takes_no_messages_ends, 0, BOTH);
	tcase_add_test(data, what_is_no_packet_ends_a_connection);
	tcase_add_test(data, packets_are_put_together_from_any_pieces);
	suite_add_tcase(suite, data);
	tcase_add_unchecked_fixture(ends, prepare, certs_remove);
	tcase_add_checked_fixture(ends, setup, teardown);
	tcase_set_timeout(ends, 60);
	tcase_add_loop_test(ends, who_says_nothing_is_closed_in_time, 0, BOTH);
	tcase_add_loop_test(ends, who_is_not_adopted_is_closed_in_time, 0, BOTH);
	tcase_add_loop_test(ends, who_is_adopted_later_stays, 0, BOTH);
	tcase_add_loop_test(ends, one_source_has_a_limit, 0, BOTH);
	tcase_add_loop_test(ends, adopted_connections_do_not_count, 0, BOTH);
	tcase_add_loop_test(ends, nobody_there_is_told, 0, BOTH);
	tcase_add_loop_test(ends, a_connected_socket_is_taken_over, 0, BOTH);
	tcase_add_loop_test(ends, the_server_may_end_it, 0, BOTH);
	tcase_add_loop_test(ends, last_words_arrive, 0, BOTH);
	tcase_add_loop_test(ends, handlers_may_close_what_they_want, 0, 24);
	suite_add_tcase(suite, ends);
	tcase_add_unchecked_fixture(tls, prepare, certs_remove);
	tcase_add_checked_fixture(tls, setup, teardown);
	tcase_set_timeout(tls, 60);
	tcase_add_loop_test(tls, wrong_servers_are_refused, 0, 5);
	tcase_add_loop_test(tls, suites_and_versions, 0, 12);
	tcase_add_loop_test(tls, weak_offers_are_refused, 0, 2);
	tcase_add_test(tls, old_versions_are_refused);
	tcase_add_test(tls, a_session_is_resumed);
	tcase_add_loop_test(tls, keys_are_changed, 0, 2);
	tcase_add_test(tls, a_forgotten_session_is_no_harm);
	tcase_add_test(tls, garbage_ends_a_handshake);
	tcase_add_test(tls, a_pass_of_the_loop_has_few_steps_of_handshakes);
	suite_add_tcase(suite, tls);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
