/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.c - a wall clock of a test's own, to be preloaded: it is so many seconds ahead as the file $TSCF_TEST_CLOCK
 * says.  When the file is written the clock has been set, which a timer that asks to be cancelled then is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Stands for the timer: readable when the file has been written. */
static int written = -1;

static long ahead(void)
{
	const char *name = getenv("TSCF_TEST_CLOCK");
	char text[32] = "";
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 0;
	if (syscall(SYS_read, fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atol(text);
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

int gettimeofday(struct timeval *out, void *zone)
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
