/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/upkeep.h"

#include "common/base/log.h"
#include "common/linux/xfrm_block.h"
#include "tscf-client/context.h"
#include "tscf-client/kernel/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Routes of other programs change often.  While copies of our rules precede theirs, the only question is whether the
 * copies can go.
 */
#define LOOK_AROUND_MS 1000
/** The most service routes that are looked up. */
#define SAMPLES 8

/** One comparison. */
struct look {
	unsigned rules, routes, barriers, devices; /**< how many were restored */
	unsigned in_front;                         /**< rules of other programs before ours */
	uint32_t first;                            /**< the priority of the first of them */
	int error;
	const char *what; /**< the step that failed */
};

void upkeep_init(struct upkeep *w)
{
	*w = (struct upkeep){.fd = -1, .xfrm_fd = -1, .since = time(NULL)};
	pace_init(&w->pace);
}

const char *upkeep_state_name(enum upkeep_state state)
{
	static const char *const names[] = {"complete", "contested", "overridden", "incomplete"};
	return names[state];
}

static void noticed(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *c = io->data;
	struct upkeep *w = &c->upkeep;
	struct tscf_notice_filter filter = {.tables = {c->config->table_plain, c->config->table_encrypted},
					    .devices = {c->plain_tun.index, c->encrypted_tun.index}};
	enum tscf_notice notice = tscf_netlink_notices(w->fd, &filter);
	(void)loop, (void)events;
	if (notice == TSCF_NOTICE_OURS)
		pace_notice(&w->pace, c->now, 0);
	else if (notice == TSCF_NOTICE_OTHER && w->in_front)
		pace_notice(&w->pace, c->now, c->facts.front ? LOOK_AROUND_MS : 0);
}

static void xfrm_noticed(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *c = io->data;
	(void)loop, (void)events;
	if (tscf_netlink_drain(c->upkeep.xfrm_fd))
		pace_notice(&c->upkeep.pace, c->now, 0);
}

static void end(struct client *c, ev_io *io, int *fd)
{
	if (*fd < 0)
		return;
	ev_io_stop(c->loop, io);
	close(*fd);
	*fd = -1;
}

void upkeep_stop(struct client *c)
{
	end(c, &c->upkeep.readable, &c->upkeep.fd);
	end(c, &c->upkeep.xfrm_readable, &c->upkeep.xfrm_fd);
}

void upkeep_soon(struct client *c)
{
	pace_notice(&c->upkeep.pace, c->now, 0);
}

static void failed(struct look *l, int error, const char *what)
{
	if (l->error < 0 || error >= 0)
		return;
	l->error = error;
	l->what = what;
}

static void look_at_device(struct client *c, struct look *l, const struct tscf_tun *tun,
			   const struct tscf_addrs *internal)
{
	/* Before the first configuration the device has no MTU. */
	unsigned mtu = tun->mtu == TSCF_PACKET_MAX ? 0 : tun->mtu;
	bool ipv6 = c->facts.plain.of[tscf_family_index(AF_INET6)].family != 0;
	struct device_wanted wanted = {
	    .index = tun->index, .name = tun->name, .mtu = mtu, .internal = *internal, .ipv6 = ipv6};
	int n = device_restore(c->netlink, &wanted);
	if (n >= 0)
		l->devices += (unsigned)n;
	else
		failed(l, n, tun->name);
}

/* Restore what refuses packets first, and a device before the routes that lead to it. */
static void put_back(struct client *c, struct look *l)
{
	struct routing *r = &c->routing;
	failed(l, routing_guard(r, &c->facts, &l->barriers), "IPsec policies");
	int foreign = routing_look(r, &l->in_front, &l->first);
	failed(l, foreign, "policy rules and routes");
	if (foreign >= 0) {
		struct routing_difference d = routing_compare(&r->wanted, &r->current);
		l->rules = d.rules_missing + d.rules_extra;
		l->routes = d.routes_missing + d.routes_extra + (unsigned)foreign;
		routing_refuse(r);
	}
	look_at_device(c, l, &c->plain_tun, &c->facts.plain);
	look_at_device(c, l, &c->encrypted_tun, &c->facts.encrypted);
	failed(l, routing_apply(r, &r->wanted), "policy rules and routes");
}

/* Look up where the kernel would send a packet with that mark to a service route.  @return whether it goes to a device
 * other than @p device. */
static bool is_led_away(const struct client *c, uint32_t value, int device)
{
	for (unsigned i = 0; i < c->facts.route_count && i < SAMPLES; i++) {
		struct tscf_addr to = routing_sample(&c->facts.routes[i]);
		if (c->facts.plain.of[tscf_family_index(to.family)].family == 0)
			continue;
		int by = tscf_route_lookup(c->netlink, &to, tscf_mark_set(0, c->config->fwmark_mask, value));
		if (by > 1 && by != device)
			return true;
	}
	return false;
}

/* Put copies of our rules in front if needed.  @return whether rules of other programs still divert encrypted-only
 * packets. */
static bool go_in_front(struct client *c, const struct look *l)
{
	uint32_t only = tscf_mark_explicit(TSCF_LEVEL_ENCRYPTED_ONLY);
	bool away = l->in_front > 0 && is_led_away(c, only, c->encrypted_tun.index);
	if (l->in_front == 0 && c->facts.front) {
		c->facts.front = false;
		client_route(c);
	}
	if (!away)
		return false;
	if (c->facts.front)
		return true;
	c->facts.front = true;
	client_route(c);
	return is_led_away(c, only, c->encrypted_tun.index);
}

static void become(struct client *c, enum upkeep_state state, const char *reason)
{
	struct upkeep *w = &c->upkeep;
	bool shut = state == UPKEEP_INCOMPLETE;
	if (state != w->state) {
		w->since = time(NULL);
		if (state == UPKEEP_COMPLETE)
			tscf_info("what this client has put into the kernel is there as it should be");
		else
			tscf_warning("%s", reason);
	}
	w->state = state;
	snprintf(w->reason, sizeof(w->reason), "%s", reason);
	if (shut == w->shut)
		return;
	w->shut = shut;
	client_route(c);
}

static void judge(struct client *c, const struct look *l)
{
	char reason[sizeof(c->upkeep.reason)];
	bool away = go_in_front(c, l);
	bool plain_away = l->in_front > 0 && c->plain.state == TUNNEL_UP &&
			  is_led_away(c, tscf_mark_explicit(TSCF_LEVEL_UNENCRYPTED), c->plain_tun.index);
	if (l->error < 0) {
		snprintf(reason, sizeof(reason), "%s: cannot be put back (%s): encrypted-only sockets may not send",
			 l->what, strerror(-l->error));
		become(c, UPKEEP_INCOMPLETE, reason);
	} else if (away) {
		snprintf(reason, sizeof(reason),
			 "policy rule %u of another program leads packets past the tunnels: encrypted-only sockets may "
			 "not send",
			 l->first);
		become(c, UPKEEP_INCOMPLETE, reason);
	} else if (c->facts.front || plain_away) {
		snprintf(reason, sizeof(reason),
			 "policy rule %u of another program is in front of ours and leads %s past the tunnels",
			 l->first, plain_away ? "packets" : "encrypted-only packets would lead");
		become(c, UPKEEP_OVERRIDDEN, reason);
	} else if (pace_contested(&c->upkeep.pace)) {
		become(
		    c, UPKEEP_CONTESTED,
		    "another program keeps removing what this client puts into the kernel: it is put back each time");
	} else {
		become(c, UPKEEP_COMPLETE, "");
	}
}

static void say(const struct look *l, enum pace_change change)
{
	if (change == PACE_RESTORED)
		tscf_warning("another program has changed what this client put into the kernel; put back: %u rules, %u "
			     "routes, %u IPsec policies, %u settings of devices",
			     l->rules, l->routes, l->barriers, l->devices);
}

static void tick(void *context)
{
	struct client *c = context;
	struct upkeep *w = &c->upkeep;
	struct look l = {0};
	if (!pace_due(&w->pace, c->now))
		return;
	c->routing.quiet = w->state == UPKEEP_INCOMPLETE;
	put_back(c, &l);
	w->in_front = l.in_front > 0;
	unsigned restored = l.rules + l.routes + l.barriers + l.devices;
	c->counters.put_back += restored;
	say(&l, pace_looked(&w->pace, c->now, restored > 0, l.error < 0));
	judge(c, &l);
	c->routing.quiet = false;
}

static uint64_t next_due(const void *context)
{
	const struct client *c = context;
	return c->upkeep.pace.due;
}

static void begin(struct client *c, ev_io *io, void (*callback)(struct ev_loop *, ev_io *, int), int fd,
		  const char *what)
{
	if (fd < 0) {
		tscf_warning("cannot watch %s: %s: what others remove is missed", what, strerror(-fd));
		return;
	}
	ev_io_init(io, callback, fd, EV_READ);
	io->data = c;
	ev_io_start(c->loop, io);
}

void upkeep_start(struct client *c)
{
	struct upkeep *w = &c->upkeep;
	w->fd = tscf_netlink_watch_state();
	w->xfrm_fd = tscf_xfrm_watch();
	tscf_timers_add(&c->timers, &w->timer, next_due, tick, c);
	begin(c, &w->readable, noticed, w->fd, "policy rules and devices");
	begin(c, &w->xfrm_readable, xfrm_noticed, w->xfrm_fd, "IPsec policies");
}
