/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/monitor.h"

#include "common/base/log.h"
#include "common/linux/netlink.h"
#include "tscf-client/context.h"
#include "tscf-client/tunnel/pmtu.h"

#include <string.h>
#include <unistd.h>

/** A server that has sent something within this time gets no keepalive. */
#define FRESH_MS 500

void monitor_init(struct monitor *m, uint64_t monotonic, uint64_t boot)
{
	*m = (struct monitor){
	    .fd = -1, .check_at = UINT64_MAX, .ahead = (int64_t)(boot - monotonic), .wake_at = UINT64_MAX};
}

static void changed(struct ev_loop *loop, ev_io *w, int events)
{
	struct client *c = w->data;

	(void)loop;
	(void)events;
	if (tscf_netlink_drain(w->fd) && c->monitor.check_at == UINT64_MAX)
		c->monitor.check_at = c->now + MONITOR_SETTLE_MS;
}

/** After a sleep, data that is read may have arrived long before. */
static void ask(struct client *c, struct tunnel *t)
{
	if (c->monitor.slept || c->now - t->last_heard >= FRESH_MS)
		tunnel_probe(t);
}

static void check(struct client *c)
{
	char text[TSCF_ADDR_TEXT], reason[128];
	struct tscf_addr source;

	if (!c->plain.transport) {
		connector_hurry(c);
		return;
	}
	/* No route at all: another change will report when there is one. */
	if (!tunnel_source(&c->plain, &source))
		return;
	if (tunnel_astray(&c->plain)) {
		snprintf(reason, sizeof(reason), "this host sends to the server from %s now",
			 tscf_addr_format(&source, text));
		plain_moved(c, reason);
		return;
	}
	/* On another path, trust in the network is checked when the tunnel has been resumed there. */
	trusted_network_look(&c->trusted_network);
	connector_hurry(c);
	ask(c, &c->plain);
	ask(c, &c->encrypted);
	pmtu_changed(c);
}

static void tick(void *context)
{
	struct client *c = context;
	c->monitor.check_at = UINT64_MAX;
	check(c);
	c->monitor.slept = false;
}

static uint64_t next_due(const void *context)
{
	const struct client *c = context;
	return c->monitor.check_at;
}

void monitor_start(struct client *c)
{
	struct monitor *m = &c->monitor;

	tscf_timers_add(&c->timers, &m->timer, next_due, tick, c);
	m->fd = tscf_netlink_watch();
	if (m->fd < 0) {
		tscf_warning("cannot watch addresses and routes: %s: changes are noticed by silence only",
			     strerror(-m->fd));
		return;
	}
	ev_io_init(&m->readable, changed, m->fd, EV_READ);
	m->readable.data = c;
	ev_io_start(c->loop, &m->readable);
}

void monitor_stop(struct client *c)
{
	if (c->monitor.fd < 0)
		return;
	ev_io_stop(c->loop, &c->monitor.readable);
	close(c->monitor.fd);
	c->monitor.fd = -1;
}
