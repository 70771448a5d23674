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
	struct tscf_deferred_work *later = timer->data;
	uint64_t begun = nanoseconds();

	(void)loop;
	(void)events;
	while (later->step(later->context))
		if (nanoseconds() - begun >= TSCF_LATER_NS) {
			tscf_deferred_work_wake(later);
			later->pause(later->context);
			return;
		}
}

void tscf_deferred_work_init(struct tscf_deferred_work *later, struct ev_loop *loop, bool (*step)(void *context),
			     void (*pause)(void *context), void *context)
{
	later->loop = loop;
	later->step = step;
	later->pause = pause;
	later->context = context;
	/* Due at once: it runs in the next pass, after everything else that is due in it. */
	ev_timer_init(&later->timer, on_timer, 0, 0);
	ev_set_priority(&later->timer, EV_MINPRI);
	later->timer.data = later;
}

void tscf_deferred_work_wake(struct tscf_deferred_work *later)
{
	ev_timer_start(later->loop, &later->timer);
}

void tscf_deferred_work_stop(struct tscf_deferred_work *later)
{
	ev_timer_stop(later->loop, &later->timer);
}
