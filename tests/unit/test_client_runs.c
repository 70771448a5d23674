/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cgroups of tscf-run: each counts once, none is deeper than the guard looks, and one is forgotten only when the
 * kernel says that nothing runs there.  A directory takes the place of cgroup v2, the test that of the guard.
 */
#include "common/base/cgroup.h"
#include "tests/unit/runner.h"
#include "tscf-client/guard/guard_cgroup.h"
#include "tscf-client/guard/guard_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[PATH_MAX], cgroup[PATH_MAX];
static struct guard_set set;
static struct {
	bool there;
	struct guard_group_key key;
	struct guard_group group;
} entry;
/** How often it is in the list, and how often it has been listed. */
static unsigned copies, listed;

int tscf_cgroup_of(pid_t pid, char *name, size_t size)
{
	(void)pid;
	snprintf(name, size, "%s", cgroup);
	return 0;
}

int guard_set_tell_group(const struct guard_set *s, const struct guard_group_key *key, const struct guard_group *group)
{
	(void)s;
	entry.there = true;
	entry.key = *key;
	entry.group = *group;
	return 0;
}

void guard_set_forget_group(const struct guard_set *s, const struct guard_group_key *key)
{
	(void)s, (void)key;
	entry.there = false;
}

int guard_set_group(const struct guard_set *s, const struct guard_group_key *key, struct guard_group *group)
{
	(void)s;
	if (!entry.there || memcmp(key, &entry.key, sizeof(*key)) != 0)
		return -ENOENT;
	*group = entry.group;
	return 0;
}

int guard_set_next_group(const struct guard_set *s, const struct guard_group_key *after, struct guard_group_key *next)
{
	(void)s;
	listed = after ? listed + 1 : 1;
	if (!entry.there || listed > copies)
		return -ENOENT;
	*next = entry.key;
	return 0;
}

uint64_t guard_cgroup_id(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

int guard_cgroup_open(int root, uint64_t id)
{
	(void)id;
	return openat(root, cgroup + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The process is in the cgroup @p name, whose directories are made. */
static void enter(const char *name)
{
	char path[2 * PATH_MAX + 16];

	strcpy(cgroup, name);
	for (const char *end = strchr(name + 1, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(path, sizeof(path), "%s%.*s", top, (int)(end - name), name);
		mkdir(path, 0700);
	}
	snprintf(path, sizeof(path), "%s%s", top, name);
	mkdir(path, 0700);
}

/* What its file cgroup.events says; NULL: a read fails. */
static void populate(const char *text)
{
	char path[2 * PATH_MAX + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s/cgroup.events", top, cgroup);
	remove(path);
	if (!text) {
		ck_assert_int_eq(mkdir(path, 0700), 0);
		return;
	}
	file = fopen(path, "w");
	ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void setup(void)
{
	strcpy(top, "/tmp/tscf-runs-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	memset(&entry, 0, sizeof(entry));
	copies = 1;
	set = (struct guard_set){.root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	ck_assert_int_ge(set.root, 0);
}

static void teardown(void)
{
	char path[2 * PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s%s/cgroup.events", top, cgroup);
	remove(path);
	for (char *end = cgroup + strlen(cgroup); end; end = strrchr(cgroup, '/')) {
		*end = '\0';
		snprintf(path, sizeof(path), "%s%s", top, cgroup);
		ck_assert_int_eq(rmdir(path), 0);
	}
	close(set.root);
}

static int add(unsigned *count)
{
	return guard_runs_add(&set, getpid(), getuid(), TSCF_LEVEL_ENCRYPTED_ONLY, count);
}

START_TEST(counted_once)
{
	unsigned count;

	enter("/user/tscf-run-1");
	populate("populated 1\nfrozen 0\n");
	ck_assert(add(&count) == 0 && count == 1);
	ck_assert(add(&count) == 0 && count == 1);
	ck_assert_int_eq(guard_runs_level(&set, getpid()), TSCF_LEVEL_ENCRYPTED_ONLY);
}
END_TEST

static const struct {
	const char *text;
	bool gone;
} states[] = {
    {"populated 1\nfrozen 0\n", false},
    {NULL, false},
    {"", false},
    {"unpopulated 0\n", false},
    {"populated 01\n", false},
    {"populated 0\nfrozen 0\n", true},
    {"frozen 0\npopulated 0\n", true},
};

START_TEST(forgotten_when_empty)
{
	unsigned count;

	enter("/tscf-run-1");
	populate("populated 1\n");
	ck_assert_int_eq(add(&count), 0);
	populate(states[_i].text);
	ck_assert_int_eq(guard_runs_look(&set, &count), !states[_i].gone);
	ck_assert_uint_eq(count, !states[_i].gone);
}
END_TEST

START_TEST(no_deeper_than_the_guard_looks)
{
	unsigned count;

	enter("/1/2/3/4/5/6/7/8/9/a/b/c/d/e/tscf-run-f");
	ck_assert_int_eq(add(&count), 0);
	enter("/1/2/3/4/5/6/7/8/9/a/b/c/d/e/tscf-run-f/tscf-run-g");
	ck_assert_int_eq(add(&count), -ELOOP);
}
END_TEST

START_TEST(nor_below)
{
	unsigned count;

	enter("/1/2/3/4/5/6/7/8/9/a/b/c/d/e/f");
	ck_assert_int_eq(add(&count), -ELOOP);
}
END_TEST

/* A user has as many as the limit allows; those of others do not count. */
START_TEST(limit_of_user)
{
	const uid_t uid = getuid() ? getuid() : 1000;
	char path[2 * PATH_MAX + 16];
	unsigned count;

	enter("/user/tscf-run-1");
	populate("populated 1\n");
	snprintf(path, sizeof(path), "%s%s", top, cgroup);
	ck_assert_int_eq(chown(path, uid, (gid_t)-1), 0);
	ck_assert_int_eq(guard_runs_add(&set, getpid(), uid, TSCF_LEVEL_ENCRYPTED_ONLY, &count), 0);
	copies = GUARD_RUNS_PER_USER - 1;
	ck_assert_int_eq(guard_runs_add(&set, getpid(), uid, TSCF_LEVEL_ENCRYPTED_ONLY, &count), 0);
	copies++;
	ck_assert_int_eq(guard_runs_add(&set, getpid(), uid, TSCF_LEVEL_ENCRYPTED_ONLY, &count), -EUSERS);
	ck_assert_uint_eq(count, GUARD_RUNS_PER_USER);
	entry.group.below = uid + 1;
	ck_assert_int_eq(guard_runs_add(&set, getpid(), uid, TSCF_LEVEL_ENCRYPTED_ONLY, &count), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client runs");
	TCase *tc = tcase_create("runs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, counted_once);
	tcase_add_loop_test(tc, forgotten_when_empty, 0, sizeof(states) / sizeof(states[0]));
	tcase_add_test(tc, no_deeper_than_the_guard_looks);
	tcase_add_test(tc, limit_of_user);
	tcase_add_test(tc, nor_below);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
