/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_clock.c - the client's clock, which also shows when the host was asleep. */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "tscf-client/context.h"

void monitor_sleep(struct monitor *m, uint64_t at)
{
	m->wake_at = at;
}

bool monitor_clock(struct monitor *m, uint64_t monotonic, uint64_t boot)
{
	int64_t ahead = (int64_t)(boot - monotonic);
	bool late = monotonic > m->wake_at && monotonic - m->wake_at >= MONITOR_SLEEP_MS;
	bool slept = late || ahead - m->ahead >= MONITOR_SLEEP_MS;

	m->ahead = ahead;
	m->wake_at = UINT64_MAX;
	if (slept)
		m->check_at = monotonic;
	m->slept |= slept;
	return slept;
}

void client_clock(struct client *c)
{
	c->now = tscf_clock_now();
	if (monitor_clock(&c->monitor, c->now, tscf_clock_boot()))
		tscf_info("this host was asleep, or this process stood still");
}
