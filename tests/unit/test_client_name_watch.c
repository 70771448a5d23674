/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes of the resolver's files, in an /etc of the test's own: written, replaced, and a link that leads elsewhere. */
#include "tests/unit/runner.h"
#include "tscf-client/kernel/name_watch.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

static struct ev_loop *loop;
static struct name_watch watch;
static unsigned changes;

static void on_changed(void *context)
{
	ck_assert_ptr_eq(context, &watch);
	changes++;
}

static void run(const char *command)
{
	ck_assert_int_eq(system(command), 0);
}

/* @return whether that is noticed. */
static bool notices(const char *command)
{
	changes = 0;
	run(command);
	ev_run(loop, EVRUN_NOWAIT);
	return changes > 0;
}

/* Another /etc and /run, seen by this process alone. */
static void setup(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", "/etc", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(mount("none", "/run", "tmpfs", 0, NULL), 0);
	loop = ev_loop_new(EVFLAG_AUTO);
	name_watch_init(&watch);
}

static void teardown(void)
{
	name_watch_stop(&watch);
	ev_loop_destroy(loop);
}

START_TEST(files)
{
	run("echo >/etc/hosts");
	name_watch_start(&watch, loop, on_changed, &watch);
	ck_assert(notices("echo >/etc/hosts"));
	ck_assert(notices("echo >/etc/resolv.conf"));
	ck_assert(notices("echo >/etc/new; mv /etc/new /etc/resolv.conf"));
	ck_assert(notices("echo >/etc/resolv.conf"));
	ck_assert(notices("rm /etc/resolv.conf"));
	ck_assert(!notices("echo >/etc/passwd; rm /etc/passwd; cat /etc/hosts >/dev/null"));
}
END_TEST

/* As systemd-resolved and others have it; their folder is not there when the client starts. */
START_TEST(links)
{
	run("ln -s ../run/names/stub-resolv.conf /etc/resolv.conf");
	name_watch_start(&watch, loop, on_changed, &watch);
	run("mkdir /run/names; echo >/run/names/stub-resolv.conf");
	name_watch_renew(&watch);
	ck_assert(notices("echo >/run/names/new; mv /run/names/new /run/names/stub-resolv.conf"));
	ck_assert(notices("echo >/run/names/stub-resolv.conf"));
	ck_assert(!notices("echo >/run/names/other"));
	ck_assert(notices("ln -sf /run/elsewhere /etc/resolv.conf"));
}
END_TEST

/* As in a container: another name of the file is written. */
START_TEST(mounted)
{
	run("echo >/run/file; echo >/etc/hosts; mount --bind /run/file /etc/hosts");
	name_watch_start(&watch, loop, on_changed, &watch);
	ck_assert(notices("echo >/run/file"));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client name watch");
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, files);
	tcase_add_test(tc, links);
	tcase_add_test(tc, mounted);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	if (geteuid() != 0) {
		puts("needs root");
		return TSCF_TEST_SKIP;
	}
	return tscf_test_main(make_suite);
}
