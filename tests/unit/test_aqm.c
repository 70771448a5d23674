/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CoDel on a clock of the test's own: nothing is dropped from a short queue, nor before a long one has lasted, and then ever more.
 */
#include "common/aqm.h"
#include "common/shorten.h"
#include "runner.h"

#include <string.h>

#define LONG_WAIT  (TSCF_AQM_TARGET_NS + 1)
#define SHORT_WAIT (TSCF_AQM_TARGET_NS - 1)
#define MS         1000000ULL
#define START      (1000 * MS)

/** One packet every 100 us, each having waited @p waited.  @return drops between @p from and @p to. */
static unsigned feed(struct tscf_aqm *aqm, uint64_t from, uint64_t to, uint64_t waited)
{
	unsigned drops = 0;

	for (uint64_t now = from; now < to; now += MS / 10)
		drops += tscf_aqm_drop(aqm, waited, now);
	return drops;
}

START_TEST(short_queue)
{
	struct tscf_aqm aqm = {0};

	ck_assert_uint_eq(feed(&aqm, START, START + 10000 * MS, SHORT_WAIT), 0);
}
END_TEST

/* A burst that is worked off within the interval is no reason. */
START_TEST(burst)
{
	struct tscf_aqm aqm = {0};
	uint64_t now = START;

	for (int i = 0; i < 100; i++) {
		ck_assert_uint_eq(feed(&aqm, now, now + TSCF_AQM_INTERVAL_NS, LONG_WAIT), 0);
		now += TSCF_AQM_INTERVAL_NS;
		ck_assert_uint_eq(feed(&aqm, now, now + MS, SHORT_WAIT), 0);
		now += MS;
	}
}
END_TEST

/* A queue that stays loses one packet after an interval, and then more and more often. */
START_TEST(standing_queue)
{
	struct tscf_aqm aqm = {0};
	unsigned drops, before = 1;

	ck_assert_uint_eq(feed(&aqm, START, START + TSCF_AQM_INTERVAL_NS, LONG_WAIT), 0);
	ck_assert_uint_eq(feed(&aqm, START + TSCF_AQM_INTERVAL_NS, START + TSCF_AQM_INTERVAL_NS + MS, LONG_WAIT), 1);
	for (uint64_t now = START + 11 * MS; now < START + 1000 * MS; now += 200 * MS) {
		drops = feed(&aqm, now, now + 200 * MS, LONG_WAIT);
		ck_assert_uint_gt(drops, before);
		before = drops;
	}
	/* n drops take about interval * 2 sqrt(n): after 100 intervals some 2,500. */
	ck_assert_uint_gt(aqm.count, 1500);
	ck_assert_uint_lt(aqm.count, 3500);
}
END_TEST

/* A short queue ends the dropping at once; when it grows again soon, dropping goes on where it ended, later from the beginning. */
START_TEST(ends_and_returns)
{
	struct tscf_aqm aqm = {0};
	uint32_t count;

	feed(&aqm, START, START + 500 * MS, LONG_WAIT);
	count = aqm.count;
	ck_assert_uint_gt(count, 100);
	ck_assert_uint_eq(feed(&aqm, START + 500 * MS, START + 520 * MS, SHORT_WAIT), 0);
	feed(&aqm, START + 520 * MS, START + 531 * MS, LONG_WAIT);
	ck_assert_uint_ge(aqm.count, count - 2);
	feed(&aqm, START + 531 * MS, START + 900 * MS, SHORT_WAIT);
	feed(&aqm, START + 900 * MS, START + 911 * MS, LONG_WAIT);
	ck_assert_uint_le(aqm.count, 2);
}
END_TEST

/** Offer runs of @p count packets of @p size whose first byte is @p first, from a long queue, for half a second.  @return packets taken. */
static uint32_t shortened(uint32_t count, uint32_t size, uint8_t first, uint32_t waiting)
{
	struct tscf_aqm aqm = {0};
	uint8_t data[4 * 1400];
	uint32_t taken = 0;

	memset(data, first, sizeof(data));
	for (uint64_t now = START; now < START + 500 * MS; now += MS) {
		struct tscf_packet p = {.data = data, .length = count * size, .piece = count > 1 ? size : 0};
		bool one = tscf_shorten(&aqm, &p, now - LONG_WAIT, now, waiting);

		ck_assert_uint_eq(p.length, (count - one) * size);
		ck_assert(p.length == 0 || tscf_packet_pieces(&p) == count - one);
		taken += one;
	}
	return taken;
}

/* Of bulk, and of nothing else, where much waits, and not where little does. */
START_TEST(only_bulk_is_taken)
{
	ck_assert_uint_gt(shortened(4, 1340, 0x45, 128 * 1024), 100);
	ck_assert_uint_gt(shortened(2, 1340, 0x60, 128 * 1024), 100);
	ck_assert_uint_gt(shortened(1, 1340, 0x17, 128 * 1024), 100);
	ck_assert_uint_eq(shortened(4, 1340, 0x45, 32 * 1024), 0);
	ck_assert_uint_eq(shortened(4, 200, 0x45, 128 * 1024), 0);
	ck_assert_uint_eq(shortened(1, 1100, 0x10, 128 * 1024), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("aqm");
	TCase *tcase = tcase_create("aqm");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, short_queue);
	tcase_add_test(tcase, burst);
	tcase_add_test(tcase, standing_queue);
	tcase_add_test(tcase, ends_and_returns);
	tcase_add_test(tcase, only_bulk_is_taken);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
