/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/run/cgroup.h"

#include "common/base/cgroup.h"
#include "common/base/log.h"
#include "common/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALL_TIMEOUT_MS 5000

static bool find_mount(char mount[PATH_MAX])
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *one;
	bool found = false;

	while (mounts && !found && (one = getmntent(mounts)))
		found =
		    strcmp(one->mnt_type, "cgroup2") == 0 && snprintf(mount, PATH_MAX, "%s", one->mnt_dir) < PATH_MAX;
	if (mounts)
		endmntent(mounts);
	return found;
}

/* Possible only below a cgroup that was delegated to this user.  If it fails, the client does it. */
static void make_own(void)
{
	char mount[PATH_MAX], own[PATH_MAX], path[2 * PATH_MAX + 64], procs[sizeof(path) + 16];
	int fd;
	bool moved;

	if (!find_mount(mount) || tscf_cgroup_of(0, own, sizeof(own)) != 0)
		return;
	snprintf(path, sizeof(path), "%s%s/" TSCF_CGROUP_RUN "%d", mount, own, (int)getpid());
	if (mkdir(path, 0755) < 0)
		return;
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	moved = fd >= 0 && write(fd, "0\n", 2) == 2;
	if (fd >= 0)
		close(fd);
	if (!moved)
		rmdir(path);
}

static const char *reason(int error)
{
	switch (error) {
	case EOPNOTSUPP:
		return "it has no guard, or is of a version without this";
	case EROFS:
	case EACCES:
		return "it may make no cgroups";
	case ELOOP:
		return "cgroups are nested too deeply here, more than 15 levels below the root";
	default:
		return strerror(error);
	}
}

int run_cgroup(const char *control, enum tscf_level level)
{
	const struct tscf_control_request request = {
	    .magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_RUN, .level = level};
	int error;

	make_own();
	error = tscf_control_call(control, &request, -1, CALL_TIMEOUT_MS, NULL);
	if (error == 0)
		return 0;
	if (error < 0)
		tscf_error("no tunnel client at %s: %s; not run", control, strerror(-error));
	else
		tscf_error("the tunnel client gives no cgroup: %s; not run", reason(error));
	return -1;
}
