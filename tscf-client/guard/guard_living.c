/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_living.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** Inode of the initial pid namespace, from which all processes can be seen; fixed in the kernel
 * (PROC_PID_INIT_INO). */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCUL

static void add(struct guard_living *l, uint64_t inode)
{
	if (l->count > 0 && l->inodes[l->count - 1] == inode)
		return;
	if (l->count == l->room) {
		size_t room = l->room * 2 + 64;
		uint64_t *more = realloc(l->inodes, room * sizeof(*more));

		if (!more) {
			l->unsure = true;
			return;
		}
		l->inodes = more;
		l->room = room;
	}
	l->inodes[l->count++] = inode;
}

/* Whether an entry that cannot be looked at needs no look.  The kernel says EACCES of a process that has just ended,
 * too. The first process, which security modules may hide, is in the first namespace, as are the kernel's threads. */
static bool is_no_matter(const char *directory, const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return strcmp(path, "/proc/1") == 0 || (stat(path, &st) < 0 && errno == ENOENT);
}

static void add_file(struct guard_living *l, const char *directory, const char *name, const char *rest)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, rest);
	if (stat(path, &st) == 0)
		add(l, st.st_ino);
	else if (errno != ENOENT && errno != ESRCH && !is_no_matter(directory, name))
		l->unsure = true;
}

/* Add the namespaces of all entries of the directory; @p digits: of those that begin with a digit. */
static void add_entries(struct guard_living *l, const char *directory, const char *rest, bool digits)
{
	DIR *d = opendir(directory);
	const struct dirent *e;

	if (!d) {
		l->unsure |= errno != ENOENT;
		return;
	}
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && (!digits || isdigit((unsigned char)e->d_name[0])))
			add_file(l, directory, e->d_name, rest);
	closedir(d);
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

void guard_living_look(struct guard_living *l)
{
	struct stat st;

	*l = (struct guard_living){0};
	l->unsure = stat("/proc/self/ns/pid", &st) < 0 || st.st_ino != FIRST_PID_NAMESPACE;
	if (l->unsure)
		return;
	add_entries(l, "/proc", "/ns/net", true);
	add_entries(l, "/run/netns", "", false);
	if (l->count > 0)
		qsort(l->inodes, l->count, sizeof(*l->inodes), compare);
}

bool guard_living_has(const struct guard_living *l, uint64_t inode)
{
	return l->unsure || (l->count > 0 && bsearch(&inode, l->inodes, l->count, sizeof(inode), compare));
}

void guard_living_free(struct guard_living *l)
{
	free(l->inodes);
	*l = (struct guard_living){.unsure = true};
}
