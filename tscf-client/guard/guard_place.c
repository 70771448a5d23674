/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/** Bits of the minor number in the kernel's own device numbers. */
#define MINOR_BITS 20

/* The device of a mount: /proc/self/mountinfo begins its lines with "ID PARENT MAJOR:MINOR ". */
static int device_of_mount(unsigned long long mount, __u32 *device)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
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

int guard_place_of(const char *name, struct guard_place *out)
{
	struct statx st;
	int err = statx(AT_FDCWD, name, 0, STATX_INO | STATX_MNT_ID, &st) == 0 ? 0 : -errno;

	*out = (struct guard_place){0};
	if (err == 0 && !(st.stx_mask & STATX_MNT_ID))
		err = -EOPNOTSUPP;
	if (err == 0)
		err = device_of_mount(st.stx_mnt_id, &out->device);
	if (err == 0)
		out->inode = st.stx_ino;
	return err;
}
