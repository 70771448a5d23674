/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.c - a wall clock of a test's own, to be preloaded.  It is ahead by the seconds in the file $TSCF_TEST_CLOCK, a
 * number padded with blanks; a test overwrites the file in place (set_clock in lib.sh).
 *
 * That has the effects of setting the clock of a host: the monotonic clocks go on, and a timer that asks to be
 * cancelled when the clock is set is cancelled.  The kernel's time stamps on received packets are moved along.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Bytes of the file. */
#define ROOM 24

static const char *ahead_text;
/* Stands for the timer: readable when the file has been written. */
static int written = -1;

__attribute__((constructor)) static void map_file(void)
{
	const char *path = getenv("TSCF_TEST_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, ROOM, PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (map != MAP_FAILED)
		ahead_text = map;
}

static time_t ahead(void)
{
	char text[ROOM + 1] = "";

	if (ahead_text)
		memcpy(text, ahead_text, ROOM);
	return strtol(text, NULL, 10);
}

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int result = (int)syscall(SYS_clock_gettime, clock, t);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		t->tv_sec += ahead();
	return result;
}

time_t time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*out = (struct timeval){.tv_sec = t.tv_sec, .tv_usec = t.tv_nsec / 1000};
	return 0;
}

int timerfd_create(int clock, int flags)
{
	const char *name = getenv("TSCF_TEST_CLOCK");
	int fd = clock == CLOCK_REALTIME && name ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;

	if (fd < 0)
		return (int)syscall(SYS_timerfd_create, clock, flags);
	inotify_add_watch(fd, name, IN_CLOSE_WRITE);
	written = fd;
	return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	if (fd != written)
		return (int)syscall(SYS_timerfd_settime, fd, flags, value, old);
	return 0;
}

ssize_t read(int fd, void *buffer, size_t size)
{
	char events[1024];
	ssize_t n;

	if (fd != written || written < 0)
		return syscall(SYS_read, fd, buffer, size);
	n = syscall(SYS_read, fd, events, sizeof(events));
	if (n > 0)
		errno = ECANCELED;
	return -1;
}

/* Seconds come first in both kinds of stamps. */
static void move_stamps(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		time_t seconds;

		if (c->cmsg_level != SOL_SOCKET || (c->cmsg_type != SO_TIMESTAMP && c->cmsg_type != SO_TIMESTAMPNS))
			continue;
		memcpy(&seconds, CMSG_DATA(c), sizeof(seconds));
		seconds += ahead();
		memcpy(CMSG_DATA(c), &seconds, sizeof(seconds));
	}
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = (ssize_t(*)(int, struct msghdr *, int))next("recvmsg");
	ssize_t result = real(fd, message, flags);

	if (result >= 0)
		move_stamps(message);
	return result;
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	int (*real)(int, struct mmsghdr *, unsigned, int, struct timespec *) =
	    (int (*)(int, struct mmsghdr *, unsigned, int, struct timespec *))next("recvmmsg");
	int result = real(fd, messages, count, flags, timeout);

	for (int i = 0; i < result; i++)
		move_stamps(&messages[i].msg_hdr);
	return result;
}
