/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people read: lines that are broken at the edge of the terminal. */
#include "common/daemon/show.h"
#include "tests/unit/runner.h"

#include <stdlib.h>
#include <string.h>

static void ck_wrapped(const char *text, const char *expected)
{
	char *got = NULL;
	size_t length;
	FILE *out = open_memstream(&got, &length);

	tscf_show_wrapped(text, 20, out);
	fclose(out);
	ck_assert_str_eq(got, expected);
	free(got);
}

START_TEST(breaks_at_blanks)
{
	ck_wrapped("one two three four five six\n", "one two three four\n    five six\n");
	ck_wrapped("exactly twenty bytes\n", "exactly twenty bytes\n");
	ck_wrapped("  indented lines are broken, too", "  indented lines are\n    broken, too\n");
}
END_TEST

START_TEST(keeps_words_and_columns)
{
	ck_wrapped("a-word-that-is-longer-than-the-line x\n", "a-word-that-is-longer-than-the-line\n    x\n");
	ck_wrapped("HEAD  HEAD  HEAD  HEAD  HEAD\n", "HEAD  HEAD  HEAD  HEAD  HEAD\n");
	ck_wrapped("a\n\nb\n", "a\n\nb\n");
	ck_wrapped("", "");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("show");
	TCase *tcase = tcase_create("show");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, breaks_at_blanks);
	tcase_add_test(tcase, keeps_words_and_columns);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
