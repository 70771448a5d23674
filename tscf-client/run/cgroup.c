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
#include <sys/socket.h>
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

/* Put this process in the cgroup of that directory. */
static bool enter(const char *path)
{
	char procs[PATH_MAX + 16];
	int fd;
	bool moved;

	if (snprintf(procs, sizeof(procs), "%s/cgroup.procs", path) >= (int)sizeof(procs))
		return false;
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	moved = fd >= 0 && write(fd, "0\n", 2) == 2;
	if (fd >= 0)
		close(fd);
	return moved;
}

/* Possible only below a cgroup that was delegated to this user.  If it fails, the client does it.  @return whether
 * @p made is a new cgroup below @p before, and this process is in it. */
static bool make_own(char before[PATH_MAX], char made[PATH_MAX])
{
	char mount[PATH_MAX], own[PATH_MAX];

	if (!find_mount(mount) || tscf_cgroup_of(0, own, sizeof(own)) != 0 ||
	    snprintf(before, PATH_MAX, "%s%s", mount, own) >= PATH_MAX ||
	    snprintf(made, PATH_MAX, "%s/" TSCF_CGROUP_RUN "%d", before, (int)getpid()) >= PATH_MAX ||
	    mkdir(made, 0755) < 0)
		return false;
	if (enter(made))
		return true;
	rmdir(made);
	return false;
}

static const char *reason(int error)
{
	switch (error) {
	case EOPNOTSUPP:
		return "it has no guard, or is of a version without this";
	case EROFS:
	case EACCES:
		return "it may make no cgroups";
	case EUSERS:
		return "it has given this user 256 already";
	case ELOOP:
		return "cgroups are nested too deeply here, more than 15 levels below the root";
	default:
		return strerror(error);
	}
}

/* Whether the guard sees the level for this process.  It counts the levels of cgroups from the host's root, which the
 * client does not see in a container; and it guards the client's network namespace alone.  A socket's mark would not
 * tell: it may be a policy's. */
static bool is_seen(enum tscf_level level)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), found = -1;
	socklen_t length = sizeof(found);
	bool seen =
	    fd >= 0 && getsockopt(fd, SOL_SOCKET, TSCF_CGROUP_OPTION, &found, &length) == 0 && found == (int)level;

	if (fd >= 0)
		close(fd);
	return seen;
}

int run_cgroup(const char *control, enum tscf_level level)
{
	const struct tscf_control_request request = {
	    .magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_RUN, .level = level};
	char before[PATH_MAX], made[PATH_MAX];
	bool own = make_own(before, made);
	int error = tscf_control_call(control, &request, -1, CALL_TIMEOUT_MS, NULL);

	if (error == 0 && (level == TSCF_LEVEL_DEFAULT || is_seen(level)))
		return 0;
	if (own && enter(before))
		rmdir(made);
	if (error == 0)
		tscf_error("the client's guard does not see this cgroup: it is nested too deeply, or this is another "
			   "network namespace than the client's; not run");
	else if (error < 0)
		tscf_error("no tunnel client at %s: %s; not run", control, strerror(-error));
	else
		tscf_error("the tunnel client gives no cgroup: %s; not run", reason(error));
	return -1;
}
