/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/checksum.h"
#include "tests/unit/offload_build.h"
#include "tests/unit/runner.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER 65536

static uint8_t buffer[BUFFER], copy[BUFFER];

static void setup(void)
{
	uint32_t state = 1;

	for (unsigned i = 0; i < BUFFER; i++) {
		state = state * 1664525 + 1013904223;
		buffer[i] = (uint8_t)(state >> 24);
	}
}

/** @return the checksum as the slow one gives it. */
static uint16_t finish(uint64_t sum)
{
	return ntohs((uint16_t)~tscf_checksum_fold(sum));
}

/** Every length and alignment in which blocks, words and the odd byte can meet. */
START_TEST(short_lengths)
{
	for (uint32_t at = 0; at < 17; at++)
		for (uint32_t length = 0; length < 300; length++)
			ck_assert_uint_eq(finish(tscf_checksum_add(buffer + at, length)),
					  slow_checksum(buffer + at, length, 0));
}
END_TEST

START_TEST(long_lengths)
{
	for (uint32_t length = BUFFER; length > BUFFER - 70; length--)
		ck_assert_uint_eq(finish(tscf_checksum_add(buffer, length)), slow_checksum(buffer, length, 0));
}
END_TEST

/** The largest sums: no lane may overflow. */
START_TEST(all_ones)
{
	uint64_t sum;

	memset(copy, 0xff, BUFFER);
	sum = tscf_checksum_add(copy, BUFFER);
	ck_assert_uint_eq(sum, (uint64_t)BUFFER / 4 * 0xffffffff);
	ck_assert_uint_eq(tscf_checksum_fold(sum), 0xffff);
}
END_TEST

START_TEST(fold_carries)
{
	ck_assert_uint_eq(tscf_checksum_fold(0), 0);
	ck_assert_uint_eq(tscf_checksum_fold(UINT64_MAX), 0xffff);
	ck_assert_uint_eq(tscf_checksum_fold(0xffffffff00000001), 1);
	ck_assert_uint_eq(tscf_checksum_fold(0x1fffffffe), 0xffff);
	ck_assert_uint_eq(tscf_checksum_fold(0xfffe0001), 0xffff);
}
END_TEST

/** The copy is exact, has the same sum, and writes nothing around it. */
START_TEST(copies)
{
	for (uint32_t at = 0; at < 5; at++)
		for (uint32_t length = 0; length < 300; length++) {
			memset(copy, 0xa5, 400);
			ck_assert_uint_eq(tscf_checksum_copy(copy + 8 + at, buffer + at * 3, length),
					  tscf_checksum_add(buffer + at * 3, length));
			ck_assert_mem_eq(copy + 8 + at, buffer + at * 3, length);
			for (uint32_t i = 0; i < 400; i++)
				if (i < 8 + at || i >= 8 + at + length)
					ck_assert_uint_eq(copy[i], 0xa5);
		}
}
END_TEST

/** Parts of even length add up. */
START_TEST(parts)
{
	for (uint32_t cut = 0; cut <= 500; cut += 2)
		ck_assert_uint_eq(finish(tscf_checksum_add(buffer, cut) + tscf_checksum_add(buffer + cut, 501 - cut)),
				  slow_checksum(buffer, 501, 0));
}
END_TEST

START_TEST(pseudo_headers)
{
	const struct offload_shape shape = {.ipv6 = _i & 1, .udp = _i & 2, .payload = 60001};
	static struct offload_packet p;
	uint64_t sum;

	offload_plain(&p, &shape);
	sum = tscf_checksum_pseudo(p.data, shape.udp ? IPPROTO_UDP : IPPROTO_TCP, p.length - p.ip_header);
	sum += tscf_checksum_add(p.data + p.ip_header, p.length - p.ip_header);
	ck_assert_uint_eq(tscf_checksum_fold(sum), 0xffff);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("checksum");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, NULL);
	tcase_add_test(all, short_lengths);
	tcase_add_test(all, long_lengths);
	tcase_add_test(all, all_ones);
	tcase_add_test(all, fold_carries);
	tcase_add_test(all, copies);
	tcase_add_test(all, parts);
	tcase_add_loop_test(all, pseudo_headers, 0, 4);
	suite_add_tcase(suite, all);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
