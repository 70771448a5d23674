/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 6040, figure 4, cell by cell, and in headers of both IP versions. */
#include "common/packet/ecn.h"
#include "tests/unit/offload_build.h"
#include "tests/unit/runner.h"

#include <string.h>

#define DROP -1

/* Columns by the outer field's value: Not-ECT, ECT(1), ECT(0), CE. */
static const int figure4[4][4] = {
    [TSCF_ECN_NOT_ECT] = {TSCF_ECN_NOT_ECT, TSCF_ECN_NOT_ECT, TSCF_ECN_NOT_ECT, DROP},
    [TSCF_ECN_ECT_1] = {TSCF_ECN_ECT_1, TSCF_ECN_ECT_1, TSCF_ECN_ECT_1, TSCF_ECN_CE},
    [TSCF_ECN_ECT_0] = {TSCF_ECN_ECT_0, TSCF_ECN_ECT_1, TSCF_ECN_ECT_0, TSCF_ECN_CE},
    [TSCF_ECN_CE] = {TSCF_ECN_CE, TSCF_ECN_CE, TSCF_ECN_CE, TSCF_ECN_CE},
};

START_TEST(table)
{
	for (unsigned inner = 0; inner < 4; inner++)
		for (unsigned outer = 0; outer < 4; outer++)
			ck_assert_int_eq(tscf_ecn_combine(inner, outer), figure4[inner][outer]);
}
END_TEST

static void make_ipv4(uint8_t *h, uint8_t tos, uint16_t id)
{
	uint16_t sum;

	memcpy(h,
	       (const uint8_t[20]){
		   0x45, tos, 0, 20, (uint8_t)(id >> 8), (uint8_t)id, 0x40, 0, 64, 59, 0, 0, 10, 8, 0, 1, 192, 0, 2, 1},
	       20);
	sum = slow_checksum(h, 20, 0);
	h[10] = (uint8_t)(sum >> 8);
	h[11] = (uint8_t)sum;
}

/** Every DSCP and ECN inside, every ECN outside, and identifications that let the checksum pass through all its values.
 */
START_TEST(ipv4)
{
	const uint16_t id = (uint16_t)(_i * 251);
	uint8_t h[20];

	for (unsigned tos = 0; tos < 256; tos++)
		for (unsigned outer = 0; outer < 4; outer++) {
			const int wanted = figure4[tos & 3][outer];

			make_ipv4(h, (uint8_t)tos, id);
			ck_assert_int_eq(tscf_ecn_decapsulate(h, (uint8_t)(0xb8 | outer)), wanted != DROP);
			ck_assert_uint_eq(h[1], wanted == DROP ? tos : (tos & 0xfc) | (unsigned)wanted);
			ck_assert_uint_eq(slow_checksum(h, 20, 0), 0);
			ck_assert_uint_eq(tscf_tos_of(h), h[1]);
		}
}
END_TEST

START_TEST(ipv6)
{
	for (unsigned tos = 0; tos < 256; tos++)
		for (unsigned outer = 0; outer < 4; outer++) {
			const int wanted = figure4[tos & 3][outer];
			const unsigned after = wanted == DROP ? tos : (tos & 0xfc) | (unsigned)wanted;
			uint8_t h[40] = {(uint8_t)(0x60 | tos >> 4), (uint8_t)(tos << 4 | 0x0a), 0xbc, 0xde};

			ck_assert_uint_eq(tscf_tos_of(h), tos);
			ck_assert_int_eq(tscf_ecn_decapsulate(h, (uint8_t)outer), wanted != DROP);
			ck_assert_uint_eq(tscf_tos_of(h), after);
			/* Version and flow label stay. */
			ck_assert_uint_eq(h[0] >> 4, 6);
			ck_assert_mem_eq(((const uint8_t[]){h[1] & 0x0f, h[2], h[3]}),
					 ((const uint8_t[]){0x0a, 0xbc, 0xde}), 3);
		}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("ecn");
	TCase *combine = tcase_create("combine");

	tcase_add_test(combine, table);
	tcase_add_loop_test(combine, ipv4, 0, 262);
	tcase_add_test(combine, ipv6);
	suite_add_tcase(suite, combine);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
