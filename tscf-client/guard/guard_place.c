/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** Bits of the minor number in the kernel's own device numbers. */
#define MINOR_BITS 20

/* The device of a mount.  The lines of @p mountinfo, as in /proc/PID, begin with "ID PARENT MAJOR:MINOR ". */
static int device_of_mount(const char *mountinfo, unsigned long long mount, __u32 *device)
{
	FILE *mounts = fopen(mountinfo, "re");
	char *line = NULL;
	size_t room = 0;
	int err = -ENOENT;

	if (!mounts)
		return -errno;
	while (err != 0 && getline(&line, &room, mounts) > 0) {
		unsigned long long id;
		unsigned major, minor;

		if (sscanf(line, "%llu %*u %u:%u ", &id, &major, &minor) != 3 || id != mount)
			continue;
		*device = major << MINOR_BITS | minor;
		err = 0;
	}
	free(line);
	fclose(mounts);
	return err;
}

static int place_of(const char *name, const char *mountinfo, struct guard_place *out)
{
	struct statx st;
	int err = statx(AT_FDCWD, name, 0, STATX_INO | STATX_MNT_ID, &st) == 0 ? 0 : -errno;

	*out = (struct guard_place){0};
	if (err == 0 && !(st.stx_mask & STATX_MNT_ID))
		err = -EOPNOTSUPP;
	if (err == 0)
		err = device_of_mount(mountinfo, st.stx_mnt_id, &out->device);
	if (err == 0)
		out->inode = st.stx_ino;
	return err;
}

int guard_place_of(const char *name, struct guard_place *out)
{
	return place_of(name, "/proc/self/mountinfo", out);
}

/* The file that the process runs. */
static int stat_running(pid_t pid, struct stat *out)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return stat(path, out) == 0 ? 0 : -errno;
}

static bool is_same(const char *name, const struct stat *running)
{
	struct stat st;

	return stat(name, &st) == 0 && st.st_dev == running->st_dev && st.st_ino == running->st_ino;
}

bool guard_place_leads_to(const char *name, pid_t pid)
{
	struct stat running;

	return stat_running(pid, &running) == 0 && is_same(name, &running);
}

int guard_place_of_process(pid_t pid, const char *name, struct guard_place *out)
{
	char path[PATH_MAX], mountinfo[32];
	struct stat running;
	int err = stat_running(pid, &running);

	*out = (struct guard_place){0};
	if (err == 0 && snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, name) >= (int)sizeof(path))
		err = -ENAMETOOLONG;
	/* A file that was replaced or removed while it runs has no name any more, but its directory has. */
	if (err == 0 && running.st_nlink > 0 && !is_same(path, &running))
		err = -ESTALE;
	if (err < 0)
		return err;
	strrchr(path, '/')[1] = '\0';
	snprintf(mountinfo, sizeof(mountinfo), "/proc/%d/mountinfo", (int)pid);
	return place_of(path, mountinfo, out);
}
