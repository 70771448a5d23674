/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thread.h - threads beside the event loop, and how they wait.
 *
 * All signals are blocked in each: the thread of the event loop handles them.
 */
#ifndef TSCF_THREAD_H
#define TSCF_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <time.h>

/**
 * Start a detached thread, which nobody joins, that runs @p run with @p argument on a stack of @p stack bytes.
 *
 * @return 0 or -errno.
 */
int tscf_thread_start(void *(*run)(void *argument), void *argument, size_t stack);
/** Start a thread that the caller joins or detaches, with a stack of the usual size.  @return 0 or -errno. */
int tscf_thread_begin(pthread_t *thread, void *(*run)(void *argument), void *argument);

/** Initialise a condition whose deadlines are those of tscf_deadline. */
void tscf_condition_init(pthread_cond_t *condition);
/** @return the time in @p ms milliseconds, by the monotonic clock. */
struct timespec tscf_deadline(unsigned ms);

#endif
