/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wall_clock.h - notices that the clock of the host was set: certificates that were not valid may be valid now.
 *
 * The kernel reports every step of CLOCK_REALTIME, whichever program made it.  A change of the clock's speed is no step
 * (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
 */
#ifndef TSCF_CLIENT_WALL_CLOCK_H
#define TSCF_CLIENT_WALL_CLOCK_H

#include <ev.h>

struct wall_clock {
	int fd; /**< timerfd; -1: not there */
	ev_io readable;
	struct ev_loop *loop;
	void (*was_set)(void *context); /**< called from the event loop */
	void *context;
};

/** Initialise without watching anything yet. */
void wall_clock_init(struct wall_clock *w);
/** Begin to watch; logs a line if that fails. */
void wall_clock_start(struct wall_clock *w, struct ev_loop *loop, void (*was_set)(void *context), void *context);
void wall_clock_stop(struct wall_clock *w);

#endif
