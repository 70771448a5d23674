/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The code of redundancy: arithmetic against known answers, what is repaired and what is refused, and the wire format.
 */
#include "common/base/bytes.h"
#include "common/redundancy/decoder.h"
#include "common/redundancy/gf256.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <string.h>

#define LENGTH   100
#define ROOM     (TSCF_SOURCE_MAX + TSCF_REPAIR_OVERHEAD)
#define BOUND_MS 60
#define SPAN_MS  45

/** One encoder, one decoder, and what the decoder repaired last. */
struct pair {
	struct tscf_encoder encoder;
	struct tscf_decoder decoder;
	struct tscf_redundancy_counters counters;
	struct tscf_decoder_output out;
	uint64_t now;
	unsigned delivered;
	uint8_t last[TSCF_SOURCE_MAX];
	uint32_t last_length;
	uint8_t source[64][TSCF_SOURCE_MAX];
	uint32_t length[64];
	uint8_t repair[ROOM];
	uint32_t repair_length;
};

static struct pair pair;

static void deliver(void *context, const uint8_t *data, uint32_t length)
{
	struct pair *p = context;

	p->delivered++;
	memcpy(p->last, data, length);
	p->last_length = length;
}

static void set_up(void)
{
	pair = (struct pair){.now = 1000};
	pair.out = (struct tscf_decoder_output){
	    .context = &pair, .deliver = deliver, .counters = &pair.counters, .bound = BOUND_MS};
	ck_assert_int_eq(tscf_encoder_init(&pair.encoder, 7, SPAN_MS), 0);
	ck_assert_int_eq(tscf_decoder_init(&pair.decoder), 0);
}

static void tear_down(void)
{
	tscf_encoder_free(&pair.encoder);
	tscf_decoder_free(&pair.decoder);
}

static void decode(const uint8_t *data, uint32_t length)
{
	struct tscf_repair repair;

	ck_assert_int_eq(tscf_repair_read(data, length, &repair), 0);
	tscf_decoder_repair(&pair.decoder, &repair, pair.now, &pair.out);
}

static void encode(uint8_t index)
{
	pair.repair_length = tscf_encoder_repair(&pair.encoder, index, pair.now, pair.repair);
	ck_assert_uint_gt(pair.repair_length, 0);
}

/** Send source packet @p i of @p length bytes. */
static void source(unsigned i, uint32_t length)
{
	for (uint32_t at = 0; at < length; at++)
		pair.source[i][at] = (uint8_t)(i * 31 + at * 7 + 1);
	pair.length[i] = length;
	tscf_encoder_source(&pair.encoder, pair.source[i], length, TSCF_SOURCE_MAX, pair.now);
}

static bool came(unsigned i)
{
	return tscf_decoder_source(&pair.decoder, pair.source[i], pair.length[i], pair.now, &pair.out);
}

static void assert_repaired(unsigned i)
{
	ck_assert_uint_eq(pair.last_length, pair.length[i]);
	ck_assert_mem_eq(pair.last, pair.source[i], pair.length[i]);
}

/* Products in this field by other means: powers of the generator, and the values of RFC 5510's polynomial. */
START_TEST(arithmetic)
{
	ck_assert_uint_eq(tscf_gf256_multiply(2, 0x80), 0x1d);
	ck_assert_uint_eq(tscf_gf256_multiply(0x53, 0xca), 0x8f);
	ck_assert_uint_eq(tscf_gf256_power(0), 1);
	ck_assert_uint_eq(tscf_gf256_power(8), 0x1d);
	ck_assert_uint_eq(tscf_gf256_power(254), 0x8e);
	ck_assert_uint_eq(tscf_gf256_power(255), 1);
	for (unsigned a = 1; a < 256; a++) {
		uint8_t slow = 0;

		ck_assert_uint_eq(tscf_gf256_multiply((uint8_t)a, tscf_gf256_inverse((uint8_t)a)), 1);
		for (unsigned bit = 0, shifted = a; bit < 8; bit++) {
			slow ^= (0xb7 >> bit & 1) ? (uint8_t)shifted : 0;
			shifted = shifted << 1 ^ (shifted & 0x80 ? 0x11d : 0);
		}
		ck_assert_uint_eq(tscf_gf256_multiply((uint8_t)a, 0xb7), slow);
	}
}
END_TEST

START_TEST(sums_of_any_length)
{
	for (uint32_t length = 0; length < 40; length++) {
		uint8_t to[40], from[40], expected[40];

		for (uint32_t i = 0; i < 40; i++) {
			to[i] = (uint8_t)(i * 3 + 1);
			from[i] = (uint8_t)(i * 5 + 2);
			expected[i] = to[i] ^ (i < length ? tscf_gf256_multiply(from[i], 0x9c) : 0);
		}
		tscf_gf256_add(to, from, length, 0x9c);
		ck_assert_mem_eq(to, expected, sizeof(to));
	}
}
END_TEST

/* A repair packet byte by byte: what other implementations must make of the same packets. */
START_TEST(known_repair)
{
	static const uint8_t expected_header[] = {0x51, 0x12, 0, 2, 0, 0, 0, 7};
	uint8_t sum[6];

	pair.source[0][0] = 0x45;
	pair.source[1][0] = 0x46;
	pair.source[1][1] = 0x01;
	tscf_encoder_source(&pair.encoder, pair.source[0], 1, TSCF_SOURCE_MAX, pair.now);
	pair.now += 20;
	tscf_encoder_source(&pair.encoder, pair.source[1], 4, TSCF_SOURCE_MAX, pair.now);
	encode(1);
	ck_assert_uint_eq(pair.repair_length, 8 + 2 * 5 + 6);
	ck_assert_mem_eq(pair.repair, expected_header, sizeof(expected_header));
	ck_assert_uint_eq(tscf_get_u32(pair.repair + 8), tscf_source_id(pair.source[0], 1));
	ck_assert_uint_eq(pair.repair[12], 20);
	ck_assert_uint_eq(tscf_get_u32(pair.repair + 13), tscf_source_id(pair.source[1], 4));
	ck_assert_uint_eq(pair.repair[17], 0);
	/* Row 4 * 2 + 1 = 9: coefficients 2^9 and 2^18. */
	for (unsigned i = 0; i < 6; i++) {
		static const uint8_t first[6] = {0, 1, 0x45}, second[6] = {0, 4, 0x46, 0x01};

		sum[i] = tscf_gf256_multiply(first[i], 0x3a) ^ tscf_gf256_multiply(second[i], 0x2d);
	}
	ck_assert_mem_eq(pair.repair + 18, sum, 6);
}
END_TEST

START_TEST(one_lost)
{
	source(0, LENGTH);
	source(1, LENGTH + 20);
	source(2, 3);
	ck_assert(came(0) && came(2));
	encode(0);
	decode(pair.repair, pair.repair_length);
	ck_assert_uint_eq(pair.delivered, 1);
	assert_repaired(1);
	/* The late original is dropped, once: a further copy is a packet that the program sent again. */
	ck_assert(!came(1));
	ck_assert(came(1));
}
END_TEST

/* Any set of lost packets of a window, with as many repair packets. */
START_TEST(any_set)
{
	for (unsigned lost = 1; lost < 1U << TSCF_REPAIR_WINDOW; lost++) {
		unsigned count = (unsigned)__builtin_popcount(lost);

		if (count > TSCF_REPAIR_INDEXES)
			continue;
		for (unsigned i = 0; i < TSCF_REPAIR_WINDOW; i++) {
			source(i, LENGTH + i);
			ck_assert((lost >> i & 1) || came(i));
		}
		pair.delivered = 0;
		for (uint8_t index = 0; index < count; index++) {
			ck_assert_uint_eq(pair.delivered, 0);
			encode(index);
			decode(pair.repair, pair.repair_length);
		}
		ck_assert_uint_eq(pair.delivered, count);
		tear_down();
		set_up();
	}
}
END_TEST

START_TEST(too_late)
{
	source(0, LENGTH);
	pair.now += 40;
	source(1, LENGTH);
	encode(0);
	pair.now += 21;
	came(1);
	pair.now += 20;
	/* Sent with age 40: when it comes, packet 0 is 40 ms over. */
	decode(pair.repair, pair.repair_length);
	ck_assert_uint_eq(pair.delivered, 1);
	tear_down();
	set_up();
	source(0, LENGTH);
	source(1, LENGTH);
	encode(0);
	decode(pair.repair, pair.repair_length);
	pair.now += BOUND_MS + 1;
	came(1);
	ck_assert_uint_eq(pair.delivered, 0);
	ck_assert_uint_eq(pair.counters.repaired_late, 1);
	ck_assert(came(0));
}
END_TEST

/* A packet that was only late takes part in the repair of another. */
START_TEST(late_original)
{
	source(0, LENGTH);
	source(1, LENGTH);
	encode(0);
	decode(pair.repair, pair.repair_length);
	ck_assert_uint_eq(pair.delivered, 0);
	ck_assert(came(1));
	ck_assert_uint_eq(pair.delivered, 1);
	assert_repaired(0);
}
END_TEST

/* A changed symbol gives nothing: the packet has not the identifier that was named. */
START_TEST(forged)
{
	for (uint32_t at = TSCF_REPAIR_HEADER + 2 * TSCF_REPAIR_COVERED; at < TSCF_REPAIR_HEADER + 30; at++) {
		source(0, LENGTH);
		source(1, LENGTH);
		came(1);
		encode(0);
		pair.repair[at] ^= 0x40;
		decode(pair.repair, pair.repair_length);
		ck_assert_uint_eq(pair.delivered, 0);
		ck_assert_uint_eq(pair.counters.repair_invalid, 1);
		/* And it keeps nothing from coming. */
		ck_assert(came(0));
		tear_down();
		set_up();
	}
}
END_TEST

START_TEST(large_packets)
{
	source(0, TSCF_SOURCE_MAX);
	source(1, 40);
	source(2, TSCF_SOURCE_MAX);
	came(0);
	came(1);
	encode(0);
	decode(pair.repair, pair.repair_length);
	ck_assert_uint_eq(pair.delivered, 1);
	assert_repaired(2);
	/* Over the limit: counted, and not covered. */
	tscf_encoder_source(&pair.encoder, pair.source[0], 500, 499, pair.now);
	ck_assert_uint_eq(tscf_encoder_repair(&pair.encoder, 0, pair.now, pair.repair), 0);
	ck_assert_uint_eq(pair.encoder.number, 4);
}
END_TEST

START_TEST(old_packets_are_not_covered)
{
	struct tscf_repair repair;

	for (unsigned i = 0; i < 6; i++) {
		pair.now += 20;
		source(i, LENGTH);
	}
	encode(0);
	ck_assert_int_eq(tscf_repair_read(pair.repair, pair.repair_length, &repair), 0);
	ck_assert_uint_eq(repair.count, 3);
	ck_assert_uint_eq(repair.covered[0].age, 40);
}
END_TEST

START_TEST(wire)
{
	struct tscf_report report = {.flow = 9,
				     .rtp = true,
				     .sequence = 65535,
				     .came = 0x80000001,
				     .expected = 300,
				     .lost = 20,
				     .runs = 7},
			   read;
	uint8_t bytes[TSCF_REPORT_SIZE];
	struct tscf_repair repair;

	tscf_report_write(&report, bytes);
	ck_assert_int_eq(tscf_report_read(bytes, sizeof(bytes), &read), 0);
	ck_assert(read.rtp && read.flow == 9 && read.sequence == 65535 && read.came == 0x80000001);
	ck_assert(read.expected == 300 && read.lost == 20 && read.runs == 7);
	ck_assert_int_eq(tscf_report_read(bytes, sizeof(bytes) - 1, &read), -EINVAL);
	bytes[1] = 2;
	ck_assert_int_eq(tscf_report_read(bytes, sizeof(bytes), &read), -EINVAL);
	source(0, LENGTH);
	encode(0);
	for (uint32_t length = 0; length <= TSCF_REPAIR_HEADER + TSCF_REPAIR_COVERED + TSCF_SYMBOL_HEADER; length++)
		ck_assert_int_eq(tscf_repair_read(pair.repair, length, &repair), -EINVAL);
	tscf_encoder_count(&pair.encoder, pair.repair);
	ck_assert_int_eq(tscf_repair_read(pair.repair, TSCF_REPAIR_HEADER, &repair), 0);
	ck_assert(repair.count == 0 && repair.number == 1 && repair.flow == 7);
	ck_assert_int_eq(tscf_repair_read(pair.repair, TSCF_REPAIR_HEADER + 1, &repair), -EINVAL);
	pair.repair[1] = TSCF_REPAIR_WINDOW + 1;
	ck_assert_int_eq(tscf_repair_read(pair.repair, ROOM, &repair), -EINVAL);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("redundancy_code");
	TCase *tcase = tcase_create("redundancy_code");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, arithmetic);
	tcase_add_test(tcase, sums_of_any_length);
	tcase_add_test(tcase, known_repair);
	tcase_add_test(tcase, one_lost);
	tcase_add_test(tcase, any_set);
	tcase_add_test(tcase, too_late);
	tcase_add_test(tcase, late_original);
	tcase_add_test(tcase, forged);
	tcase_add_test(tcase, large_packets);
	tcase_add_test(tcase, old_packets_are_not_covered);
	tcase_add_test(tcase, wire);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
