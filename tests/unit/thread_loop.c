/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/thread_loop.h"
#include "tests/unit/runner.h"

#include <dirent.h>
#include <time.h>

static void on_stop(struct ev_loop *loop, ev_async *watcher, int events)
{
	(void)watcher;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void *run(void *loop)
{
	ev_run(loop, 0);
	return NULL;
}

void thread_loop_start(struct thread_loop *t, struct ev_loop *loop)
{
	t->loop = loop;
	ev_async_init(&t->stop, on_stop);
	ev_async_start(loop, &t->stop);
	ck_assert_int_eq(pthread_create(&t->thread, NULL, run, loop), 0);
}

void thread_loop_stop(struct thread_loop *t)
{
	ev_async_send(t->loop, &t->stop);
	pthread_join(t->thread, NULL);
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

unsigned int count_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	unsigned int count = 0;

	ck_assert_ptr_nonnull(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}
