/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies of packets on several streams: their header, their place in a stream, which one is the first, and by which
 * streams they go when some have stalled; and packets that several streams carry in turn.
 */
#include "common/base/bytes.h"
#include "common/base/redundancy.h"
#include "common/packet/copy.h"
#include "common/packet/message.h"
#include "common/redundancy/port.h"
#include "common/transport/stream_frame.h"
#include "common/transport/transport.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS TSCF_REDUNDANCY_STREAMS
#define PACKETS 5000

/** A copy of an IPv4 packet of @p inner bytes.  @return its length. */
static uint32_t make_copy(uint8_t *data, uint64_t number, uint32_t inner)
{
	tscf_copy_write(number, data);
	memset(data + TSCF_COPY_HEADER, 0, inner);
	data[TSCF_COPY_HEADER] = 0x45;
	tscf_put_u16(data + TSCF_COPY_HEADER + 2, (uint16_t)inner);
	return TSCF_COPY_HEADER + inner;
}

START_TEST(numbers_are_read_as_written)
{
	static const uint64_t numbers[] = {0, 1, 0xffffffffU, 0x100000000U, (1ULL << 56) - 1};
	uint8_t data[TSCF_COPY_HEADER + 20];
	uint64_t number;

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		make_copy(data, numbers[i], 20);
		ck_assert_uint_eq(data[0], TSCF_COPY_FIRST_BYTE);
		ck_assert_int_eq(tscf_copy_read(data, sizeof(data), &number), 0);
		ck_assert_uint_eq(number, numbers[i]);
	}
}
END_TEST

START_TEST(what_is_no_copy_is_refused)
{
	static uint8_t data[TSCF_COPY_HEADER + TSCF_COPY_INNER_MAX + 1];
	uint64_t number;

	make_copy(data, 5, TSCF_COPY_INNER_MAX);
	ck_assert_int_eq(tscf_copy_read(data, sizeof(data) - 1, &number), 0);
	ck_assert_int_eq(tscf_copy_read(data, sizeof(data), &number), -EINVAL);
	for (uint32_t length = 0; length <= TSCF_COPY_HEADER; length++)
		ck_assert_int_eq(tscf_copy_read(data, length, &number), -EINVAL);
	data[0] = 0x51;
	ck_assert_int_eq(tscf_copy_read(data, 100, &number), -EINVAL);
}
END_TEST

START_TEST(a_stream_finds_them)
{
	static uint8_t data[2 * (TSCF_COPY_HEADER + TSCF_COPY_INNER_MAX)];
	const int whole = (int)make_copy(data, 5, 200);
	struct tscf_packet run;

	for (uint32_t there = 0; there < TSCF_COPY_HEADER + 4; there++)
		ck_assert_int_eq(tscf_frame_length(data, there), 0);
	ck_assert_int_eq(tscf_frame_length(data, TSCF_COPY_HEADER + 4), whole);
	make_copy(data + whole, 6, 200);
	ck_assert_int_eq(tscf_frame_run(data, 2 * (uint32_t)whole, &run), 2 * whole);
	ck_assert_uint_eq(run.gso_size, (uint32_t)whole);
	/* A packet in IPv6. */
	data[TSCF_COPY_HEADER] = 0x60;
	tscf_put_u16(data + TSCF_COPY_HEADER + 4, 100);
	ck_assert_int_eq(tscf_frame_length(data, 200), TSCF_COPY_HEADER + 140);
	/* Neither inside, too large, of another kind. */
	data[TSCF_COPY_HEADER] = 0x53;
	ck_assert_int_eq(tscf_frame_length(data, 200), -EPROTO);
	make_copy(data, 5, TSCF_COPY_INNER_MAX);
	ck_assert_int_eq(tscf_frame_length(data, 20), TSCF_COPY_HEADER + TSCF_COPY_INNER_MAX);
	tscf_put_u16(data + TSCF_COPY_HEADER + 2, TSCF_COPY_INNER_MAX + 1);
	ck_assert_int_eq(tscf_frame_length(data, 20), -EPROTO);
	data[0] = 0x52;
	ck_assert_int_eq(tscf_frame_length(data, 20), -EPROTO);
}
END_TEST

/* Each stream keeps the order, and stalls now and then: each packet is taken once, in the order of sending. */
START_TEST(first_copies_come_in_order)
{
	struct tscf_replay came = {0};
	uint64_t at[STREAMS] = {0}, next = 0;
	unsigned copies = 0;

	srand(1);
	while (copies < STREAMS * PACKETS) {
		unsigned i = (unsigned)rand() % STREAMS, run = (unsigned)rand() % 200;

		for (; run > 0 && at[i] < PACKETS; run--, copies++) {
			uint64_t number = at[i]++;

			if (tscf_copy_is_first(&came, number))
				ck_assert_uint_eq(number, next++);
			ck_assert_uint_lt(number, next);
		}
	}
	ck_assert_uint_eq(next, PACKETS);
}
END_TEST

/* The numbers go on where a sender has been for long; what is far behind was delivered long ago. */
START_TEST(a_receiver_begins_anywhere)
{
	struct tscf_replay came = {0};
	const uint64_t begin = 1ULL << 40;

	ck_assert(tscf_copy_is_first(&came, begin + 2));
	ck_assert(tscf_copy_is_first(&came, begin + 1));
	ck_assert(!tscf_copy_is_first(&came, begin + 2));
	ck_assert(tscf_copy_is_first(&came, begin + 2 + TSCF_REPLAY_WINDOW));
	ck_assert(!tscf_copy_is_first(&came, begin));
}
END_TEST

/* --- by which streams --- */

struct way {
	struct tscf_transport transport;
	struct tscf_peer peer;
	bool stalled;
	uint64_t next; /**< number of the copy that comes next; they may be left out, and not come again */
	unsigned copies;
	unsigned bare;  /**< packets without a header */
	uint64_t asked; /**< when it was asked last whether it is late */
};

static bool way_stalled(const struct tscf_peer *peer)
{
	return ((const struct way *)peer->transport)->stalled;
}

static bool way_late(struct tscf_peer *peer, uint64_t now)
{
	((struct way *)peer->transport)->asked = now;
	return ((struct way *)peer->transport)->stalled;
}

static void way_send(struct tscf_transport *t, struct tscf_batch *batch)
{
	struct way *way = (struct way *)t;

	for (unsigned i = 0; i < batch->count; i++) {
		uint64_t number;

		if (tscf_kind_of(batch->packet[i]->data[0]) == TSCF_KIND_IPV4) {
			ck_assert(batch->packet[i]->urgent);
			way->bare += tscf_packet_segments(batch->packet[i]);
			continue;
		}
		ck_assert_int_eq(tscf_copy_read(batch->packet[i]->data, batch->packet[i]->length, &number), 0);
		ck_assert_int_eq(tscf_frame_length(batch->packet[i]->data, batch->packet[i]->length),
				 (int)batch->packet[i]->length);
		ck_assert_uint_ge(number, way->next);
		way->next = number + 1;
		way->copies++;
	}
}

static const struct tscf_transport_ops way_ops = {
    .stream = true, .send = way_send, .stalled = way_stalled, .late = way_late};
static struct way ways[STREAMS];
static struct tscf_peer *peers[STREAMS];
static struct tscf_redundancy_port port;
static uint64_t sent;
static unsigned turn;

static void setup(void)
{
	ck_assert_int_eq(tscf_redundancy_port_init(&port, 1), 0);
	sent = 0;
	turn = 0;
	for (unsigned i = 0; i < STREAMS; i++) {
		ways[i] = (struct way){.transport.ops = &way_ops};
		ways[i].peer.transport = &ways[i].transport;
		peers[i] = &ways[i].peer;
	}
}

static void teardown(void)
{
	tscf_redundancy_port_free(&port);
}

/** @return @p count packets of 100 bytes, in a GSO batch. */
static struct tscf_packet make_packets(unsigned count)
{
	static uint8_t data[300 * 100];

	for (unsigned i = 0; i < count; i++) {
		uint8_t copy[TSCF_COPY_HEADER + 100];

		make_copy(copy, 0, 100);
		memcpy(data + i * 100, copy + TSCF_COPY_HEADER, 100);
	}
	return (struct tscf_packet){.data = data, .length = count * 100, .gso_size = count > 1 ? 100 : 0};
}

/** Send such packets by the first @p streams. */
static void send_packets(unsigned count, unsigned streams)
{
	struct tscf_packet packet = make_packets(count);

	tscf_redundancy_port_copy(&port, &sent, peers, streams, &packet);
	tscf_redundancy_port_flush(&port);
}

START_TEST(each_stream_gets_one)
{
	send_packets(1, 2);
	send_packets(300, STREAMS);
	ck_assert_uint_eq(sent, 301);
	for (unsigned i = 0; i < STREAMS; i++)
		ck_assert_uint_eq(ways[i].copies, i < 2 ? 301 : 300);
	ck_assert_uint_eq(port.shared.counters.copies_sent, 1 + 300 * (STREAMS - 1));
	ck_assert_uint_eq(port.shared.counters.copies_skipped, 0);
}
END_TEST

/* What one does not take goes by the others; when none takes it, it waits in the first. */
START_TEST(a_stalled_stream_gets_none)
{
	ways[0].stalled = true;
	send_packets(10, 3);
	ck_assert_uint_eq(ways[0].copies, 0);
	ck_assert_uint_eq(ways[1].copies, 10);
	ck_assert_uint_eq(ways[2].copies, 10);
	ck_assert_uint_eq(port.shared.counters.copies_skipped, 10);
	ways[1].stalled = ways[2].stalled = true;
	send_packets(10, 3);
	ck_assert_uint_eq(ways[0].copies, 10);
	ck_assert_uint_eq(ways[1].copies, 10);
	ways[1].stalled = false;
	send_packets(1, 3);
	ck_assert_uint_eq(ways[1].copies, 11);
	ck_assert_uint_eq(ways[0].copies, 10);
}
END_TEST

/** Send such packets by one of all streams.  @return which. */
static unsigned balance_packets(unsigned count)
{
	struct tscf_packet packet = make_packets(count);
	unsigned which = tscf_redundancy_port_balance(&port, &turn, peers, STREAMS, &packet, 1000);

	ck_assert_ptr_eq(packet.peer, peers[which]);
	tscf_redundancy_port_flush(&port);
	return which;
}

/* Once, as they are, and those that came together by the same. */
START_TEST(streams_take_turns)
{
	for (unsigned i = 0; i < 10 * STREAMS; i++)
		ck_assert_uint_eq(balance_packets(1), i % STREAMS);
	ck_assert_uint_eq(balance_packets(300), 0);
	for (unsigned i = 0; i < STREAMS; i++) {
		ck_assert_uint_eq(ways[i].bare, i == 0 ? 310 : 10);
		ck_assert_uint_eq(ways[i].copies, 0);
		ck_assert_uint_eq(ways[i].asked, 1000);
	}
	ck_assert_uint_eq(port.shared.counters.balanced, 10 * STREAMS + 300);
	ck_assert_uint_eq(port.shared.counters.balance_skipped, 0);
	ck_assert_uint_eq(sent, 0);
}
END_TEST

/* The others share what it would have had; when all are late, the first has it. */
START_TEST(a_late_stream_loses_its_turn)
{
	ways[1].stalled = true;
	for (unsigned i = 0; i < 300; i++)
		balance_packets(1);
	ck_assert_uint_eq(ways[1].bare, 0);
	for (unsigned i = 0; i < STREAMS; i++)
		ck_assert(i == 1 || ways[i].bare == 100);
	ck_assert_uint_eq(port.shared.counters.balance_skipped, 100);
	for (unsigned i = 0; i < STREAMS; i++)
		ways[i].stalled = true;
	for (unsigned i = 0; i < 20; i++)
		ck_assert_uint_eq(balance_packets(1), 0);
	ck_assert_uint_eq(ways[0].bare, 120);
	ways[2].stalled = false;
	ck_assert_uint_eq(balance_packets(1), 2);
}
END_TEST

/* More than wait at once. */
START_TEST(no_packet_is_left_behind)
{
	static struct tscf_packet packets[3 * TSCF_BATCH_MAX];
	unsigned bare = 0;

	for (unsigned i = 0; i < 3 * TSCF_BATCH_MAX; i++) {
		packets[i] = make_packets(1);
		tscf_redundancy_port_balance(&port, &turn, peers, STREAMS, &packets[i], 1000);
	}
	tscf_redundancy_port_flush(&port);
	for (unsigned i = 0; i < STREAMS; i++)
		bare += ways[i].bare;
	ck_assert_uint_eq(bare, 3 * TSCF_BATCH_MAX);
}
END_TEST

START_TEST(redundancy_says_how_many)
{
	static const unsigned streams[] = {1, 2, 2, 3, 4};

	for (uint8_t i = 0; i <= TSCF_REDUNDANCY_MAX; i++)
		ck_assert_uint_eq(tscf_redundancy_streams(i), streams[i]);
	ck_assert_uint_eq(tscf_redundancy_streams(TSCF_REDUNDANCY_AUTO), 2);
	ck_assert_uint_eq(tscf_redundancy_streams(TSCF_REDUNDANCY_BALANCE), STREAMS);
	ck_assert(tscf_redundancy_repairs(1) && tscf_redundancy_repairs(TSCF_REDUNDANCY_AUTO));
	ck_assert(!tscf_redundancy_repairs(TSCF_REDUNDANCY_NONE) && !tscf_redundancy_repairs(TSCF_REDUNDANCY_BALANCE));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("copy");
	TCase *codec = tcase_create("codec"), *streams = tcase_create("streams");

	tcase_add_test(codec, numbers_are_read_as_written);
	tcase_add_test(codec, what_is_no_copy_is_refused);
	tcase_add_test(codec, a_stream_finds_them);
	tcase_add_test(codec, first_copies_come_in_order);
	tcase_add_test(codec, a_receiver_begins_anywhere);
	tcase_add_test(codec, redundancy_says_how_many);
	suite_add_tcase(s, codec);
	tcase_add_checked_fixture(streams, setup, teardown);
	tcase_add_test(streams, each_stream_gets_one);
	tcase_add_test(streams, a_stalled_stream_gets_none);
	tcase_add_test(streams, streams_take_turns);
	tcase_add_test(streams, a_late_stream_loses_its_turn);
	tcase_add_test(streams, no_packet_is_left_behind);
	suite_add_tcase(s, streams);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
