/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data over the stream transports: packets in order, stalls, and bytes that are no packet. */
#include "common/base/bytes.h"
#include "tests/unit/stream_case.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS 3000

START_TEST(packets_go_both_ways_in_order)
{
	struct transport_end client = {.ordered = true};

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
	ck_assert(tscf_test_run_until(loop, transport_is_down, &server, 5));
	ck_assert_int_eq(server.error, ECONNRESET);
	ck_assert_str_eq(server.reason, "closed by the other end");
}
END_TEST

START_TEST(runs_go_as_they_are)
{
	struct transport_end client = {.ordered = true};
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
	struct transport_end client = {0};
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
	struct transport_end client = {0};

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

/** Send 20 packets that are urgent by their DSCP, or without one. */
static void send_urgent(struct transport_end *client, bool by_dscp)
{
	struct tscf_batch batch = {.count = 0};

	for (unsigned i = 0; i < 20; i++) {
		struct tscf_packet *packet = tscf_ring_packet(ring, i);

		make_packet(packet, URGENT + i, length_of(URGENT + i));
		packet->peer = client->peer;
		packet->urgent = !by_dscp;
		if (!by_dscp)
			packet->tos = 0;
		tscf_batch_add(&batch, packet);
	}
	tscf_transport_send(client->transport, &batch);
}

/** How many of @p sent packets the server hands up: one end or the other drops the rest. */
static uint64_t left_of(uint64_t sent, const struct transport_end *client)
{
	return sent - client->transport->counters.send_drops - server.transport->counters.queue_drops;
}

/* The other end reads nothing for a while. */
START_TEST(a_stalled_peer_costs_no_memory_and_urgent_packets_overtake)
{
	struct transport_end client = {0};
	const struct tscf_stream *stream;
	unsigned sent = 0;

	start_server(_i % BOTH);
	server.echo = false;
	come_up(&client, _i % BOTH);
	stream = tscf_stream_of(stream_peer(&client));
	ev_io_stop(loop, &stream_peer(&server)->readable);
	while (client.transport->counters.send_drops < 10000) {
		send_numbers(&client, sent, 50);
		sent += 50;
		ev_run(loop, EVRUN_NOWAIT);
		ck_assert_uint_le(stream->pool.bytes, 512 * 1024);
	}
	send_urgent(&client, _i < BOTH);
	send_message(&client);
	ev_io_start(loop, &stream_peer(&server)->readable);
	ck_assert(tscf_test_run_until(loop, has_message, &server, 5));
	while (stream->pool.bytes > 0 || server.packets < left_of(sent + 20, &client))
		ev_run(loop, EVRUN_ONCE);
	ck_assert_uint_eq(server.urgent, 20);
	/* At the least the queue was overtaken. */
	ck_assert_uint_gt(server.packets - server.urgent - server.bulk_before_urgent, 200);
	ck_assert_uint_eq(server.packets, left_of(sent + 20, &client));
	tscf_transport_close(client.transport);
}
END_TEST

/* Large packets of one DSCP wait too long for a while.  Their outer packets bear none. */
static void wait_too_long(struct transport_end *client, uint8_t tos)
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
	struct transport_end client = {0};
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
	struct transport_end client = {0};

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
	ck_assert(tscf_test_run_until(loop, transport_is_down, &server, 5));
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

static Suite *make_suite(void)
{
	Suite *suite = suite_create("stream data");
	TCase *tests = stream_tests("data");

	tcase_add_loop_test(tests, packets_go_both_ways_in_order, 0, BOTH);
	tcase_add_loop_test(tests, runs_go_as_they_are, 0, BOTH);
	tcase_add_loop_test(tests, the_largest_packet_arrives, 0, BOTH);
	tcase_add_loop_test(tests, what_does_not_fit_its_own_length_is_not_sent, 0, BOTH);
	tcase_add_loop_test(tests, a_stalled_peer_costs_no_memory_and_urgent_packets_overtake, 0, 2 * BOTH);
	tcase_add_loop_test(tests, bulk_that_waits_is_dropped_and_video_is_not, 0, 2 * BOTH);
	tcase_add_loop_test(tests, a_stream_that_takes_no_messages_ends, 0, BOTH);
	tcase_add_test(tests, what_is_no_packet_ends_a_connection);
	tcase_add_test(tests, packets_are_put_together_from_any_pieces);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return stream_main(make_suite);
}
