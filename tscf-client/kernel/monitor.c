/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/monitor.h"

#include "common/base/log.h"
#include "common/linux/netlink.h"

#include <string.h>
#include <unistd.h>

void monitor_init(struct monitor *m, uint64_t monotonic, uint64_t boot)
{
	*m = (struct monitor){
	    .fd = -1, .check_at = UINT64_MAX, .ahead = (int64_t)(boot - monotonic), .wake_at = UINT64_MAX};
}

static void changed(struct ev_loop *loop, ev_io *w, int events)
{
	struct monitor *m = w->data;

	(void)loop;
	(void)events;
	if (tscf_netlink_drain(w->fd) && m->check_at == UINT64_MAX)
		m->check_at = tscf_timers_now(m->timers) + MONITOR_SETTLE_MS;
}

static void tick(void *context)
{
	struct monitor *m = context;
	m->check_at = UINT64_MAX;
	m->changed(m->context, m->slept);
	m->slept = false;
}

static uint64_t next_due(const void *context)
{
	const struct monitor *m = context;
	return m->check_at;
}

void monitor_start(struct monitor *m, struct tscf_timers *timers, void (*host_changed)(void *context, bool slept),
		   void *context)
{
	m->timers = timers;
	m->changed = host_changed;
	m->context = context;
	tscf_timers_add(timers, &m->timer, next_due, tick, m);
	m->fd = tscf_netlink_watch();
	if (m->fd < 0) {
		tscf_warning("cannot watch addresses and routes: %s: changes are noticed by silence only",
			     strerror(-m->fd));
		return;
	}
	ev_io_init(&m->readable, changed, m->fd, EV_READ);
	m->readable.data = m;
	ev_io_start(timers->loop, &m->readable);
}

void monitor_stop(struct monitor *m)
{
	if (m->fd < 0)
		return;
	ev_io_stop(m->timers->loop, &m->readable);
	close(m->fd);
	m->fd = -1;
}

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
