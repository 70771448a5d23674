/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plain datagram transport, over the loopback interface of a network namespace of its own and with a real event
 * loop. */
#include "common/base/level.h"
#include "common/transport/outer.h"
#include "common/transport/udp.h"
#include "tests/unit/event.h"
#include "tests/unit/netns.h"
#include "tests/unit/numbered.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKETS 5000
#define CLIENTS 20

/* One end, and what its handler saw. */
struct end {
	struct tscf_transport *transport;
	struct tscf_peer *peer; /* connected: the server; listening: the last one added */
	unsigned received;
	unsigned unknown;
	unsigned unreachable;
	int error;
	uint32_t next; /* sequence number expected */
	uint32_t last_length;
	uint8_t last_tos;
	bool echo;
	bool add_unknown;
	bool close_peer_in_callback;
	bool close_transport_in_callback;
	bool poll_in_callback;
};

static struct ev_loop *loop;
/* As the kernel chooses. */
static const struct tscf_addr nowhere;
static struct tscf_ring *ring;

static void setup(void)
{
	tscf_netns_enter();
	loop = ev_loop_new(EVFLAG_AUTO);
	ring = tscf_ring_new(TSCF_PACKET_MAX);
}

static void teardown(void)
{
	tscf_ring_free(ring);
	ev_loop_destroy(loop);
}

static union tscf_endpoint endpoint(const char *text)
{
	union tscf_endpoint e;

	ck_assert_int_eq(tscf_endpoint_parse(text, 0, &e), 0);
	return e;
}

static uint32_t length_of(uint32_t number)
{
	return 4 + number % 1300;
}

static void fill(struct tscf_packet *packet, uint32_t number)
{
	numbered_fill(packet, number, length_of(number));
}

static void received(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct end *end = context;
	struct tscf_batch answer = {.count = 0};

	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_packet *packet = batch->packet[i];

		end->received++;
		end->last_length = packet->length;
		end->last_tos = packet->tos;
		if (!packet->peer) {
			end->unknown++;
			if (end->add_unknown) {
				/* NULL if an earlier packet of this batch has added it. */
				struct tscf_peer *added = tscf_udp_peer_add(t, &packet->from, &packet->local, end);

				if (added)
					end->peer = added;
				packet->peer = end->peer;
			}
		}
		if (end->close_peer_in_callback && end->peer) {
			tscf_peer_close(end->peer);
			end->peer = NULL;
		}
		if (packet->peer && end->echo)
			tscf_batch_add(&answer, packet);
	}
	if (end->poll_in_callback)
		tscf_transport_poll(t);
	tscf_transport_send(t, &answer);
	if (end->close_transport_in_callback) {
		tscf_transport_close(t);
		end->transport = NULL;
	}
}

/* Takes packets fill() made, in order. */
static void received_in_order(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct end *end = context;

	ck_assert_ptr_eq(t, end->transport);
	for (unsigned i = 0; i < batch->count; i++) {
		ck_assert_ptr_eq(batch->packet[i]->peer, end->peer);
		numbered_check(batch->packet[i], end->next, length_of(end->next));
		end->next++;
	}
	end->received += batch->count;
}

static void unreachable(void *context, struct tscf_transport *t, int error)
{
	struct end *end = context;

	(void)t;
	end->unreachable++;
	end->error = error;
	if (end->close_transport_in_callback) {
		tscf_transport_close(t);
		end->transport = NULL;
	}
}

static const struct tscf_transport_handler handler = {.received = received, .unreachable = unreachable};
static const struct tscf_transport_handler handler_in_order = {.received = received_in_order,
							       .unreachable = unreachable};

static void listen_on(struct end *server, const char *text)
{
	union tscf_endpoint local = endpoint(text);

	ck_assert_int_eq(tscf_udp_listen(loop, &local, NULL, &handler, server, &server->transport), 0);
	ck_assert_uint_ne(tscf_endpoint_port(&server->transport->local), 0);
}

static void connect_to(struct end *client, const union tscf_endpoint *remote, const struct tscf_transport_handler *h)
{
	ck_assert_int_eq(tscf_udp_connect(loop, remote, NULL, h, client, &client->transport, &client->peer), 0);
}

static void send_numbers(struct end *end, uint32_t first, unsigned count, uint8_t tos)
{
	struct tscf_batch batch = {.count = 0};

	for (unsigned i = 0; i < count; i++) {
		struct tscf_packet *packet = tscf_ring_packet(ring, i);

		packet->peer = end->peer;
		packet->tos = tos;
		fill(packet, first + i);
		tscf_batch_add(&batch, packet);
	}
	tscf_transport_send(end->transport, &batch);
}

static bool has_received(void *context)
{
	struct end *end = context;

	return end->received > 0;
}

static bool has_all(void *context)
{
	struct end *end = context;

	return end->received >= PACKETS;
}

static bool is_unreachable(void *context)
{
	struct end *end = context;

	return end->unreachable > 0;
}

static bool is_closed(void *context)
{
	struct end *end = context;

	return !end->transport;
}

static void both_ways(const char *address)
{
	struct end server = {.echo = true, .add_unknown = true}, client = {0};

	listen_on(&server, address);
	connect_to(&client, &server.transport->local, &handler_in_order);
	for (unsigned sent = 0; sent < PACKETS; sent += 50) {
		send_numbers(&client, sent, 50, 0);
		ev_run(loop, EVRUN_NOWAIT);
	}
	ck_assert(tscf_test_run_until(loop, has_all, &client, 5));
	ck_assert_uint_eq(client.received, PACKETS);
	ck_assert_uint_eq(server.received, PACKETS);
	ck_assert_uint_eq(client.transport->counters.sent_packets, PACKETS);
	ck_assert_uint_eq(client.transport->counters.received_packets, PACKETS);
	ck_assert_uint_eq(client.transport->counters.sent_bytes, server.transport->counters.received_bytes);
	ck_assert_uint_eq(client.transport->counters.send_drops, 0);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}

START_TEST(packets_go_both_ways_in_order)
{
	both_ways("127.0.0.1:0");
}
END_TEST

START_TEST(packets_go_both_ways_over_ipv6)
{
	both_ways("[::1]:0");
}
END_TEST

/* Every client gets its own packets back and nobody else's; the server knows them apart. */
START_TEST(twenty_clients_share_a_listener)
{
	struct end server = {.echo = true, .add_unknown = true}, client[CLIENTS] = {0};

	listen_on(&server, "127.0.0.1:0");
	for (unsigned i = 0; i < CLIENTS; i++) {
		connect_to(&client[i], &server.transport->local, &handler_in_order);
		client[i].next = i * 1000;
	}
	for (unsigned n = 0; n < 100; n++) {
		for (unsigned i = 0; i < CLIENTS; i++)
			send_numbers(&client[i], i * 1000 + n, 1, 0);
		ev_run(loop, EVRUN_NOWAIT);
	}
	tscf_test_run_for(loop, 0.1);
	for (unsigned i = 0; i < CLIENTS; i++) {
		ck_assert_uint_eq(client[i].received, 100);
		tscf_transport_close(client[i].transport);
	}
	ck_assert_uint_lt(server.unknown, 100 * CLIENTS);
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(unknown_sources_have_no_peer_and_can_be_answered)
{
	struct end server = {0}, client = {0};
	struct end *s = &server;

	listen_on(&server, "127.0.0.1:0");
	connect_to(&client, &server.transport->local, &handler);
	send_numbers(&client, 1, 3, 0);
	ck_assert(tscf_test_run_until(loop, has_received, s, 5));
	ck_assert_uint_eq(server.unknown, 3);
	tscf_udp_send_to(server.transport, &client.transport->local, &nowhere, "answer", 6);
	ck_assert(tscf_test_run_until(loop, has_received, &client, 5));
	ck_assert_uint_eq(client.last_length, 6);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(a_peer_is_added_once)
{
	struct end server = {0};
	union tscf_endpoint outer = endpoint("192.0.2.1:5000");
	struct tscf_peer *peer;

	listen_on(&server, "127.0.0.1:0");
	peer = tscf_udp_peer_add(server.transport, &outer, &nowhere, &server);
	ck_assert_ptr_nonnull(peer);
	ck_assert_ptr_eq(peer->user, &server);
	ck_assert_ptr_null(tscf_udp_peer_add(server.transport, &outer, &nowhere, NULL));
	tscf_peer_close(peer);
	ck_assert_ptr_nonnull(tscf_udp_peer_add(server.transport, &outer, &nowhere, NULL));
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(tos_is_carried_per_packet)
{
	struct end server = {.echo = true, .add_unknown = true}, client = {0};

	listen_on(&server, _i == 0 ? "127.0.0.1:0" : "[::1]:0");
	connect_to(&client, &server.transport->local, &handler);
	send_numbers(&client, 0, 1, 0xb8);
	ck_assert(tscf_test_run_until(loop, has_received, &client, 5));
	ck_assert_uint_eq(server.last_tos, 0xb8);
	ck_assert_uint_eq(client.last_tos, 0xb8);
	client.received = 0;
	send_numbers(&client, 0, 1, 0);
	ck_assert(tscf_test_run_until(loop, has_received, &client, 5));
	ck_assert_uint_eq(client.last_tos, 0);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

/* Runs of datagrams with the TOS byte @p tos, 1 MB of them, wait too long for a while. */
static void wait_too_long(struct end *client, struct end *server, uint8_t tos)
{
	static uint8_t data[40 * 1200];

	/* As DTLS records: no inner packet shows. */
	memset(data, 0x17, sizeof(data));
	for (unsigned i = 0; i < 8; i++) {
		for (unsigned k = 0; k < 4; k++) {
			struct tscf_packet packet = {
			    .data = data, .length = sizeof(data), .gso_size = 1200, .peer = client->peer, .tos = tos};
			struct tscf_batch batch = {.count = 1, .packet = {&packet}};

			tscf_transport_send(client->transport, &batch);
		}
		/* More than CoDel's interval. */
		usleep(12000);
		tscf_transport_poll(server->transport);
	}
}

/* Of datagrams that are as large as bulk, marked ones are not dropped to keep the queue short; the owner says which. */
START_TEST(bulk_that_waits_is_dropped_and_video_is_not)
{
	static const struct {
		uint64_t set;
		uint8_t tos;
		bool dropped;
	} cases[] = {{TSCF_URGENT_DSCPS, 0, true},
		     {TSCF_URGENT_DSCPS, 0xb8, false},
		     {1ULL << 34, 0xb8, true},
		     {1ULL << 34, 0x88, false}};
	struct end server = {0}, client = {0};

	listen_on(&server, "127.0.0.1:0");
	ck_assert_uint_eq(server.transport->realtime_dscps, TSCF_URGENT_DSCPS);
	server.transport->realtime_dscps = cases[_i].set;
	connect_to(&client, &server.transport->local, &handler);
	wait_too_long(&client, &server, cases[_i].tos);
	ck_assert_uint_gt(server.received, 10);
	ck_assert_int_eq(server.transport->counters.queue_drops > 0, cases[_i].dropped);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

/* The outer path is smaller than the packet: the kernel fragments and nobody notices. */
START_TEST(packets_larger_than_the_path_arrive)
{
	struct end server = {.echo = true, .add_unknown = true}, client = {0};
	static const uint8_t data[60000];

	tscf_netns_run("ip link set lo mtu 1500");
	listen_on(&server, _i == 0 ? "127.0.0.1:0" : "[::1]:0");
	connect_to(&client, &server.transport->local, &handler);
	tscf_peer_send(client.peer, data, sizeof(data));
	ck_assert(tscf_test_run_until(loop, has_received, &client, 5));
	ck_assert_uint_eq(client.last_length, sizeof(data));
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

/* Told from the event loop, not from inside the send, and not once per packet. */
START_TEST(refused_connections_are_told)
{
	struct end server = {0}, client = {0};
	union tscf_endpoint gone;

	listen_on(&server, "127.0.0.1:0");
	gone = server.transport->local;
	tscf_transport_close(server.transport);
	connect_to(&client, &gone, &handler);
	for (unsigned i = 0; i < 10; i++)
		send_numbers(&client, 0, 1, 0);
	ck_assert_uint_eq(client.unreachable, 0);
	ck_assert(tscf_test_run_until(loop, is_unreachable, &client, 5));
	ck_assert_int_eq(client.error, ECONNREFUSED);
	ck_assert_uint_eq(client.unreachable, 1);
	tscf_transport_close(client.transport);
}
END_TEST

/* A packet is not lost because the one before it was refused. */
START_TEST(an_error_of_an_old_packet_loses_no_new_one)
{
	struct end server = {0}, client = {0};
	union tscf_endpoint where;

	listen_on(&server, "127.0.0.1:0");
	where = server.transport->local;
	tscf_transport_close(server.transport);
	connect_to(&client, &where, &handler);
	send_numbers(&client, 0, 1, 0);
	ck_assert_int_eq(tscf_udp_listen(loop, &where, NULL, &handler, &server, &server.transport), 0);
	send_numbers(&client, 0, 1, 0);
	ck_assert(tscf_test_run_until(loop, has_received, &server, 5));
	ck_assert_uint_eq(client.transport->counters.send_drops, 0);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(a_transport_can_be_closed_in_unreachable)
{
	struct end server = {0}, client = {.close_transport_in_callback = true};

	listen_on(&server, "127.0.0.1:0");
	connect_to(&client, &server.transport->local, &handler);
	tscf_transport_close(server.transport);
	send_numbers(&client, 0, 1, 0);
	ck_assert(tscf_test_run_until(loop, is_closed, &client, 5));
}
END_TEST

/* The batch in work still names the peer; sending to it then does nothing (and touches no freed memory). */
START_TEST(a_peer_can_be_closed_in_received)
{
	struct end server = {.echo = true, .add_unknown = true}, client = {0};

	listen_on(&server, "127.0.0.1:0");
	connect_to(&client, &server.transport->local, &handler);
	send_numbers(&client, 0, 1, 0);
	ck_assert(tscf_test_run_until(loop, has_received, &client, 5));
	server.close_peer_in_callback = true;
	server.add_unknown = false;
	client.received = server.received = 0;
	send_numbers(&client, 0, 10, 0);
	ck_assert(tscf_test_run_until(loop, has_received, &server, 5));
	tscf_test_run_for(loop, 0.05);
	ck_assert_uint_eq(client.received, 0);
	server.received = server.unknown = 0;
	send_numbers(&client, 0, 1, 0);
	ck_assert(tscf_test_run_until(loop, has_received, &server, 5));
	ck_assert_uint_eq(server.unknown, 1);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(the_only_peer_of_a_client_can_be_closed_in_received)
{
	struct end server = {.echo = true, .add_unknown = true}, client = {.close_peer_in_callback = true};

	listen_on(&server, "127.0.0.1:0");
	connect_to(&client, &server.transport->local, &handler);
	send_numbers(&client, 0, 10, 0);
	ck_assert(tscf_test_run_until(loop, has_received, &client, 5));
	tscf_test_run_for(loop, 0.05);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(a_transport_can_be_closed_in_received)
{
	struct end server = {.echo = true, .add_unknown = true, .close_transport_in_callback = true}, client = {0};

	listen_on(&server, "127.0.0.1:0");
	connect_to(&client, &server.transport->local, &handler);
	for (unsigned i = 0; i < 4; i++)
		send_numbers(&client, 0, 64, 0);
	ck_assert(tscf_test_run_until(loop, is_closed, &server, 5));
	ck_assert_uint_eq(server.received, TSCF_OUTER_READ_MAX);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(poll_reads_without_the_event_loop)
{
	struct end server = {.poll_in_callback = true}, client = {0};

	listen_on(&server, "127.0.0.1:0");
	connect_to(&client, &server.transport->local, &handler);
	send_numbers(&client, 0, 64, 0);
	send_numbers(&client, 64, 6, 0);
	tscf_transport_poll(server.transport);
	ck_assert_uint_eq(server.received, 70);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(what_the_kernel_drops_is_counted)
{
	struct end server = {0}, client = {0};

	listen_on(&server, "127.0.0.1:0");
	connect_to(&client, &server.transport->local, &handler);
	for (unsigned i = 0; i < 20000; i += 50)
		send_numbers(&client, 1000, 50, 0);
	tscf_test_run_for(loop, 0.2);
	/* The counter travels with a datagram that is queued after the drops. */
	send_numbers(&client, 0, 1, 0);
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_lt(server.received, 20001);
	ck_assert_uint_eq(server.transport->counters.receive_drops, 20001 - server.received);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(empty_datagrams_are_counted_as_invalid)
{
	struct end server = {0}, client = {0};

	listen_on(&server, "127.0.0.1:0");
	connect_to(&client, &server.transport->local, &handler);
	ck_assert_int_eq(send(client.transport->fd, "", 0, 0), 0);
	send_numbers(&client, 0, 1, 0);
	ck_assert(tscf_test_run_until(loop, has_received, &server, 5));
	ck_assert_uint_eq(server.received, 1);
	ck_assert_uint_eq(server.transport->counters.invalid, 1);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
}
END_TEST

START_TEST(outer_options_are_set)
{
	struct tscf_outer_options options = {.mark = TSCF_MARK_OUTER, .mark_mask = 0x00ff0000, .bind_device = "lo"};
	union tscf_endpoint v4 = endpoint("127.0.0.1:0"), v6 = endpoint("[::1]:9");
	char device[IFNAMSIZ] = "";
	uint32_t mark = 0;
	socklen_t size = sizeof(mark);
	int fd = tscf_outer_socket(&v4, NULL, &options);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &size), 0);
	ck_assert_uint_eq(mark, TSCF_MARK_OUTER << 16);
	size = sizeof(device);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &size), 0);
	ck_assert_str_eq(device, "lo");
	close(fd);
	ck_assert_int_eq(tscf_outer_socket(&v4, &v6, NULL), -EINVAL);
	ck_assert_int_eq(tscf_outer_socket(NULL, NULL, NULL), -EINVAL);
	options.bind_device = "none";
	ck_assert_int_eq(tscf_outer_socket(&v4, NULL, &options), -ENODEV);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("udp");
	TCase *tc = tcase_create("udp");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, packets_go_both_ways_in_order);
	tcase_add_test(tc, packets_go_both_ways_over_ipv6);
	tcase_add_test(tc, twenty_clients_share_a_listener);
	tcase_add_test(tc, unknown_sources_have_no_peer_and_can_be_answered);
	tcase_add_test(tc, a_peer_is_added_once);
	tcase_add_loop_test(tc, tos_is_carried_per_packet, 0, 2);
	tcase_add_loop_test(tc, bulk_that_waits_is_dropped_and_video_is_not, 0, 4);
	tcase_add_loop_test(tc, packets_larger_than_the_path_arrive, 0, 2);
	tcase_add_test(tc, refused_connections_are_told);
	tcase_add_test(tc, an_error_of_an_old_packet_loses_no_new_one);
	tcase_add_test(tc, a_transport_can_be_closed_in_unreachable);
	tcase_add_test(tc, a_peer_can_be_closed_in_received);
	tcase_add_test(tc, the_only_peer_of_a_client_can_be_closed_in_received);
	tcase_add_test(tc, a_transport_can_be_closed_in_received);
	tcase_add_test(tc, poll_reads_without_the_event_loop);
	tcase_add_test(tc, what_the_kernel_drops_is_counted);
	tcase_add_test(tc, empty_datagrams_are_counted_as_invalid);
	tcase_add_test(tc, outer_options_are_set);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_netns_possible() ? tscf_test_main(make_suite) : TSCF_TEST_SKIP;
}
