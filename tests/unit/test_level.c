/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/level.h"
#include "tests/unit/runner.h"

#include <errno.h>

/* Names and numbers are the public interface: they must never change. */
START_TEST(names_and_numbers)
{
	static const char *const names[] = {"default", "unencrypted", "encrypted-only", "encrypted-preferred"};
	enum tscf_level level;

	for (int i = 0; i < 4; i++) {
		ck_assert_str_eq(tscf_level_name((enum tscf_level)i), names[i]);
		ck_assert_int_eq(tscf_level_parse(names[i], &level), 0);
		ck_assert_int_eq((int)level, i);
	}
	ck_assert_str_eq(tscf_level_name((enum tscf_level)4), "invalid");
	ck_assert_str_eq(tscf_level_name((enum tscf_level) - 1), "invalid");
	ck_assert_int_eq(tscf_level_parse("", &level), -EINVAL);
	ck_assert_int_eq(tscf_level_parse("encrypted", &level), -EINVAL);
	ck_assert_int_eq(tscf_level_parse("Default", &level), -EINVAL);
	ck_assert_int_eq(tscf_level_parse("invalid", &level), -EINVAL);
}
END_TEST

START_TEST(wants_encryption)
{
	ck_assert(!tscf_level_wants_encryption(TSCF_LEVEL_DEFAULT));
	ck_assert(!tscf_level_wants_encryption(TSCF_LEVEL_UNENCRYPTED));
	ck_assert(tscf_level_wants_encryption(TSCF_LEVEL_ENCRYPTED_ONLY));
	ck_assert(tscf_level_wants_encryption(TSCF_LEVEL_ENCRYPTED_PREFERRED));
}
END_TEST

/* Three contiguous bits at least, anywhere. */
START_TEST(mask_valid)
{
	static const uint32_t valid[] = {0x7, 0xe, 0xf, 0x07000000, 0xe0000000, 0xffffffff, 0xff00};
	static const uint32_t invalid[] = {0,   1,   3,          0x80000000, 0xc0000000,
					   0x5, 0xb, 0x07000001, 0x70007000, 0x80000003};

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		ck_assert_msg(tscf_mark_mask_valid(valid[i]), "%#x", valid[i]);
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		ck_assert_msg(!tscf_mark_mask_valid(invalid[i]), "%#x", invalid[i]);
	ck_assert(tscf_mark_mask_valid(TSCF_MARK_MASK_DEFAULT));
}
END_TEST

/* A mark set reads back, and the bits of others stay, for every place of the mask. */
START_TEST(mark_set_and_get)
{
	for (unsigned shift = 0; shift <= 29; shift++) {
		uint32_t mask = UINT32_C(7) << shift;

		for (uint32_t value = 0; value <= TSCF_MARK_OUTER; value++) {
			uint32_t mark = tscf_mark_set(0xa5a5a5a5, mask, value);

			ck_assert_uint_eq(tscf_mark_get(mark, mask), value);
			ck_assert_uint_eq(mark & ~mask, 0xa5a5a5a5 & ~mask);
		}
	}
	ck_assert_uint_eq(tscf_mark_set(0, TSCF_MARK_MASK_DEFAULT, TSCF_MARK_OUTER), 0x04000000);
}
END_TEST

/* A level given to the socket, and one that a policy has given: neither is taken for the other. */
START_TEST(mark_parts)
{
	uint32_t mask = TSCF_MARK_MASK_DEFAULT;
	uint32_t given = tscf_mark_set(1, mask, tscf_mark_explicit(TSCF_LEVEL_ENCRYPTED_ONLY));
	uint32_t policy = tscf_mark_set(1, mask, 15U << TSCF_MARK_POLICY_SHIFT | TSCF_LEVEL_ENCRYPTED_ONLY);

	ck_assert_uint_eq(given, 0x06000001);
	ck_assert_uint_eq(policy, 0x7a000001);
	ck_assert_int_eq(tscf_mark_level(given, mask), TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(tscf_mark_level(policy, mask), TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert(!(tscf_mark_get(policy, mask) & TSCF_MARK_EXPLICIT));
	ck_assert_int_eq(tscf_mark_level(tscf_mark_set(0, mask, TSCF_MARK_OUTER), mask), TSCF_LEVEL_DEFAULT);
	ck_assert_uint_eq(tscf_mark_explicit(TSCF_LEVEL_DEFAULT), 0);
	ck_assert_uint_eq(tscf_mark_policies(mask), 15);
	ck_assert_uint_eq(tscf_mark_policies(0x70), 0);
	ck_assert_uint_eq(tscf_mark_policies(0xf0000000), 1);
}
END_TEST

/* A value too large or an empty mask must not reach the bits of others. */
START_TEST(mark_out_of_range)
{
	ck_assert_uint_eq(tscf_mark_set(0, 0x70, 0xff), 0x70);
	ck_assert_uint_eq(tscf_mark_set(0x1234, 0, 3), 0x1234);
	ck_assert_uint_eq(tscf_mark_get(0x1234, 0), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("level");
	TCase *tc = tcase_create("level");

	tcase_add_test(tc, names_and_numbers);
	tcase_add_test(tc, wants_encryption);
	tcase_add_test(tc, mask_valid);
	tcase_add_test(tc, mark_set_and_get);
	tcase_add_test(tc, mark_parts);
	tcase_add_test(tc, mark_out_of_range);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
