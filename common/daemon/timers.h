/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * timers.h - the timers of the parts of a daemon.
 *
 * A part that waits owns a timer.  The timer asks its part, before each sleep of the event loop, when the part wants to
 * be called next, and calls it at that moment.  So the moment follows from the part's state, and is right after every
 * change of it.  All timers of a loop share one ev_timer.  Times are those of tscf_clock_now(), in milliseconds.
 *
 * Parts conclude from silence that a peer is gone, so what has arrived is read first, also after this process or the
 * machine stood still (silence.h).
 */
#ifndef TSCF_TIMERS_H
#define TSCF_TIMERS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/** A loop that wakes so many milliseconds too late has one more turn for what has arrived before timers are called. */
#define TSCF_TIMERS_LATE_MS 20

/** Owned by the part; in one group at most. */
struct tscf_timer {
	uint64_t (*next)(const void *owner);
	void (*tick)(void *owner);
	void *owner;
	struct tscf_timer *after; /**< next timer of the group */
};

/** The timers of one event loop. */
struct tscf_timers {
	struct tscf_timer *first, **last;
	struct ev_loop *loop;
	const uint64_t *now;
	ev_timer wake;
	uint64_t due; /**< when it wakes the loop */
	bool late;    /**< this was so late that it waits for the next turn */
};

/**
 * Begin with no timers.  @p now is read when the loop sleeps and wakes: it must be kept up to date, and stay in memory.
 */
void tscf_timers_init(struct tscf_timers *t, struct ev_loop *loop, const uint64_t *now);
/**
 * Add a timer.  Timers that are due at the same time are called in the order in which they were added.
 *
 * @param next  returns when @p owner wants to be called: a past moment means at once, UINT64_MAX means never
 * @param tick  called at that moment
 */
void tscf_timers_add(struct tscf_timers *t, struct tscf_timer *timer, uint64_t (*next)(const void *owner),
		     void (*tick)(void *owner), void *owner);
/** @return the present time, in milliseconds, as the loop has it. */
static inline uint64_t tscf_timers_now(const struct tscf_timers *t)
{
	return *t->now;
}
/** The loop is about to sleep: set the wake-up for the first due timer.  @return when that is; UINT64_MAX: never. */
uint64_t tscf_timers_sleep(struct tscf_timers *t);

#endif
