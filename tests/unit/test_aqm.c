/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CoDel on a clock of the test's own: nothing is dropped from a short queue, nor before a long one has lasted, and then
 * ever more.
 */
#include "common/packet/aqm.h"
#include "common/packet/dscp.h"
#include "common/transport/aqm_filter.h"
#include "tests/unit/runner.h"

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

/* A short queue ends the dropping at once; when it grows again soon, dropping goes on where it ended, later from the
 * beginning. */
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

/** Offer runs of @p count packets of @p size whose first byte is @p first, from a long queue, for half a second.
 * @return packets taken. */
static uint32_t shortened(uint32_t count, uint32_t size, uint8_t first, uint32_t waiting)
{
	struct tscf_aqm aqm = {0};
	uint8_t data[4 * 1400];
	uint32_t taken = 0;

	memset(data, 0, sizeof(data));
	for (uint32_t i = 0; i < count; i++)
		data[i * size] = first;
	for (uint64_t now = START; now < START + 500 * MS; now += MS) {
		struct tscf_packet p = {.data = data, .length = count * size, .gso_size = count > 1 ? size : 0};
		bool one = tscf_aqm_filter(&aqm, &p, TSCF_URGENT_DSCPS, now - LONG_WAIT, now, waiting);

		ck_assert_uint_eq(p.length, (count - one) * size);
		ck_assert(p.length == 0 || tscf_packet_segments(&p) == count - one);
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

/** Fill @p p with one packet of video by outer or by inner DSCP, or of bulk. */
static void make_packet(struct tscf_packet *p, uint8_t *data, uint8_t first, uint8_t second, uint8_t outer_tos)
{
	memset(data, 0, 1340);
	data[0] = first;
	data[1] = second;
	*p = (struct tscf_packet){.data = data, .length = 1340, .tos = outer_tos};
}

/* Video is as large as bulk.  In a long queue of both, only bulk is taken: by the outer DSCP, or by the inner one. */
START_TEST(realtime_is_never_taken)
{
	static const struct {
		uint8_t first, second, outer_tos;
	} video[] = {{0x17, 0xfe, 0xb8}, {0x45, 0, 0xb8}, {0x45, 0xb8, 0},
		     {0x45, 0xbb, 0},    {0x6b, 0x80, 0}, {0x60, 0, 0xa1}};
	static uint8_t data[1340];
	struct tscf_aqm aqm = {0};
	unsigned bulk = 0;

	for (uint64_t now = START; now < START + 500 * MS; now += MS) {
		struct tscf_packet p;

		make_packet(&p, data, 0x45, 0x28, 0x28);
		bulk += tscf_aqm_filter(&aqm, &p, TSCF_URGENT_DSCPS, now - LONG_WAIT, now, 128 * 1024);
		for (size_t i = 0; i < sizeof(video) / sizeof(*video); i++) {
			make_packet(&p, data, video[i].first, video[i].second, video[i].outer_tos);
			ck_assert(!tscf_aqm_filter(&aqm, &p, TSCF_URGENT_DSCPS, now - LONG_WAIT, now, 128 * 1024));
			ck_assert_uint_eq(p.length, 1340);
		}
	}
	ck_assert_uint_gt(bulk, 100);
}
END_TEST

/* The set is configurable: what is not in it is bulk.  What a record has at the place of an inner DSCP is none. */
START_TEST(realtime_is_what_the_set_says)
{
	static const struct {
		uint64_t set;
		uint8_t first, second, outer_tos;
		bool taken;
	} cases[] = {{0, 0x45, 0xb8, 0xb8, true},
		     {1ULL << 10, 0x45, 0xb8, 0xb8, true},
		     {1ULL << 10, 0x45, 0x28, 0, false},
		     {1ULL << 10, 0x17, 0, 0x28, false},
		     {TSCF_URGENT_DSCPS, 0x17, 0xb8, 0, true}};
	static uint8_t data[1340];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tscf_aqm aqm = {0};
		unsigned taken = 0;

		for (uint64_t now = START; now < START + 500 * MS; now += MS) {
			struct tscf_packet p;

			make_packet(&p, data, cases[i].first, cases[i].second, cases[i].outer_tos);
			taken += tscf_aqm_filter(&aqm, &p, cases[i].set, now - LONG_WAIT, now, 128 * 1024);
		}
		ck_assert_msg((taken > 0) == cases[i].taken, "case %zu: %u taken", i, taken);
	}
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
	tcase_add_test(tcase, realtime_is_never_taken);
	tcase_add_test(tcase, realtime_is_what_the_set_says);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
