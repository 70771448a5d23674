/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/stream_case.h"
#include "common/base/bytes.h"
#include "common/crypto/crypto.h"
#include "common/packet/message.h"
#include "common/transport/tcp.h"
#include "common/transport/tls_stream.h"
#include "tests/unit/certs.h"
#include "tests/unit/netns.h"
#include "tests/unit/tls_case.h"

#include <string.h>
#include <sys/socket.h>

struct ev_loop *loop;
struct tscf_ring *ring;
struct tscf_tls *server_tls, *client_tls;
struct transport_end server;

uint32_t length_of(uint32_t number)
{
	return 20 + number * 7 % 1400;
}

void make_packet(struct tscf_packet *packet, uint32_t number, uint32_t length)
{
	packet->length = length;
	memset(packet->data, (int)(number & 0xff), length);
	packet->data[0] = 0x45;
	tscf_put_u16(packet->data + 2, (uint16_t)length);
	tscf_put_u32(packet->data + 4, number);
	packet->tos = number >= URGENT ? EF : 0;
}

static void check_packet(struct transport_end *end, const uint8_t *data, uint32_t length)
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
	struct transport_end *end = context;
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
	transport_end_closing(end, false, NULL, close, t);
}

const struct tscf_transport_handler handler = {
    .received = received, .peer_up = transport_end_up, .peer_down = transport_end_down};

void start_server(int kind)
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
	server = (struct transport_end){.echo = true, .adopts = true};
	server_tls = tls_case_server("good");
	client_tls = tls_case_client("ca.pem", "vpn.example.org", NULL);
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

void connect_to(struct transport_end *client, int kind)
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

bool has_message(void *context)
{
	return ((struct transport_end *)context)->messages > 0;
}

void come_up(struct transport_end *client, int kind)
{
	connect_to(client, kind);
	ck_assert(tscf_test_run_until(loop, transport_is_settled, client, 9));
	ck_assert_msg(client->up == 1, "%s", client->reason);
	ck_assert(tscf_test_run_until(loop, transport_is_up, &server, 9));
}

void send_numbers(struct transport_end *end, uint32_t first, unsigned count)
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

void send_message(struct transport_end *end)
{
	uint8_t data[TSCF_MESSAGE_HEADER];
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, 1, 1);
	tscf_peer_send(end->peer, data, (uint32_t)tscf_write_finish(&w));
}

void check_alive(struct transport_end *client)
{
	client->messages = 0;
	send_message(client);
	ck_assert(tscf_test_run_until(loop, has_message, client, 5));
}

struct tscf_stream_peer *stream_peer(const struct transport_end *end)
{
	return (struct tscf_stream_peer *)end->peer;
}

int raw_connection(void)
{
	const union tscf_endpoint *remote = &server.transport->local;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, &remote->sa, tscf_endpoint_size(remote)), 0);
	return fd;
}

TCase *stream_tests(const char *name)
{
	TCase *tests = tcase_create(name);

	tcase_add_unchecked_fixture(tests, tls_case_prepare, certs_remove);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	return tests;
}

int stream_main(Suite *(*make)(void))
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make);
}
