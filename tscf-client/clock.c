/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.c - the client's clocks, which also show when the host was asleep. */
#include "common/base/clock.h"

#include "common/base/log.h"
#include "tscf-client/context.h"

/** The wall clock is read after the other one: a delay in between makes it seem to be ahead by more, never by less.  A
 * step of the clock is larger. */
#define STEP_MS 500

static void compare_with_wall(struct client *c)
{
	const int64_t ahead = (int64_t)tscf_clock_wall() - (int64_t)c->now;

	if (ahead < c->wall_ahead || ahead - c->wall_ahead >= STEP_MS)
		c->wall_ahead = ahead;
}

void client_clock(struct client *c)
{
	c->now = tscf_clock_now();
	compare_with_wall(c);
	if (monitor_clock(&c->monitor, c->now, tscf_clock_boot()))
		tscf_info("this host was asleep, or this process stood still");
}
