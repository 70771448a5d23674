/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/state_lock.h"

#include "common/base/file.h"
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define TRIES  40
#define PAUSE  50000000L /* nanoseconds */
#define LOCKS  "/proc/locks"
#define NO_PID 0

/** @return the process that has the lock of the open file @p fd, or NO_PID. */
static int holder_of(int fd)
{
	FILE *f = fopen(LOCKS, "re");
	unsigned major_number, minor_number;
	unsigned long inode;
	char line[256];
	struct stat st;
	int pid, found = NO_PID;

	if (!f || fstat(fd, &st) < 0)
		st.st_ino = 0;
	while (f && found == NO_PID && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u: FLOCK ADVISORY WRITE %d %x:%x:%lu", &pid, &major_number, &minor_number,
			   &inode) == 4 &&
		    inode == st.st_ino && major_number == major(st.st_dev) && minor_number == minor(st.st_dev))
			found = pid;
	if (f)
		fclose(f);
	return found;
}

static void report(const char *state_dir, int fd)
{
	int pid = holder_of(fd);
	char who[32] = "";

	if (pid > 0)
		snprintf(who, sizeof(who), ", process %d,", pid);
	tscf_error("%s: another tscf-server%s uses this state directory: expected one of its own (state-dir)",
		   state_dir, who);
}

/** @return 0 or -errno. */
static int take(int fd)
{
	const struct timespec pause = {.tv_nsec = PAUSE};
	unsigned tries = TRIES;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (--tries == 0)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/** A directory can be locked by every user who can open it, so a file in it is locked that only its owner can open. */
static int open_file(const char *state_dir)
{
	char name[PATH_MAX];
	int fd;

	if (snprintf(name, sizeof(name), "%s/server.lock", state_dir) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int server_state_lock(const char *state_dir)
{
	int err = tscf_directory_make(state_dir);
	int fd = err < 0 ? err : open_file(state_dir);

	if (fd < 0)
		return fd;
	err = take(fd);
	if (err == 0)
		return fd;
	if (err == -EBUSY)
		report(state_dir, fd);
	close(fd);
	return err;
}
