/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read from an outer socket, and in which order: voice first, then a bounded gso_size of bulk, nothing lost. */
#include "common/packet/dscp.h"
#include "common/transport/outer.h"
#include "common/transport/transport.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EF        (46 << 2)
#define BULK_SIZE 16000
#define BULK      20

static int here, there;
static struct tscf_outer_reader *reader;

/** What is sent by lo arrives in order only if it is sent by one processor. */
static void stay_on_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

static void setup(void)
{
	const struct tscf_outer_options options = {.mark = 0};
	union tscf_endpoint local;

	stay_on_one_processor();
	tscf_netns_enter();
	tscf_netns_run("ip link set lo up");
	ck_assert_int_eq(tscf_endpoint_parse("127.0.0.1:2004", 0, &local), 0);
	here = tscf_outer_socket(&local, NULL, &options);
	there = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert(here >= 0 && there >= 0);
	ck_assert_int_eq(connect(there, &local.sa, tscf_endpoint_size(&local)), 0);
	reader = tscf_outer_reader_new(here, TSCF_PACKET_MAX, false);
	ck_assert_ptr_nonnull(reader);
}

static void teardown(void)
{
	tscf_outer_reader_free(reader);
	close(here);
	close(there);
}

/* A datagram that begins with its number; 0 in front, as IP and control messages have something else there. */
static void send_one(uint8_t number, int tos, size_t length)
{
	static uint8_t data[BULK_SIZE];

	data[0] = number;
	ck_assert_int_eq(setsockopt(there, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
	ck_assert_int_eq(send(there, data, length, 0), (ssize_t)length);
}

static void read_batch(struct tscf_batch *batch)
{
	bool more;

	ck_assert_int_ge(tscf_outer_read(reader, TSCF_URGENT_DSCPS, batch, &more), 0);
}

static void expect(const struct tscf_batch *batch, unsigned at, uint8_t number)
{
	ck_assert_uint_gt(batch->count, at);
	ck_assert_uint_eq(batch->packet[at]->data[0], number);
}

/* What was sent last is given first; among their like they keep their order. */
START_TEST(voice_overtakes_bulk)
{
	struct tscf_batch batch;

	for (uint8_t n = 1; n <= BULK; n++)
		send_one(n, 0, 1000);
	for (uint8_t n = 101; n <= 103; n++)
		send_one(n, EF, 172);
	read_batch(&batch);
	ck_assert_uint_eq(batch.count, BULK + 3);
	for (unsigned n = 0; n < batch.count; n++)
		expect(&batch, n, (uint8_t)(n < 3 ? 101 + n : n - 2));
	ck_assert(!tscf_outer_waiting(reader));
}
END_TEST

/* Bulk that has been taken from the socket waits for its turn, and what comes meanwhile overtakes that as well. */
START_TEST(bulk_waits_in_the_reader)
{
	const unsigned gso_size = (TSCF_OUTER_READ_BYTES + BULK_SIZE - 1) / BULK_SIZE;
	struct tscf_batch batch;
	unsigned given = 0;

	for (uint8_t n = 1; n <= BULK; n++)
		send_one(n, 0, BULK_SIZE);
	read_batch(&batch);
	ck_assert_uint_eq(batch.count, gso_size);
	ck_assert(tscf_outer_waiting(reader));
	for (unsigned n = 0; n < batch.count; n++)
		expect(&batch, n, (uint8_t)++given);
	send_one(101, EF, 172);
	read_batch(&batch);
	expect(&batch, 0, 101);
	ck_assert_uint_eq(batch.count, 1 + gso_size);
	for (unsigned n = 1; n < batch.count; n++)
		expect(&batch, n, (uint8_t)++given);
	while (tscf_outer_waiting(reader)) {
		read_batch(&batch);
		for (unsigned n = 0; n < batch.count; n++)
			expect(&batch, n, (uint8_t)++given);
	}
	ck_assert_uint_eq(given, BULK);
}
END_TEST

/* More than there are places for: the rest stays in the socket, in order. */
START_TEST(more_than_fits)
{
	struct tscf_batch batch;
	unsigned given = 0;

	for (unsigned n = 1; n <= 3 * TSCF_BATCH_MAX; n++)
		send_one((uint8_t)n, 0, 900);
	do {
		read_batch(&batch);
		for (unsigned n = 0; n < batch.count; n++)
			expect(&batch, n, (uint8_t)++given);
	} while (batch.count > 0 || tscf_outer_waiting(reader));
	ck_assert_uint_eq(given, 3 * TSCF_BATCH_MAX);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("outer_read");
	TCase *tc = tcase_create("order");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, voice_overtakes_bulk);
	tcase_add_test(tc, bulk_waits_in_the_reader);
	tcase_add_test(tc, more_than_fits);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
