/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_runs.h"

#include "common/base/cgroup.h"
#include "tscf-client/guard/guard_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(GUARD_OPTION_RUN == TSCF_CGROUP_OPTION, "tscf-run and the guard speak of the same option");

static int open_cgroup(const struct guard_set *s, const char *name)
{
	int fd = openat(s->root, name[1] ? name + 1 : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static bool is_own(int fd, const char *name, uid_t uid)
{
	const char *last = strrchr(name, '/');
	struct stat st;

	return last && strncmp(last + 1, TSCF_CGROUP_RUN, sizeof(TSCF_CGROUP_RUN) - 1) == 0 && fstat(fd, &st) == 0 &&
	       st.st_uid == uid;
}

/* Make a cgroup below and put the process there.  @return its descriptor, or -errno. */
static int make_below(int fd, pid_t pid)
{
	char name[64], text[16];
	int made, procs, length, err = 0;

	snprintf(name, sizeof(name), TSCF_CGROUP_RUN "%d", (int)pid);
	if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	made = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made < 0)
		return -errno;
	length = snprintf(text, sizeof(text), "%d\n", (int)pid);
	procs = openat(made, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (procs < 0 || write(procs, text, (size_t)length) != length)
		err = -errno;
	if (procs >= 0)
		close(procs);
	if (err == 0)
		return made;
	close(made);
	unlinkat(fd, name, AT_REMOVEDIR);
	return err;
}

/* How many levels below the root a cgroup lies. */
static unsigned depth_of(const char *name)
{
	unsigned depth = 0;

	for (; *name; name++)
		depth += name[0] == '/' && name[1] != '\0';
	return depth;
}

/* The cgroup @p name of the process, or a new one below if that is not its own.  @return a descriptor or -errno. */
static int own_cgroup(const struct guard_set *s, pid_t pid, uid_t uid, const char *name)
{
	int fd = open_cgroup(s, name), below;
	bool own = fd >= 0 && is_own(fd, name, uid);

	if (fd < 0 || (own && depth_of(name) < GUARD_DEPTH))
		return fd;
	below = depth_of(name) + !own < GUARD_DEPTH ? make_below(fd, pid) : -ELOOP;
	close(fd);
	return below;
}

/* Whether the kernel says that nothing runs in a cgroup.  One that cannot be read counts as in use. */
static bool is_empty(int fd)
{
	char text[256] = "\n";
	int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	ssize_t n = events < 0 ? -1 : read(events, text + 1, sizeof(text) - 2);

	if (events >= 0)
		close(events);
	return n > 0 && strstr(text, "\npopulated 0\n");
}

/* A cgroup that this client may not remove is removed with the one above it. */
static void remove_cgroup(int fd)
{
	char link[32], path[PATH_MAX];
	const char *last;
	int above = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	/* The root may be mounted nowhere, so only the last part of the name is reliable. */
	last = strrchr(path, '/');
	if (above >= 0 && last)
		unlinkat(above, last + 1, AT_REMOVEDIR);
	if (above >= 0)
		close(above);
}

static bool is_gone(const struct guard_set *s, uint64_t cgroup)
{
	int fd = guard_cgroup_open(s->root, cgroup);
	bool gone;

	/* A cgroup that cannot be opened counts as existing, to be safe. */
	if (fd < 0)
		return fd == -ESTALE;
	gone = is_empty(fd);
	if (gone)
		remove_cgroup(fd);
	close(fd);
	return gone;
}

/* As guard_runs_look; *own gets the number of those of @p uid. */
static bool look(const struct guard_set *s, unsigned *count, uid_t uid, unsigned *own)
{
	struct guard_group_key key, next;
	bool only = false;
	int more = guard_set_next_group(s, NULL, &next);

	*count = *own = 0;
	for (unsigned i = 0; more == 0 && i < GUARD_GROUPS; i++) {
		struct guard_group group;
		bool known;

		key = next;
		more = guard_set_next_group(s, &key, &next);
		if (key.netns != s->netns || key.generation != 0)
			continue;
		if (is_gone(s, key.cgroup)) {
			guard_set_forget_group(s, &key);
			continue;
		}
		(*count)++;
		known = guard_set_group(s, &key, &group) == 0;
		*own += known && group.below == uid;
		only |= !known || group.fits == TSCF_LEVEL_ENCRYPTED_ONLY;
	}
	return only;
}

int guard_runs_add(const struct guard_set *s, pid_t pid, uid_t uid, enum tscf_level level, unsigned *count)
{
	struct guard_group_key key = {.netns = s->netns};
	struct guard_group group = {.fits = level, .below = uid}, before;
	char name[PATH_MAX];
	int err = tscf_cgroup_of(pid, name, sizeof(name)), fd;
	unsigned own;
	bool known;

	look(s, count, uid, &own);
	if (err == 0 && uid != 0 && own >= GUARD_RUNS_PER_USER)
		err = -EUSERS;
	if (err != 0)
		return err;
	fd = own_cgroup(s, pid, uid, name);
	if (fd < 0)
		return fd;
	key.cgroup = guard_cgroup_id(fd);
	close(fd);
	known = guard_set_group(s, &key, &before) == 0;
	err = key.cgroup == 0 ? -ESTALE : guard_set_tell_group(s, &key, &group);
	*count += err == 0 && !known;
	return err;
}

enum tscf_level guard_runs_level(const struct guard_set *s, pid_t pid)
{
	struct guard_group_key key = {.netns = s->netns};
	struct guard_group group;
	char name[PATH_MAX];

	if (tscf_cgroup_of(pid, name, sizeof(name)) != 0)
		return TSCF_LEVEL_DEFAULT;
	/* The innermost cgroup counts. */
	for (char *end = name + strlen(name); end > name; end = strrchr(name, '/')) {
		int fd;

		*end = '\0';
		fd = open_cgroup(s, name);
		if (fd < 0)
			break;
		key.cgroup = guard_cgroup_id(fd);
		close(fd);
		if (guard_set_group(s, &key, &group) == 0)
			return (enum tscf_level)group.fits;
	}
	return TSCF_LEVEL_DEFAULT;
}

bool guard_runs_look(const struct guard_set *s, unsigned *count)
{
	unsigned own;

	return look(s, count, 0, &own);
}
