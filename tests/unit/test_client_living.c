/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network namespaces that are in use are those of processes, of which each that cannot be seen may have one.  So
 * the guard of a namespace is removed only if it is certain that nobody is in it.
 */
#include "tests/unit/runner.h"
#include "tscf-client/guard/guard_living.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/** No namespace has this number. */
#define NOBODY 1

static struct guard_living living;

static uint64_t namespace_of(const char *process)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", process);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_ino;
}

static void teardown(void)
{
	guard_living_free(&living);
}

START_TEST(own)
{
	guard_living_look(&living);
	ck_assert(guard_living_has(&living, namespace_of("self")));
}
END_TEST

/* A child in a namespace of its own.  @return its process id, or 0 where it may have none. */
static pid_t apart(void)
{
	int ready[2];
	char told = 0;
	pid_t child;

	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		told = unshare(CLONE_NEWNET) == 0;
		if (write(ready[1], &told, 1) == 1 && told)
			pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &told, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (told)
		return child;
	waitpid(child, NULL, 0);
	return 0;
}

START_TEST(of_another_process)
{
	pid_t child = apart();
	char name[16];

	if (child == 0)
		return;
	snprintf(name, sizeof(name), "%d", (int)child);
	guard_living_look(&living);
	ck_assert(guard_living_has(&living, namespace_of(name)));
	ck_assert(namespace_of(name) != namespace_of("self"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}
END_TEST

START_TEST(of_nobody)
{
	guard_living_look(&living);
	ck_assert_int_eq(guard_living_has(&living, NOBODY), living.unsure);
}
END_TEST

START_TEST(not_all_seen)
{
	/* An ordinary user is not told the namespaces of others; root is not in question here. */
	if (setuid(65534) < 0)
		return;
	guard_living_look(&living);
	ck_assert(living.unsure);
	ck_assert(guard_living_has(&living, NOBODY));
}
END_TEST

START_TEST(forgotten)
{
	guard_living_look(&living);
	guard_living_free(&living);
	ck_assert(guard_living_has(&living, NOBODY));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client living");
	TCase *tc = tcase_create("living");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, own);
	tcase_add_test(tc, of_another_process);
	tcase_add_test(tc, of_nobody);
	tcase_add_test(tc, not_all_seen);
	tcase_add_test(tc, forgotten);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
