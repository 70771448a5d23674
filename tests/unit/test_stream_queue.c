/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where packets begin and end in a stream, and what waits for its socket. */
#include "common/base/bytes.h"
#include "common/packet/message.h"
#include "common/transport/stream_frame.h"
#include "common/transport/stream_queue.h"

#include "tests/unit/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_MAX (1024 * 1024)

static uint8_t stream[STREAM_MAX];
static uint32_t stream_length;
static struct tscf_stream_pool pool;
static struct tscf_stream_queue queue;

static uint32_t ipv4(uint8_t *data, uint32_t length, uint32_t number)
{
	memset(data, 0, length);
	data[0] = 0x45;
	tscf_put_u16(data + 2, (uint16_t)length);
	tscf_put_u32(data + 4, number);
	return length;
}

static uint32_t ipv6(uint8_t *data, uint32_t length)
{
	memset(data, 0, length);
	data[0] = 0x60;
	tscf_put_u16(data + 4, (uint16_t)(length - 40));
	return length;
}

static uint32_t message(uint8_t *data, uint16_t padding)
{
	uint8_t bytes[TSCF_MESSAGE_MAX] = {0};
	struct tscf_writer w;

	tscf_write_begin(&w, data, TSCF_MESSAGE_MAX, TSCF_KEEPALIVE_REQUEST, 1, 2);
	tscf_write_bytes(&w, TSCF_TLV_PADDING, bytes, padding);
	return (uint32_t)tscf_write_finish(&w);
}

static void setup(void)
{
	stream_length = 0;
}

static void teardown(void)
{
	tscf_stream_queue_clear(&queue, &pool);
	ck_assert(tscf_stream_queue_empty(&queue));
	ck_assert_uint_eq(pool.bytes, 0);
	tscf_stream_pool_free(&pool);
}

START_TEST(lengths_are_found)
{
	uint32_t whole[] = {ipv4(stream, 20, 0), 0, 0};

	ck_assert_int_eq(tscf_frame_length(stream, 20), 20);
	ck_assert_int_eq(tscf_frame_length(stream, 4), 20);
	ck_assert_int_eq(tscf_frame_length(stream, 3), 0);
	ck_assert_int_eq(tscf_frame_length(stream, 0), 0);
	whole[1] = ipv6(stream, 1234);
	ck_assert_int_eq(tscf_frame_length(stream, 6), (int)whole[1]);
	ck_assert_int_eq(tscf_frame_length(stream, 5), 0);
	tscf_put_u16(stream + 4, TSCF_PACKET_MAX - 40);
	ck_assert_int_eq(tscf_frame_length(stream, 6), TSCF_PACKET_MAX);
	whole[2] = message(stream, 300);
	for (uint32_t there = 1; there < 20; there++)
		ck_assert_int_eq(tscf_frame_length(stream, there), 0);
	ck_assert_int_eq(tscf_frame_length(stream, 20), (int)whole[2]);
}
END_TEST

START_TEST(what_is_neither_is_refused)
{
	static const uint8_t bad[][8] = {
	    /* versions */
	    {0x00},
	    {0x20},
	    {0x50},
	    {0x70},
	    {0xff},
	    /* indication, reserved bits */
	    {0x14},
	    {0x11},
	    /* types */
	    {0x10, 0},
	    {0x10, 15},
	    /* more TLVs than fit */
	    {0x10, 7, 0xff, 0xff},
	    /* shorter than the header */
	    {0x45, 0, 0, 19},
	    {0x4f, 0, 0, 59},
	    /* header shorter than a header */
	    {0x44, 0, 0, 40},
	    /* longer than a packet can be */
	    {0x60, 0, 0, 0, 0xff, 0xff},
	    {0x60, 0, 0, 0, 0xff, 0xd8},
	};
	struct tscf_packet run;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(stream, bad[i], sizeof(bad[i]));
		memset(stream + 8, 0xff, 16);
		ck_assert_msg(tscf_frame_length(stream, 24) == -EPROTO, "%u", i);
		ck_assert_int_eq(tscf_frame_run(stream, 24, &run), -EPROTO);
	}
}
END_TEST

START_TEST(equal_lengths_make_a_run)
{
	struct tscf_packet run;
	uint32_t at = 0, end;

	for (int i = 0; i < 3; i++)
		at += ipv4(stream + at, 100, 0);
	at += ipv6(stream + at, 100);
	at += message(stream + at, 70);
	end = at;
	at += ipv4(stream + at, 100, 0);
	ck_assert_int_eq(tscf_frame_run(stream, at, &run), (int)end);
	ck_assert_uint_eq(run.length, end);
	ck_assert_uint_eq(run.gso_size, 100);
	ck_assert_uint_eq(tscf_packet_segments(&run), 5);
	/* The last is not all there: it waits. */
	ck_assert_int_eq(tscf_frame_run(stream + end, 99, &run), 0);
	ck_assert_int_eq(tscf_frame_run(stream + end, 100, &run), 100);
	ck_assert_uint_eq(run.gso_size, 0);
	/* A longer one does not follow, nor does what is wrong. */
	ipv4(stream, 100, 0);
	ipv4(stream + 100, 101, 0);
	ck_assert_int_eq(tscf_frame_run(stream, 201, &run), 100);
	stream[100] = 0;
	ck_assert_int_eq(tscf_frame_run(stream, 201, &run), 100);
}
END_TEST

static int add(enum tscf_stream_class class, uint32_t length, uint32_t number)
{
	uint8_t packet[TSCF_PACKET_MAX];

	if (class == TSCF_STREAM_CONTROL)
		length = message(packet, (uint16_t)length);
	else
		ipv4(packet, length, number);
	return tscf_stream_queue_add(&queue, &pool, class, packet, length);
}

/* Let @p bytes go to the stream. */
static void go(uint32_t bytes)
{
	struct iovec iov[8];
	uint32_t left = bytes;
	unsigned count = tscf_stream_queue_next(&queue, iov, 8);

	for (unsigned i = 0; i < count && left > 0; i++) {
		uint32_t n = iov[i].iov_len < left ? (uint32_t)iov[i].iov_len : left;

		ck_assert_uint_le(stream_length + n, STREAM_MAX);
		memcpy(stream + stream_length, iov[i].iov_base, n);
		stream_length += n;
		left -= n;
	}
	ck_assert_int_eq(tscf_stream_queue_gone(&queue, &pool, bytes - left), 0);
}

static void go_all(uint32_t step)
{
	while (!tscf_stream_queue_empty(&queue))
		go(step);
}

/* @return the number in the next packet of the stream; 0: a message. */
static uint32_t next_number(uint32_t *at)
{
	int length = tscf_frame_length(stream + *at, stream_length - *at);
	uint32_t number = stream[*at] == 0x45 ? tscf_get_u32(stream + *at + 4) : 0;

	ck_assert_int_gt(length, 0);
	*at += (uint32_t)length;
	ck_assert_uint_le(*at, stream_length);
	return number;
}

START_TEST(urgent_goes_before_bulk_and_control_before_both)
{
	uint32_t at = 0;

	for (uint32_t i = 1; i <= 40; i++)
		ck_assert_int_eq(add(TSCF_STREAM_BULK, 1400, 1000 + i), 0);
	for (uint32_t i = 1; i <= 3; i++)
		ck_assert_int_eq(add(TSCF_STREAM_URGENT, 200, i), 0);
	ck_assert_int_eq(add(TSCF_STREAM_CONTROL, 100, 0), 0);
	go_all(100000);
	ck_assert_uint_eq(next_number(&at), 0);
	for (uint32_t i = 1; i <= 3; i++)
		ck_assert_uint_eq(next_number(&at), i);
	for (uint32_t i = 1; i <= 40; i++)
		ck_assert_uint_eq(next_number(&at), 1000 + i);
	ck_assert_uint_eq(at, stream_length);
}
END_TEST

/* Wherever the socket stops, the packet that was begun goes on, then what is urgent. */
START_TEST(a_packet_that_was_begun_is_finished_first)
{
	uint32_t step = (uint32_t)_i, at = 0;

	ck_assert_int_eq(add(TSCF_STREAM_BULK, 100, 11), 0);
	ck_assert_int_eq(add(TSCF_STREAM_BULK, 101, 12), 0);
	go(step);
	ck_assert_int_eq(add(TSCF_STREAM_URGENT, 60, 1), 0);
	go_all(step);
	if (step > 0 && step < 101)
		ck_assert_uint_eq(next_number(&at), 11);
	if (step > 100) {
		ck_assert_uint_eq(next_number(&at), 11);
		if (step > 100 && step < 201)
			ck_assert_uint_eq(next_number(&at), 12);
	}
	ck_assert_uint_eq(next_number(&at), 1);
	while (at < stream_length)
		ck_assert_uint_gt(next_number(&at), 10);
	ck_assert_uint_eq(stream_length, 261);
}
END_TEST

START_TEST(the_oldest_bulk_makes_room_and_memory_has_a_limit)
{
	uint32_t at = 0, dropped = 0, first;

	for (uint32_t i = 1; i <= 10000; i++) {
		int n = add(TSCF_STREAM_BULK, 1340, i);

		ck_assert_int_ge(n, 0);
		dropped += (uint32_t)n;
		ck_assert_uint_le(pool.bytes, TSCF_STREAM_BULK_BYTES + 64 * 1024);
	}
	ck_assert_int_eq(add(TSCF_STREAM_URGENT, 200, 77), 0);
	go_all(50000);
	ck_assert_uint_eq(next_number(&at), 77);
	first = next_number(&at);
	ck_assert_uint_eq(first, dropped + 1);
	for (uint32_t i = first + 1; i <= 10000; i++)
		ck_assert_uint_eq(next_number(&at), i);
	ck_assert_uint_eq(at, stream_length);
}
END_TEST

START_TEST(urgent_packets_have_a_limit_too)
{
	uint32_t dropped = 0;

	for (uint32_t i = 1; i <= 10000; i++)
		dropped += (uint32_t)add(TSCF_STREAM_URGENT, 200, i);
	ck_assert_uint_eq(dropped, 10000 - TSCF_STREAM_URGENT_BYTES / 200);
}
END_TEST

START_TEST(control_messages_are_not_dropped)
{
	unsigned added = 0;

	while (add(TSCF_STREAM_CONTROL, 1000, 0) == 0)
		added++;
	ck_assert_uint_eq(added, TSCF_STREAM_CONTROL_BYTES / 1020);
	ck_assert_int_eq(add(TSCF_STREAM_CONTROL, 1000, 0), -ENOBUFS);
	ck_assert_int_eq(add(TSCF_STREAM_BULK, 1000, 0), 0);
}
END_TEST

START_TEST(the_largest_packets_fit)
{
	uint32_t at = 0;

	for (uint32_t i = 1; i <= 3; i++)
		ck_assert_int_eq(add(TSCF_STREAM_BULK, TSCF_PACKET_MAX, i), 0);
	go_all(12345);
	for (uint32_t i = 1; i <= 3; i++)
		ck_assert_uint_eq(next_number(&at), i);
}
END_TEST

START_TEST(a_pool_has_a_limit)
{
	pool.bytes = TSCF_STREAM_POOL_BYTES;
	ck_assert_int_eq(add(TSCF_STREAM_BULK, 100, 1), 1);
	ck_assert_int_eq(add(TSCF_STREAM_CONTROL, 100, 1), -ENOBUFS);
	ck_assert(tscf_stream_queue_empty(&queue));
	pool.bytes = 0;
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("stream queue");
	TCase *frame = tcase_create("frame"), *tcase = tcase_create("queue");

	tcase_add_test(frame, lengths_are_found);
	tcase_add_test(frame, what_is_neither_is_refused);
	tcase_add_test(frame, equal_lengths_make_a_run);
	suite_add_tcase(suite, frame);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, urgent_goes_before_bulk_and_control_before_both);
	tcase_add_loop_test(tcase, a_packet_that_was_begun_is_finished_first, 1, 201);
	tcase_add_test(tcase, the_oldest_bulk_makes_room_and_memory_has_a_limit);
	tcase_add_test(tcase, urgent_packets_have_a_limit_too);
	tcase_add_test(tcase, control_messages_are_not_dropped);
	tcase_add_test(tcase, the_largest_packets_fit);
	tcase_add_test(tcase, a_pool_has_a_limit);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
