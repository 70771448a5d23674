/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that are replaced or made: what is in them, whose they are, and that a power failure undoes nothing. */
#include "tests/unit/runner.h"

#include "common/base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char directory[32], name[PATH_MAX];
static unsigned files_synced, directories_synced;

/** In place of that of the C library. */
int fsync(int fd)
{
	struct stat st, wanted;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(stat(directory, &wanted), 0);
	if (S_ISREG(st.st_mode))
		files_synced++;
	else if (st.st_ino == wanted.st_ino)
		directories_synced++;
	return (int)syscall(SYS_fsync, fd);
}

static void setup(void)
{
	files_synced = directories_synced = 0;
	snprintf(directory, sizeof(directory), "/tmp/tscf-file.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(name, sizeof(name), "%s/file", directory);
}

static void teardown(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	unlink(name);
	ck_assert_int_eq(rmdir(directory), 0);
}

static void holds(const char *expected)
{
	char text[16];
	int length = tscf_file_read(name, text, sizeof(text));

	ck_assert_int_ge(length, 0);
	text[length] = '\0';
	ck_assert_str_eq(text, expected);
}

START_TEST(a_file_is_made_once)
{
	ck_assert_int_eq(tscf_file_create(name, 0600, "one", 3), 0);
	ck_assert_uint_eq(files_synced, 1);
	ck_assert_uint_eq(directories_synced, 1);
	ck_assert_int_eq(tscf_file_create(name, 0600, "two", 3), -EEXIST);
	holds("one");
}
END_TEST

START_TEST(a_file_is_replaced)
{
	struct stat st;

	ck_assert_int_eq(tscf_file_create(name, 0600, "one", 3), 0);
	ck_assert_int_eq(tscf_file_replace(name, 0640, "two", 3), 0);
	ck_assert_uint_eq(files_synced, 2);
	ck_assert_uint_eq(directories_synced, 2);
	ck_assert_int_eq(stat(name, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	holds("two");
}
END_TEST

/* A name without a directory is one in the working directory. */
START_TEST(a_file_is_here)
{
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(tscf_file_replace("file", 0600, "here", 4), 0);
	ck_assert_uint_eq(directories_synced, 1);
	holds("here");
}
END_TEST

/* Nothing that would block a daemon or never end is read; a FIFO, whose opening blocks, is not waited for. */
START_TEST(only_ordinary_files_are_read)
{
	char text[8];

	ck_assert_int_eq(tscf_file_create(name, 0600, "one", 3), 0);
	ck_assert_int_eq(tscf_file_read(name, text, sizeof(text)), 3);
	ck_assert_int_eq(tscf_file_read(directory, text, sizeof(text)), -EISDIR);
	ck_assert_int_eq(tscf_file_read("/dev/zero", text, sizeof(text)), -EOPNOTSUPP);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	ck_assert_int_eq(tscf_file_read(name, text, sizeof(text)), -EOPNOTSUPP);
	ck_assert_ptr_null(tscf_file_stream(name));
	ck_assert_int_eq(errno, EOPNOTSUPP);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("file");
	TCase *tc = tcase_create("file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_file_is_made_once);
	tcase_add_test(tc, a_file_is_replaced);
	tcase_add_test(tc, a_file_is_here);
	tcase_add_test(tc, only_ordinary_files_are_read);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
