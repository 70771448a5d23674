/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/deferred_work.h"

#include <stdint.h>
#include <time.h>

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct tscf_deferred_work *work = timer->data;
	uint64_t begun = nanoseconds();

	(void)loop;
	(void)events;
	while (work->step(work->context))
		if (nanoseconds() - begun >= TSCF_DEFERRED_NS) {
			tscf_deferred_work_wake(work);
			work->pause(work->context);
			return;
		}
}

void tscf_deferred_work_init(struct tscf_deferred_work *work, struct ev_loop *loop, bool (*step)(void *context),
			     void (*pause)(void *context), void *context)
{
	work->loop = loop;
	work->step = step;
	work->pause = pause;
	work->context = context;
	/* Due at once: it runs in the next pass, after everything else that is due in it. */
	ev_timer_init(&work->timer, on_timer, 0, 0);
	ev_set_priority(&work->timer, EV_MINPRI);
	work->timer.data = work;
}

void tscf_deferred_work_wake(struct tscf_deferred_work *work)
{
	ev_timer_start(work->loop, &work->timer);
}

void tscf_deferred_work_stop(struct tscf_deferred_work *work)
{
	ev_timer_stop(work->loop, &work->timer);
}
