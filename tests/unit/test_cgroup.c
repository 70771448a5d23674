/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cgroup of a process: as the kernel shows it, or an error and no name. */
#include "common/base/cgroup.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As in cgroups(7): the one line that begins with 0:: */
static bool shown(char name[PATH_MAX])
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "0::%[^\n]", name) == 1;
	if (file)
		fclose(file);
	return found;
}

START_TEST(of_a_process)
{
	char wanted[PATH_MAX], name[PATH_MAX];

	if (!shown(wanted)) {
		ck_assert_int_eq(tscf_cgroup_of(0, name, sizeof(name)), -ENOENT);
		ck_assert_str_eq(name, "");
		return;
	}
	ck_assert_int_eq(tscf_cgroup_of(0, name, sizeof(name)), 0);
	ck_assert_str_eq(name, wanted);
	ck_assert_int_eq(tscf_cgroup_of(getpid(), name, strlen(wanted) + 1), 0);
	ck_assert_str_eq(name, wanted);
	ck_assert_int_eq(tscf_cgroup_of(0, name, strlen(wanted)), -ENAMETOOLONG);
	ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(of_no_process)
{
	char name[PATH_MAX] = "old";

	ck_assert_int_eq(tscf_cgroup_of(0x3fffff00, name, sizeof(name)), -ENOENT);
	ck_assert_str_eq(name, "");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("cgroup");
	TCase *tc = tcase_create("cgroup");

	tcase_add_test(tc, of_a_process);
	tcase_add_test(tc, of_no_process);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
