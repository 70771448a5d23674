/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of a search in vain: each fault once, and the sum at the end. */
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/outage.h"

#include <stdio.h>

START_TEST(each_fault_once)
{
	struct outage o = {.present = false};

	outage_begin(&o, 1000);
	ck_assert(outage_failed(&o, "a: no answer"));
	ck_assert(outage_failed(&o, "b: no answer"));
	for (unsigned i = 0; i < 10000; i++) {
		ck_assert(!outage_failed(&o, "a: no answer"));
		ck_assert(!outage_failed(&o, "b: no answer"));
	}
	/* Lost again before it was there: it is the same outage. */
	outage_begin(&o, 5000);
	ck_assert(!outage_failed(&o, "a: no answer"));
	ck_assert(outage_failed(&o, "a: the network is unreachable"));
	ck_assert_uint_eq(o.failures, 20004);
	ck_assert_uint_eq(o.since, 1000);
}
END_TEST

/* The other end may have as many texts as it likes. */
START_TEST(bounded)
{
	struct outage o = {.present = false};
	char text[32];
	unsigned said = 0;

	outage_begin(&o, 0);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "refused: %u", i);
		said += outage_failed(&o, text);
	}
	ck_assert_uint_eq(said, OUTAGE_FAULTS_MAX);
	ck_assert_uint_eq(o.failures, 100000);
}
END_TEST

START_TEST(end)
{
	static const struct {
		uint64_t seconds;
		unsigned failures;
		const char *text;
	} cases[] = {
	    {0, 1, "after 1 attempt in vain in 0 s"},
	    {59, 2, "after 2 attempts in vain in 59 s"},
	    {61, 2, "after 2 attempts in vain in 1 min 1 s"},
	    {2 * 3600 + 119, 2, "after 2 attempts in vain in 2 h 1 min"},
	    {3 * 86400 + 3600, 2, "after 2 attempts in vain in 3 d 1 h"},
	};
	char text[OUTAGE_TEXT] = "nothing";

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct outage o = {.present = false};

		outage_begin(&o, 5000);
		for (unsigned n = 0; n < cases[i].failures; n++)
			outage_failed(&o, "no answer");
		ck_assert(outage_end(&o, 5000 + 1000 * cases[i].seconds, text));
		ck_assert_str_eq(text, cases[i].text);
		/* It is over; the next one begins anew. */
		ck_assert(!outage_end(&o, 1000000, text));
		outage_begin(&o, 2000000);
		ck_assert(!outage_end(&o, 3000000, text));
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client outage");
	TCase *tc = tcase_create("outage");

	tcase_add_test(tc, each_fault_once);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, end);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
