/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_living.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** Inode of the initial pid namespace, from which all processes can be seen; fixed in the kernel
 * (PROC_PID_INIT_INO). */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCUL

/** Room for the path of a file of a process. */
#define PROCESS_PATH 288

/** Inodes of mount namespaces whose mounts have been looked at. */
struct seen {
	uint64_t *inodes;
	size_t count, room;
};

/** @return false when out of memory. */
static bool append(uint64_t **inodes, size_t *count, size_t *room, uint64_t inode)
{
	if (*count == *room) {
		size_t larger = *room * 2 + 64;
		uint64_t *more = realloc(*inodes, larger * sizeof(*more));

		if (!more)
			return false;
		*inodes = more;
		*room = larger;
	}
	(*inodes)[(*count)++] = inode;
	return true;
}

static void add(struct guard_living *l, uint64_t inode)
{
	if (l->count > 0 && l->inodes[l->count - 1] == inode)
		return;
	if (!append(&l->inodes, &l->count, &l->room, inode))
		l->unsure = true;
}

/* Whether a process that cannot be looked at needs no look.  The kernel says EACCES of one that has just ended, too.
 * The first process, which security modules may hide, is in the first namespace, as are the kernel's threads. */
static bool is_no_matter(const char *process)
{
	char path[PROCESS_PATH];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s", process);
	return strcmp(process, "1") == 0 || (stat(path, &st) < 0 && errno == ENOENT);
}

/* Something could not be looked at of a process; errno says why. */
static void note_failure(struct guard_living *l, const char *process)
{
	if (errno != ENOENT && errno != ESRCH && errno != EINVAL && !is_no_matter(process))
		l->unsure = true;
}

/* @return the inode of a namespace of the process, or 0. */
static uint64_t namespace_of(struct guard_living *l, const char *process, const char *kind)
{
	char path[PROCESS_PATH];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, kind);
	if (stat(path, &st) == 0)
		return st.st_ino;
	note_failure(l, process);
	return 0;
}

/* Add the network namespaces that are mounted where the process is, as those with a name are. */
static void add_mounted(struct guard_living *l, const char *process)
{
	char path[PROCESS_PATH], *line = NULL;
	size_t size = 0;
	uint64_t inode;
	FILE *mounts;

	snprintf(path, sizeof(path), "/proc/%s/mountinfo", process);
	mounts = fopen(path, "re");
	if (!mounts) {
		note_failure(l, process);
		return;
	}
	/* The root of a mount of another kind begins with a slash. */
	while (getline(&line, &size, mounts) >= 0)
		if (sscanf(line, "%*u %*u %*u:%*u net:[%" SCNu64 "]", &inode) == 1)
			add(l, inode);
	free(line);
	fclose(mounts);
}

/* Processes share mount namespaces: look at each of these once. */
static void add_mounted_once(struct guard_living *l, struct seen *seen, const char *process)
{
	uint64_t inode = namespace_of(l, process, "mnt");

	for (size_t i = 0; i < seen->count; i++)
		if (seen->inodes[i] == inode)
			return;
	if (inode == 0)
		return;
	add_mounted(l, process);
	if (!append(&seen->inodes, &seen->count, &seen->room, inode))
		l->unsure = true;
}

static void add_processes(struct guard_living *l)
{
	DIR *d = opendir("/proc");
	struct seen seen = {0};
	const struct dirent *e;
	uint64_t inode;

	if (!d) {
		l->unsure = true;
		return;
	}
	while ((e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		inode = namespace_of(l, e->d_name, "net");
		if (inode != 0)
			add(l, inode);
		add_mounted_once(l, &seen, e->d_name);
	}
	closedir(d);
	free(seen.inodes);
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
	add_processes(l);
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
