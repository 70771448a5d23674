/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cgroups that the guard is told of: whatever the length of their names, no deeper than the guard looks, and none
 * is taken back that it was not told of; one that comes or goes costs no look at the others.  A directory takes the
 * place of cgroup v2, the test that of the guard.
 */
#include "tests/unit/runner.h"
#include "tscf-client/guard/guard_cgroup.h"
#include "tscf-client/guard/guard_groups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOLD 64

static struct {
	struct guard_group_key key[TOLD];
	struct guard_group group[TOLD];
	unsigned count, forgotten;
	int refuse;      /**< -errno instead */
	unsigned looked; /**< how often somebody looked at a cgroup */
} guard;

int guard_set_tell_group(const struct guard_set *s, const struct guard_group_key *key, const struct guard_group *group)
{
	(void)s;
	if (guard.refuse != 0 && group->fits != 0)
		return guard.refuse;
	ck_assert_uint_lt(guard.count, TOLD);
	guard.key[guard.count] = *key;
	guard.group[guard.count++] = *group;
	return 0;
}

void guard_set_forget_group(const struct guard_set *s, const struct guard_group_key *key)
{
	(void)s;
	ck_assert_msg(key->generation != 0, "an entry of tscf-run is forgotten");
	guard.forgotten++;
}

void guard_set_keep_groups(const struct guard_set *s, uint32_t generation)
{
	(void)s, (void)generation;
}

uint64_t guard_cgroup_id(int fd)
{
	struct stat st;

	guard.looked++;
	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static char top[PATH_MAX];
static struct guard_set set;
static struct policies policies;
static struct guard_groups groups;

static void setup(void)
{
	strcpy(top, "/tmp/tscf-groups-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	memset(&guard, 0, sizeof(guard));
	set = (struct guard_set){.root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .netns = 7};
	ck_assert_int_ge(set.root, 0);
	policies = (struct policies){.count = 1, .list = {{.level = TSCF_LEVEL_ENCRYPTED_ONLY}}};
	guard_groups_init(&groups, &set, &policies);
}

static void teardown(void)
{
	guard_groups_close(&groups);
	close(set.root);
	ck_assert_int_eq(rmdir(top), 0);
}

static void pattern(const char *text)
{
	snprintf(policies.list[0].cgroup, sizeof(policies.list[0].cgroup), "%s", text);
}

/* Make a directory below @p fd.  @return its descriptor. */
static int make_below(int fd, const char *name)
{
	int made;

	ck_assert_int_eq(mkdirat(fd, name, 0700), 0);
	made = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(made, 0);
	return made;
}

static const struct guard_group *told_of(int fd)
{
	for (unsigned i = guard.count; i > 0; i--)
		if (guard.key[i - 1].cgroup == guard_cgroup_id(fd))
			return &guard.group[i - 1];
	return NULL;
}

START_TEST(long_names)
{
	char first[200] = "first-", second[256] = "second-";
	int above, below;

	memset(first + 6, 'x', sizeof(first) - 7);
	memset(second + 7, 'y', sizeof(second) - 8);
	above = make_below(set.root, first);
	below = make_below(above, second);
	pattern("/first-*/second-*");
	guard_groups_tell(&groups, 1);
	ck_assert(told_of(above) && told_of(above)->fits == 0 && told_of(above)->below == 1);
	ck_assert(told_of(below) && told_of(below)->fits == 1);
	unlinkat(above, second, AT_REMOVEDIR);
	unlinkat(set.root, first, AT_REMOVEDIR);
	close(above);
	close(below);
}
END_TEST

/* The guard looks at the root and the 15 levels below it. */
START_TEST(deep_ones)
{
	int fd[GUARD_DEPTH + 4];

	fd[0] = dup(set.root);
	for (unsigned i = 1; i < GUARD_DEPTH + 4; i++)
		fd[i] = make_below(fd[i - 1], "d");
	pattern("/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d");
	guard_groups_tell(&groups, 1);
	ck_assert_ptr_nonnull(told_of(fd[GUARD_DEPTH - 1]));
	ck_assert_ptr_null(told_of(fd[GUARD_DEPTH]));
	for (unsigned i = GUARD_DEPTH + 4; i-- > 0; close(fd[i]))
		unlinkat(fd[i], "d", AT_REMOVEDIR);
}
END_TEST

/* The guard has no room for one, and it goes: what tscf-run has registered under the same id stays. */
START_TEST(one_without_room)
{
	int fd = make_below(set.root, "app");

	pattern("/app");
	guard.refuse = -E2BIG;
	guard_groups_tell(&groups, 1);
	ck_assert_ptr_null(told_of(fd));
	close(fd);
	unlinkat(set.root, "app", AT_REMOVEDIR);
	guard_groups_tell(&groups, 1);
	ck_assert_uint_eq(guard.forgotten, 0);
}
END_TEST

START_TEST(one_that_goes)
{
	int fd = make_below(set.root, "app");

	pattern("/app");
	guard_groups_tell(&groups, 1);
	ck_assert_ptr_nonnull(told_of(fd));
	close(fd);
	unlinkat(set.root, "app", AT_REMOVEDIR);
	guard_groups_tell(&groups, 1);
	ck_assert_uint_eq(guard.forgotten, 1);
}
END_TEST

/** Run the loop until nothing is left to do now. */
static void turn(struct ev_loop *loop)
{
	for (unsigned i = 0; i < 10; i++)
		ev_run(loop, EVRUN_NOWAIT);
}

/* A user makes and removes cgroups below many others. */
START_TEST(one_among_many)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	int user = make_below(set.root, "user"), one, app;
	char name[16];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "many%u", i);
		close(make_below(user, name));
	}
	pattern("/user/*/app");
	guard_groups_tell(&groups, 1);
	guard_groups_watch(&groups, loop);
	turn(loop);
	guard.looked = 0;
	one = make_below(user, "one");
	turn(loop);
	app = make_below(one, "app");
	turn(loop);
	ck_assert_uint_eq(guard.looked, 2);
	ck_assert(told_of(app) && told_of(app)->fits == 1);
	unlinkat(one, "app", AT_REMOVEDIR);
	unlinkat(user, "one", AT_REMOVEDIR);
	guard.looked = 0;
	turn(loop);
	ck_assert_uint_eq(guard.forgotten, 2);
	/* Gone and there again: it is another one. */
	unlinkat(user, "many0", AT_REMOVEDIR);
	close(one);
	one = make_below(user, "many0");
	turn(loop);
	ck_assert_ptr_nonnull(told_of(one));
	/* Sockets in cgroups for which there is no room may come as often as they like: a look per second. */
	for (unsigned i = 0; i < 5; i++) {
		guard_groups_look_soon(&groups);
		turn(loop);
	}
	ck_assert_uint_le(guard.looked, 60);
	guard_groups_close(&groups);
	ev_loop_destroy(loop);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "many%u", i);
		unlinkat(user, name, AT_REMOVEDIR);
	}
	close(one);
	close(app);
	close(user);
	unlinkat(set.root, "user", AT_REMOVEDIR);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client groups");
	TCase *tc = tcase_create("groups");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, long_names);
	tcase_add_test(tc, deep_ones);
	tcase_add_test(tc, one_without_room);
	tcase_add_test(tc, one_that_goes);
	tcase_add_test(tc, one_among_many);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
