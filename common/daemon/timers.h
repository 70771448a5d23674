/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * timers.h - the timers of the parts of a daemon.
 *
 * A part that waits owns a timer: it says when it wants to be called next, and is called when that moment has come.  It
 * is asked before each sleep of the event loop, so the moment follows from its state and cannot be forgotten when that
 * changes.  All timers of a loop share one ev_timer.  Times are those of tscf_clock_now(), in milliseconds.
 */
#ifndef TSCF_TIMERS_H
#define TSCF_TIMERS_H

#include <ev.h>
#include <stdint.h>

/** Owned by the part, in one group at most. */
struct tscf_timer {
	uint64_t (*next)(const void *owner);
	void (*tick)(void *owner);
	void *owner;
	struct tscf_timer *after; /**< of the group */
};

/** The timers of one event loop. */
struct tscf_timers {
	struct tscf_timer *first, **last;
	struct ev_loop *loop;
	const uint64_t *now;
	ev_timer wake;
};

/** Begin with none.  @p now is read when the loop sleeps and wakes: keep it up to date, and keep it. */
void tscf_timers_init(struct tscf_timers *t, struct ev_loop *loop, const uint64_t *now);
/**
 * Add a timer.  Those that are due at the same time are called in the order in which they were added.
 *
 * @param next  returns when @p owner wants to be called: past moments mean at once, UINT64_MAX never
 * @param tick  is called then
 */
void tscf_timers_add(struct tscf_timers *t, struct tscf_timer *timer, uint64_t (*next)(const void *owner),
		     void (*tick)(void *owner), void *owner);
/** The loop is about to sleep: have it woken for the first that is due.  @return when that is; UINT64_MAX: never. */
uint64_t tscf_timers_sleep(struct tscf_timers *t);
/** Call none any more. */
void tscf_timers_stop(struct tscf_timers *t);

#endif
