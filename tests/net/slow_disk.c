/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * slow_disk.c - a library that tests preload into tscf-client or tscf-server: while the file that TSCF_TEST_DISK names
 * exists, fsync() waits, as on a disk that stands still.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <stdlib.h>

#define PAUSE_NS 20000000

int fsync(int fd)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	const char *flag = getenv("TSCF_TEST_DISK");

	while (flag && access(flag, F_OK) == 0)
		nanosleep(&pause, NULL);
	return (int)syscall(SYS_fsync, fd);
}
