/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * monitor.h - notices changes of this host's addresses, links and routes, and that the host was asleep.
 *
 * What follows from a change is decided by plain_host_changed (plain.h).
 */
#ifndef TSCF_CLIENT_MONITOR_H
#define TSCF_CLIENT_MONITOR_H

#include "common/daemon/timers.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/** Changes come in groups: the check follows this long after the first change. */
#define MONITOR_SETTLE_MS 50
/**
 * The host was asleep if the clock that counts sleep (boot time) has gained this much on the one that does not
 * (monotonic).  The process was stopped, or its virtual machine was, if it wakes up this much too late.
 */
#define MONITOR_SLEEP_MS 1000

struct monitor {
	struct tscf_timers *timers;
	void (*changed)(void *context, bool slept);
	void *context;
	struct tscf_timer timer;
	int fd; /**< rtnetlink notifications; -1: not there */
	ev_io readable;
	uint64_t check_at; /**< when to check; UINT64_MAX: nothing has changed */
	int64_t ahead;     /**< boot time less monotonic time, milliseconds */
	uint64_t wake_at;  /**< the latest time at which this process wants to wake up; UINT64_MAX: none */
	bool slept;        /**< longer than planned: data that was received may be old */
};

/** Initialise without watching anything yet.  The arguments are the two clocks in milliseconds. */
void monitor_init(struct monitor *m, uint64_t monotonic, uint64_t boot);
/**
 * Begin to watch; logs a warning if that fails.
 *
 * @param host_changed  called after changes; @p slept: the host was asleep or this process was stopped before
 */
void monitor_start(struct monitor *m, struct tscf_timers *timers, void (*host_changed)(void *context, bool slept),
		   void *context);
/** Watch nothing any more. */
void monitor_stop(struct monitor *m);

/** The process is about to sleep until @p at; UINT64_MAX: until something happens. */
void monitor_sleep(struct monitor *m, uint64_t at);
/**
 * Look at the clocks.
 *
 * @return whether the host was asleep or this process was stopped since the last call; then a check follows soon.
 */
bool monitor_clock(struct monitor *m, uint64_t monotonic, uint64_t boot);

#endif
