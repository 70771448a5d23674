/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_clock.c - tells from the clocks when the host was asleep: pure. */
#include "tscf-client/tunnel/monitor.h"

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
