/* SPDX-License-Identifier: GPL-3.0-or-later */
/* thread_loop.h - an event loop in a thread, for a daemon that a test plays; and what tests wait for. */
#ifndef TSCF_TESTS_THREAD_LOOP_H
#define TSCF_TESTS_THREAD_LOOP_H

#include <ev.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>

struct thread_loop {
	struct ev_loop *loop;
	ev_async stop;
	pthread_t thread;
};

/** Run @p loop in a thread from now on. */
void thread_loop_start(struct thread_loop *t, struct ev_loop *loop);
/** End the thread; the loop stays. */
void thread_loop_stop(struct thread_loop *t);

/** @return milliseconds of a monotonic clock. */
int64_t now_ms(void);
/** Check @p condition until it is true, for up to eight seconds. */
#define wait_until(condition)                                                                                          \
	do {                                                                                                           \
		int64_t deadline = now_ms() + 8000;                                                                    \
		while (!(condition)) {                                                                                 \
			ck_assert_msg(now_ms() < deadline, "never true: %s", #condition);                              \
			poll(NULL, 0, 5);                                                                              \
		}                                                                                                      \
	} while (0)

/** @return how many descriptors this process has open, and some more that are always the same. */
unsigned int count_fds(void);

/** Run @p loop in this thread until @p condition. */
#define run_until(loop, condition)                                                                                     \
	do {                                                                                                           \
		int64_t run_end = now_ms() + 8000;                                                                     \
		while (!(condition)) {                                                                                 \
			ck_assert_msg(now_ms() < run_end, "never true: %s", #condition);                               \
			ev_run(loop, EVRUN_NOWAIT);                                                                    \
			poll(NULL, 0, 1);                                                                              \
		}                                                                                                      \
	} while (0)

#endif
