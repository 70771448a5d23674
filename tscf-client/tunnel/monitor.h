/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * monitor.h - notices that the way to the server is another one now: addresses, links and routes of this host, and that
 * the host was asleep.
 *
 * A change of any kind is only a reason to look: the question is from which address this host would send to the server
 * now.  If that is another than before, the tunnels go on from there at once; if it is the same, a silent server is
 * asked whether it hears us, and the MTU of the way is looked at.
 */
#ifndef TSCF_CLIENT_MONITOR_H
#define TSCF_CLIENT_MONITOR_H

#include "common/base/addr.h"
#include "common/daemon/timers.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/** Changes come in groups: looked at this long after the first. */
#define MONITOR_SETTLE_MS 50
/**
 * The host was asleep if the clock that goes on meanwhile is this much further ahead of the one that stands; and this
 * process stood still, as when it was stopped or its machine was, if it wakes up this much too late.
 */
#define MONITOR_SLEEP_MS 1000

struct client;

struct monitor {
	struct tscf_timer timer;
	int fd; /**< rtnetlink notifications; -1: not there */
	ev_io readable;
	uint64_t check_at; /**< UINT64_MAX: nothing has changed */
	int64_t ahead;     /**< boot time less monotonic time, milliseconds */
	uint64_t wake_at;  /**< this process wants to wake up then at the latest; UINT64_MAX: it need not */
	bool slept;        /**< longer than it wanted: what was heard may be old */
};

/** Without anything watched yet; gets the clocks, in milliseconds. */
void monitor_init(struct monitor *m, uint64_t monotonic, uint64_t boot);
/** Begin to watch; a warning if that cannot be. */
void monitor_start(struct client *c);
void monitor_stop(struct client *c);

/** The process is about to sleep until @p at; UINT64_MAX: until something happens. */
void monitor_sleep(struct monitor *m, uint64_t at);
/**
 * Look at the clocks.
 *
 * @return whether the host has been asleep, or this process has stood still, since the last look; it is checked soon
 * then.
 */
bool monitor_clock(struct monitor *m, uint64_t monotonic, uint64_t boot);

#endif
