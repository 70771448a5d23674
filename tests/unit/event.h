/* SPDX-License-Identifier: GPL-3.0-or-later */
/* event.h - an event loop for tests: run it until something has happened, and never for ever. */
#ifndef TSCF_TESTS_EVENT_H
#define TSCF_TESTS_EVENT_H

#include <ev.h>
#include <stdbool.h>

/** Run @p loop until @p done, or for @p seconds at most.  @return what @p done said last. */
static inline bool tscf_test_run_until(struct ev_loop *loop, bool (*done)(void *), void *context, double seconds);
/** Run @p loop for @p seconds, to see that something does not happen. */
static inline void tscf_test_run_for(struct ev_loop *loop, double seconds);

static inline void tscf_test_tick(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)events;
	(void)timer;
	ev_break(loop, EVBREAK_ONE);
}

static inline bool tscf_test_run_until(struct ev_loop *loop, bool (*done)(void *), void *context, double seconds)
{
	ev_tstamp end = ev_time() + seconds;
	struct ev_timer timer;
	bool is_done;

	/* The timer only makes sure that the condition is looked at now and then. */
	ev_timer_init(&timer, tscf_test_tick, 0.01, 0.01);
	ev_timer_start(loop, &timer);
	while (!(is_done = done(context)) && ev_time() < end)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &timer);
	return is_done;
}

static inline bool tscf_test_never(void *context)
{
	(void)context;
	return false;
}

static inline void tscf_test_run_for(struct ev_loop *loop, double seconds)
{
	tscf_test_run_until(loop, tscf_test_never, NULL, seconds);
}

#endif
