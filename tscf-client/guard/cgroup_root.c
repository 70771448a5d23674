/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/cgroup_root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_cgroup2(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* @return the first mount that can be reached, or -ENODEV. */
static int open_mounted(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *one;
	int found = -ENODEV;

	if (!mounts)
		return -errno;
	while (found < 0 && (one = getmntent(mounts))) {
		if (strcmp(one->mnt_type, "cgroup2") != 0)
			continue;
		int fd = open(one->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		/* Another file system may be mounted over it. */
		if (fd >= 0 && is_cgroup2(fd))
			found = fd;
		else if (fd >= 0)
			close(fd);
	}
	endmntent(mounts);
	return found;
}

static int open_detached(void)
{
	int root = -ENODEV, mounted = -1, context = (int)syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);

	if (context < 0)
		return -errno;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mounted = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	if (mounted >= 0)
		root = openat(mounted, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		root = -errno;
	if (mounted >= 0)
		close(mounted);
	close(context);
	return root;
}

int cgroup_root_open(void)
{
	int root = open_mounted();

	return root == -ENODEV ? open_detached() : root;
}
