/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files are taken once when they have changed, when they are whole, and together with those that belong to them. */
#include "common/daemon/renewed_file.h"
#include "tests/unit/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/tscf-test-XXXXXX";
static char names[2][64];
static struct tscf_renewed_file files[2];

static void write_file(unsigned n, const char *text)
{
	FILE *f = fopen(names[n], "a");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	for (unsigned n = 0; n < 2; n++) {
		snprintf(names[n], sizeof(names[n]), "%s/%u", directory, n);
		write_file(n, "old");
		ck_assert_int_eq(tscf_renewed_file_begin(&files[n], names[n]), 0);
	}
}

static void teardown(void)
{
	for (unsigned n = 0; n < 2; n++) {
		tscf_renewed_file_end(&files[n]);
		unlink(names[n]);
	}
	rmdir(directory);
}

/* They were written a moment ago: perhaps after they were read. */
static void settle(void)
{
	ck_assert(tscf_renewed_files_settled(files, 2));
	ck_assert(!tscf_renewed_files_settled(files, 2));
}

START_TEST(changed)
{
	settle();
	write_file(0, "new");
	ck_assert(!tscf_renewed_files_settled(files, 2));
	/* It is still being written, and so is the other one. */
	write_file(0, "more");
	ck_assert(!tscf_renewed_files_settled(files, 2));
	write_file(1, "new");
	ck_assert(!tscf_renewed_files_settled(files, 2));
	settle();
}
END_TEST

/* A file may go, and come back; one that is put in the place of another is another. */
START_TEST(replaced)
{
	char other[sizeof(names[0]) + 4];

	settle();
	unlink(names[1]);
	ck_assert(!tscf_renewed_files_settled(files, 2));
	ck_assert(tscf_renewed_files_settled(files, 2));
	snprintf(other, sizeof(other), "%s.new", names[1]);
	ck_assert_int_eq(rename(names[0], other), 0);
	ck_assert_int_eq(rename(other, names[1]), 0);
	write_file(0, "old");
	ck_assert(!tscf_renewed_files_settled(files, 2));
	settle();
}
END_TEST

START_TEST(none)
{
	struct tscf_renewed_file nothing;

	ck_assert_int_eq(tscf_renewed_file_begin(&nothing, NULL), 0);
	ck_assert(!tscf_renewed_files_settled(&nothing, 1));
	tscf_renewed_file_end(&nothing);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("renewed files");
	TCase *tc = tcase_create("renewed files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, changed);
	tcase_add_test(tc, replaced);
	tcase_add_test(tc, none);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
