/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small packets that may wait go together in one segment; what may not wait is not held, and takes them along. */
#include "tests/unit/stream_case.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/** Longer than any test needs that does not wait for it. */
#define LONG_MS 255
/** A packet of 22 bytes. */
#define SMALL_URGENT (URGENT + 22)

/** @return how many segments with data a connection has sent. */
static unsigned segments(const struct transport_end *end)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	ck_assert_int_eq(getsockopt(stream_peer(end)->fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
	return info.tcpi_data_segs_out;
}

static void begin(struct transport_end *client, int kind)
{
	start_server(kind);
	come_up(client, kind);
	check_alive(client);
	server.echo = false;
	ev_now_update(loop);
}

/** Send one packet. */
static void send_one(struct transport_end *client, uint32_t number, uint8_t wait_ms)
{
	struct tscf_packet *packet = tscf_ring_packet(ring, 0);
	struct tscf_batch batch = {.count = 0};

	packet->peer = client->peer;
	packet->wait_ms = wait_ms;
	make_packet(packet, number, length_of(number));
	tscf_batch_add(&batch, packet);
	tscf_transport_send(client->transport, &batch);
}

static unsigned wanted;

static bool all_have_come(void *context)
{
	return ((struct transport_end *)context)->packets >= wanted;
}

static void expect_packets(unsigned count)
{
	wanted = count;
	ck_assert(tscf_test_run_until(loop, all_have_come, &server, 5));
	ck_assert_uint_eq(server.packets, count);
}

START_TEST(small_packets_go_together)
{
	struct transport_end client = {0};
	unsigned before;

	begin(&client, _i);
	server.ordered = true;
	before = segments(&client);
	for (unsigned n = 0; n < 10; n++)
		send_one(&client, n, 100);
	ck_assert_uint_eq(segments(&client), before);
	expect_packets(10);
	ck_assert_uint_eq(segments(&client), before + 1);
	/* The next ones wait again. */
	for (unsigned n = 10; n < 18; n++)
		send_one(&client, n, 100);
	expect_packets(18);
	ck_assert_uint_eq(segments(&client), before + 2);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(others_do_not_wait)
{
	struct transport_end client = {0};
	unsigned before;

	begin(&client, _i);
	before = segments(&client);
	for (unsigned n = 0; n < 10; n++)
		send_one(&client, n, 0);
	ck_assert_uint_eq(segments(&client), before + 10);
	tscf_transport_close(client.transport);
}
END_TEST

/* Real-time packets, whatever they say, and messages: both overtake. */
START_TEST(what_is_urgent_takes_them_along)
{
	struct transport_end client = {0};
	unsigned before, messages;

	begin(&client, _i);
	before = segments(&client);
	for (unsigned n = 0; n < 3; n++)
		send_one(&client, n, LONG_MS);
	send_one(&client, SMALL_URGENT, LONG_MS);
	ck_assert_uint_eq(segments(&client), before + 1);
	expect_packets(4);
	ck_assert_uint_eq(server.urgent, 1);
	ck_assert_uint_eq(server.bulk_before_urgent, 0);
	messages = server.messages;
	send_one(&client, 3, LONG_MS);
	send_message(&client);
	ck_assert_uint_eq(segments(&client), before + 2);
	expect_packets(5);
	ck_assert_uint_eq(server.messages, messages + 1);
	tscf_transport_close(client.transport);
}
END_TEST

/* What fills a segment goes at once, and runs that are larger than that go in order behind what was held. */
START_TEST(full_segments_do_not_wait)
{
	struct transport_end client = {0};
	unsigned before, n = 0;

	begin(&client, _i);
	server.ordered = true;
	before = segments(&client);
	while (segments(&client) == before && n < 30)
		send_one(&client, n++, LONG_MS);
	/* Their lengths are 20, 27, 34 ... */
	ck_assert_uint_eq(n, 17);
	send_one(&client, n++, LONG_MS);
	send_numbers(&client, n, 60);
	expect_packets(n + 60);
	ck_assert_uint_eq(client.transport->counters.send_drops, 0);
	tscf_transport_close(client.transport);
}
END_TEST

/* The queue takes less than a large batch: that goes to the socket at once, behind what was held. */
START_TEST(a_large_batch_does_not_go_through_the_queue)
{
	struct transport_end client = {0};
	struct tscf_batch batch = {.count = 0};

	begin(&client, _i);
	send_one(&client, 0, LONG_MS);
	for (unsigned i = 0; i < 4; i++) {
		struct tscf_packet *packet = tscf_ring_packet(ring, i);

		packet->peer = client.peer;
		make_packet(packet, i + 1, 60000);
		tscf_batch_add(&batch, packet);
	}
	tscf_transport_send(client.transport, &batch);
	ck_assert(!tscf_stream_holds(stream_peer(&client)));
	ck_assert_uint_eq(client.transport->counters.send_drops, 0);
	expect_packets(5);
	tscf_transport_close(client.transport);
}
END_TEST

/* A connection that is closed sends what it holds. */
START_TEST(closing_loses_nothing)
{
	struct transport_end client = {0};

	begin(&client, _i);
	for (unsigned n = 0; n < 3; n++)
		send_one(&client, n, LONG_MS);
	tscf_transport_close(client.transport);
	expect_packets(3);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("stream hold");
	TCase *tests = stream_tests("hold");

	tcase_add_loop_test(tests, small_packets_go_together, 0, BOTH);
	tcase_add_loop_test(tests, others_do_not_wait, 0, BOTH);
	tcase_add_loop_test(tests, what_is_urgent_takes_them_along, 0, BOTH);
	tcase_add_loop_test(tests, full_segments_do_not_wait, 0, BOTH);
	tcase_add_loop_test(tests, a_large_batch_does_not_go_through_the_queue, 0, BOTH);
	tcase_add_loop_test(tests, closing_loses_nothing, 0, BOTH);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return stream_main(make_suite);
}
