/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/dscp_setting.h"
#include "common/packet/dscp.h"
#include "tests/unit/runner.h"

#include <errno.h>

#define BIT(n) (1ULL << (n))

START_TEST(sets)
{
	static const struct {
		const char *text;
		uint64_t set;
	} cases[] = {
	    {"none", 0},
	    {"NONE", 0},
	    {"0", BIT(0)},
	    {"63", BIT(63)},
	    {"EF", BIT(46)},
	    {"ef,EF", BIT(46)},
	    {"CS5, VA, EF, CS6", TSCF_URGENT_DSCPS},
	    {" CS0\tcs7 ,0x2e", BIT(0) | BIT(56) | BIT(46)},
	    {"AF11,AF13,AF41,af43", BIT(10) | BIT(14) | BIT(34) | BIT(38)},
	    {"LE", BIT(1)},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t set = ~cases[i].set;

		ck_assert_msg(tscf_dscps_parse(cases[i].text, &set) == 0, "%s", cases[i].text);
		ck_assert_msg(set == cases[i].set, "%s: %#llx", cases[i].text, (unsigned long long)set);
	}
}
END_TEST

START_TEST(errors)
{
	static const char *const texts[] = {
	    "",     ",",    "64",   "-1",  "EF,64",    "CS8", "CS",     "CS11",
	    "AF14", "AF01", "AF51", "AF4", "none, EF", "EFX", "EF;CS5", "voice-admit-and-more"};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t set = 5;

		ck_assert_msg(tscf_dscps_parse(texts[i], &set) == -EINVAL, "'%s'", texts[i]);
		ck_assert_uint_eq(set, 5);
	}
}
END_TEST

START_TEST(membership)
{
	for (unsigned tos = 0; tos < 256; tos++)
		ck_assert_int_eq(tscf_dscp_is_in(BIT(46) | BIT(0), (uint8_t)tos), tos >> 2 == 46 || tos >> 2 == 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("dscp");
	TCase *all = tcase_create("all");

	tcase_add_test(all, sets);
	tcase_add_test(all, errors);
	tcase_add_test(all, membership);
	suite_add_tcase(suite, all);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
