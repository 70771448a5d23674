/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Taps: what goes in comes out, whole and in order, also around the end of the ring; a full ring loses packets and
 * counts them; filters; two threads.
 */
#include "common/capture/tap.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

/* UDP from 10.0.0.1 port 1000 to 10.0.0.2 port 2000, "hey". */
static uint8_t udp[] = {0x45, 0, 0, 31, 0, 0,    0,    0,    64, 17, 0, 0, 10,  0,   0,  1,
			10,   0, 0, 2,  3, 0xe8, 0x07, 0xd0, 0,  11, 0, 0, 'h', 'e', 'y'};

static const struct tscf_tap_filter any = {.protocol = 0};
static uint8_t out[TSCF_TAP_RECORD_MAX], big[70000];

static struct tscf_tap_record record_at(size_t at)
{
	struct tscf_tap_record r;

	memcpy(&r, out + at, sizeof(r));
	return r;
}

START_TEST(in_and_out)
{
	struct tscf_tap tap = {.open = false};
	struct tscf_tap_record r;
	size_t length;

	tscf_tap_packet(&tap, TSCF_TAP_PLAIN, TSCF_TAP_OUT, NULL, udp, sizeof(udp));
	ck_assert_int_eq(tscf_tap_open(&tap, &any, true), 0);
	ck_assert_int_eq(tscf_tap_open(&tap, &any, true), -EBUSY);
	ck_assert(tscf_tap_empty(&tap));
	tscf_tap_packet(&tap, TSCF_TAP_PLAIN, TSCF_TAP_OUT, NULL, udp, sizeof(udp));
	tscf_tap_packet(&tap, TSCF_TAP_DROPPED, TSCF_TAP_IN, "why", udp, sizeof(udp));
	tscf_tap_close(&tap);
	tscf_tap_packet(&tap, TSCF_TAP_PLAIN, TSCF_TAP_OUT, NULL, udp, sizeof(udp));
	ck_assert_uint_eq(tscf_tap_take(&tap, out, 10), 0);
	length = tscf_tap_take(&tap, out, sizeof(out));
	ck_assert_uint_eq(length, 2 * sizeof(r) + 2 * sizeof(udp) + 3);
	r = record_at(0);
	ck_assert(r.place == TSCF_TAP_PLAIN && r.direction == TSCF_TAP_OUT && r.comment_length == 0);
	ck_assert_uint_eq(r.captured, sizeof(udp));
	ck_assert_uint_gt(r.time, UINT64_C(1700000000000000000));
	ck_assert_mem_eq(out + sizeof(r), udp, sizeof(udp));
	r = record_at(sizeof(r) + sizeof(udp));
	ck_assert(r.place == TSCF_TAP_DROPPED && r.direction == TSCF_TAP_IN && r.comment_length == 3);
	ck_assert_mem_eq(out + length - sizeof(udp) - 3, "why", 3);
	ck_assert(tscf_tap_empty(&tap));
	ck_assert_uint_eq(tap.counts.seen[TSCF_TAP_PLAIN], 1);
	ck_assert_uint_eq(tap.counts.seen[TSCF_TAP_DROPPED], 1);
	tscf_tap_free(&tap);
}
END_TEST

/* Each packet of a GSO batch is a record; what is too large is cut, and its length is kept. */
START_TEST(batches_and_cuts)
{
	struct tscf_tap tap = {.open = false};
	struct tscf_packet batch = {.data = big, .length = 2500, .gso_size = 1000};

	ck_assert_int_eq(tscf_tap_open(&tap, &any, true), 0);
	tscf_tap_batch(&tap, TSCF_TAP_ENCRYPTED, TSCF_TAP_OUT, NULL, &batch);
	ck_assert_uint_eq(tscf_tap_take(&tap, out, sizeof(out)), 3 * sizeof(struct tscf_tap_record) + 2500);
	ck_assert_uint_eq(record_at(2 * (sizeof(struct tscf_tap_record) + 1000)).captured, 500);
	tscf_tap_packet(&tap, TSCF_TAP_PLAIN, TSCF_TAP_IN, NULL, big, 65535);
	ck_assert_uint_gt(tscf_tap_take(&tap, out, sizeof(out)), 0);
	ck_assert_uint_eq(record_at(0).captured, TSCF_TAP_CAPTURED_MAX);
	ck_assert_uint_eq(record_at(0).original, 65535);
	tscf_tap_close(&tap);
	tscf_tap_free(&tap);
}
END_TEST

START_TEST(full)
{
	struct tscf_tap tap = {.open = false};
	uint64_t records = 0;
	size_t length;

	ck_assert_int_eq(tscf_tap_open(&tap, &any, true), 0);
	for (unsigned i = 0; i < 10000; i++)
		tscf_tap_packet(&tap, TSCF_TAP_PLAIN, TSCF_TAP_OUT, NULL, big, 1000);
	ck_assert_uint_eq(tap.counts.seen[TSCF_TAP_PLAIN], 10000);
	ck_assert_uint_gt(tap.counts.lost[TSCF_TAP_PLAIN], 5000);
	while ((length = tscf_tap_take(&tap, out, sizeof(out))) > 0)
		records += length / (sizeof(struct tscf_tap_record) + 1000);
	ck_assert_uint_eq(records + tap.counts.lost[TSCF_TAP_PLAIN], 10000);
	tscf_tap_packet(&tap, TSCF_TAP_PLAIN, TSCF_TAP_OUT, NULL, big, 1000);
	ck_assert(!tscf_tap_empty(&tap));
	tscf_tap_close(&tap);
	tscf_tap_free(&tap);
}
END_TEST

static bool is_taken(const struct tscf_tap_filter *filter, bool client_sends, enum tscf_tap_direction direction)
{
	struct tscf_tap tap = {.open = false};
	bool taken;

	ck_assert_int_eq(tscf_tap_open(&tap, filter, client_sends), 0);
	tscf_tap_packet(&tap, TSCF_TAP_PLAIN, direction, NULL, udp, sizeof(udp));
	taken = !tscf_tap_empty(&tap);
	tscf_tap_close(&tap);
	tscf_tap_free(&tap);
	return taken;
}

static bool takes(uint8_t protocol, uint16_t port, bool client_sends, enum tscf_tap_direction direction)
{
	const struct tscf_tap_filter filter = {.protocol = protocol, .port = port};

	return is_taken(&filter, client_sends, direction);
}

static bool takes_remote(const char *remote, uint16_t port, bool client_sends, enum tscf_tap_direction direction)
{
	struct tscf_tap_filter filter = {.remote_port = port};

	if (remote)
		ck_assert_int_eq(tscf_prefix_parse(remote, &filter.remote), 0);
	return is_taken(&filter, client_sends, direction);
}

/* The port is that of the client's side: at the client it is the source of what goes out, at the server the
 * destination. */
START_TEST(filters)
{
	ck_assert(takes(0, 0, true, TSCF_TAP_OUT));
	ck_assert(takes(IPPROTO_UDP, 0, true, TSCF_TAP_OUT));
	ck_assert(!takes(IPPROTO_TCP, 0, true, TSCF_TAP_OUT));
	ck_assert(takes(IPPROTO_UDP, 1000, true, TSCF_TAP_OUT));
	ck_assert(!takes(IPPROTO_UDP, 2000, true, TSCF_TAP_OUT));
	ck_assert(takes(0, 2000, true, TSCF_TAP_IN));
	ck_assert(takes(0, 2000, false, TSCF_TAP_OUT));
	ck_assert(takes(0, 1000, false, TSCF_TAP_IN));
	ck_assert(!takes(0, 1000, false, TSCF_TAP_OUT));
	/* A later fragment has no ports. */
	udp[7] = 1;
	ck_assert(takes(IPPROTO_UDP, 9, true, TSCF_TAP_OUT));
	ck_assert(!takes(IPPROTO_TCP, 9, true, TSCF_TAP_OUT));
	udp[7] = 0;
}
END_TEST

/* The remote is the other side. */
START_TEST(remotes)
{
	ck_assert(takes_remote("10.0.0.2", 0, true, TSCF_TAP_OUT));
	ck_assert(!takes_remote("10.0.0.1", 0, true, TSCF_TAP_OUT));
	ck_assert(takes_remote("10.0.0.1", 0, true, TSCF_TAP_IN));
	ck_assert(takes_remote("10.0.0.1", 0, false, TSCF_TAP_OUT));
	ck_assert(takes_remote("10.0.0.0/24", 0, true, TSCF_TAP_OUT));
	ck_assert(!takes_remote("2001:db8::/32", 0, true, TSCF_TAP_OUT));
	ck_assert(takes_remote(NULL, 2000, true, TSCF_TAP_OUT));
	ck_assert(takes_remote("10.0.0.2", 2000, true, TSCF_TAP_OUT));
	ck_assert(!takes_remote("10.0.0.2", 1000, true, TSCF_TAP_OUT));
	ck_assert(!takes_remote("10.0.0.3", 2000, true, TSCF_TAP_OUT));
	/* A later fragment has addresses. */
	udp[7] = 1;
	ck_assert(takes_remote("10.0.0.2", 9, true, TSCF_TAP_OUT));
	ck_assert(!takes_remote("10.0.0.3", 9, true, TSCF_TAP_OUT));
	udp[7] = 0;
}
END_TEST

/* --- a thread for the packets, one that takes them --- */

#define NUMBERED 200000U

static void *put_numbers(void *context)
{
	struct tscf_tap *tap = context;
	uint32_t packet[300] = {0};

	for (uint32_t i = 0; i < NUMBERED; i++) {
		packet[0] = i;
		tscf_tap_packet(tap, TSCF_TAP_PLAIN, TSCF_TAP_OUT, NULL, (uint8_t *)packet, 4 + i % 1197);
	}
	tscf_tap_close(tap);
	return NULL;
}

START_TEST(threads)
{
	struct tscf_tap tap = {.open = false};
	uint64_t records = 0, next = 0;
	pthread_t thread;
	bool last = false;

	ck_assert_int_eq(tscf_tap_open(&tap, &any, true), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, put_numbers, &tap), 0);
	while (!last || !tscf_tap_empty(&tap)) {
		size_t length;

		last = last || pthread_tryjoin_np(thread, NULL) == 0;
		length = tscf_tap_take(&tap, out, sizeof(out));
		for (size_t at = 0; at < length; at += sizeof(struct tscf_tap_record) + record_at(at).captured) {
			uint32_t number;

			memcpy(&number, out + at + sizeof(struct tscf_tap_record), sizeof(number));
			ck_assert_uint_ge(number, next);
			ck_assert_uint_eq(record_at(at).captured, 4 + number % 1197);
			next = number + 1;
			records++;
		}
	}
	ck_assert(tscf_tap_empty(&tap));
	ck_assert_uint_eq(records + tap.counts.lost[TSCF_TAP_PLAIN], NUMBERED);
	tscf_tap_free(&tap);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("tap");
	TCase *tests = tcase_create("tap");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, in_and_out);
	tcase_add_test(tests, batches_and_cuts);
	tcase_add_test(tests, full);
	tcase_add_test(tests, filters);
	tcase_add_test(tests, remotes);
	tcase_add_test(tests, threads);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
