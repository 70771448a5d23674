/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/thread.h"

#include <signal.h>

/** A new thread inherits the signal mask of the thread that makes it. */
static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *argument), void *argument)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, attributes, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

int tscf_thread_start(void *(*run)(void *argument), void *argument, size_t stack)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, stack);
	error = create(&thread, &attributes, run, argument);
	pthread_attr_destroy(&attributes);
	return error;
}

int tscf_thread_begin(pthread_t *thread, void *(*run)(void *argument), void *argument)
{
	return create(thread, NULL, run, argument);
}

void tscf_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct timespec tscf_deadline(unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}
