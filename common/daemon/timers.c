/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/timers.h"

#include "common/base/silence.h"

static void on_wake(struct ev_loop *loop, ev_timer *w, int events)
{
	struct tscf_timers *t = w->data;
	(void)loop, (void)events;
	/* A process that was stopped while it slept looks at no socket in its first turn: epoll_wait says EINTR. */
	t->late = !t->late && *t->now >= t->due + TSCF_TIMERS_LATE_MS;
	if (t->late)
		return;
	for (struct tscf_timer *timer = t->first; timer; timer = timer->after)
		if (timer->next(timer->owner) <= *t->now)
			timer->tick(timer->owner);
}

void tscf_timers_init(struct tscf_timers *t, struct ev_loop *loop, const uint64_t *now)
{
	*t = (struct tscf_timers){.loop = loop, .now = now};
	t->last = &t->first;
	ev_timer_init(&t->wake, on_wake, 0., 0.);
	ev_set_priority(&t->wake, TSCF_SILENCE_PRIORITY);
	t->wake.data = t;
}

void tscf_timers_add(struct tscf_timers *t, struct tscf_timer *timer, uint64_t (*next)(const void *owner),
		     void (*tick)(void *owner), void *owner)
{
	*timer = (struct tscf_timer){next, tick, owner, NULL};
	*t->last = timer;
	t->last = &timer->after;
}

uint64_t tscf_timers_sleep(struct tscf_timers *t)
{
	uint64_t first = UINT64_MAX;
	for (const struct tscf_timer *timer = t->first; timer; timer = timer->after) {
		uint64_t next = timer->next(timer->owner);
		if (next < first)
			first = next;
	}
	ev_timer_stop(t->loop, &t->wake);
	if (first == UINT64_MAX)
		return first;
	t->due = first > *t->now ? first : *t->now;
	ev_timer_set(&t->wake, (double)(t->due - *t->now) / 1000.0, 0.);
	ev_timer_start(t->loop, &t->wake);
	return first;
}
