/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/upkeep.h"

#include "common/base/log.h"
#include "common/linux/xfrm_block.h"
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
	w->fd = w->xfrm_fd = -1;
	w->since = tscf_timers_now(w->timers);
	pace_init(&w->pace);
}

const char *upkeep_state_name(enum upkeep_state state)
{
	static const char *const names[] = {"complete", "contested", "overridden", "incomplete"};
	return names[state];
}

static void noticed(struct ev_loop *loop, ev_io *io, int events)
{
	struct upkeep *w = io->data;
	const struct client_config *config = w->routing->config;
	struct tscf_notice_filter filter = {.tables = {config->table_plain, config->table_encrypted},
					    .devices = {w->plain_tun->index, w->encrypted_tun->index}};
	enum tscf_notice notice = tscf_netlink_notices(w->fd, &filter);
	(void)loop, (void)events;
	if (notice == TSCF_NOTICE_OURS)
		pace_notice(&w->pace, tscf_timers_now(w->timers), 0);
	else if (notice == TSCF_NOTICE_OTHER && w->in_front)
		pace_notice(&w->pace, tscf_timers_now(w->timers), w->facts->front ? LOOK_AROUND_MS : 0);
}

static void xfrm_noticed(struct ev_loop *loop, ev_io *io, int events)
{
	struct upkeep *w = io->data;
	(void)loop, (void)events;
	if (tscf_netlink_drain(w->xfrm_fd))
		pace_notice(&w->pace, tscf_timers_now(w->timers), 0);
}

static void end(struct upkeep *w, ev_io *io, int *fd)
{
	if (*fd < 0)
		return;
	ev_io_stop(w->timers->loop, io);
	close(*fd);
	*fd = -1;
}

void upkeep_stop(struct upkeep *w)
{
	end(w, &w->readable, &w->fd);
	end(w, &w->xfrm_readable, &w->xfrm_fd);
}

void upkeep_soon(struct upkeep *w)
{
	pace_notice(&w->pace, tscf_timers_now(w->timers), 0);
}

static void failed(struct look *l, int error, const char *what)
{
	if (l->error < 0 || error >= 0)
		return;
	l->error = error;
	l->what = what;
}

static void look_at_device(struct upkeep *w, struct look *l, struct tscf_tun *tun, const struct tscf_addrs *internal)
{
	/* Before the first configuration the device has no MTU. */
	unsigned mtu = tun->mtu == TSCF_PACKET_MAX ? 0 : tun->mtu;
	bool ipv6 = w->facts->plain.of[tscf_family_index(AF_INET6)].family != 0;
	struct device_wanted wanted = {
	    .index = tun->index, .name = tun->name, .mtu = mtu, .internal = *internal, .ipv6 = ipv6};
	int n = device_restore(w->routing->netlink, &wanted);
	/* Nobody reads from a device that was moved, but no error tells so. */
	if (n == -ENODEV) {
		w->device_gone(w->context, tun);
		n = device_restore(w->routing->netlink, &wanted);
	}
	if (n >= 0)
		l->devices += (unsigned)n;
	else
		failed(l, n, tun->name);
}

/* Restore what refuses packets first, and a device before the routes that lead to it. */
static void put_back(struct upkeep *w, struct look *l)
{
	struct routing *r = w->routing;
	failed(l, routing_guard(r, w->facts, &l->barriers), "IPsec policies");
	int foreign = routing_look(r, &l->in_front, &l->first);
	failed(l, foreign, "policy rules and routes");
	if (foreign >= 0) {
		struct routing_difference d = routing_compare(&r->wanted, &r->current);
		l->rules = d.rules_missing + d.rules_extra;
		l->routes = d.routes_missing + d.routes_extra + (unsigned)foreign;
		routing_refuse(r);
	}
	look_at_device(w, l, w->plain_tun, &w->facts->plain);
	look_at_device(w, l, w->encrypted_tun, &w->facts->encrypted);
	failed(l, routing_apply(r, &r->wanted), "policy rules and routes");
}

/* Look up where the kernel would send a packet with that mark to a service route.  @return whether it goes to a device
 * other than @p device. */
static bool is_led_away(const struct upkeep *w, uint32_t value, int device)
{
	for (unsigned i = 0; i < w->facts->route_count && i < SAMPLES; i++) {
		struct tscf_addr to = routing_sample(&w->facts->routes[i]);
		if (w->facts->plain.of[tscf_family_index(to.family)].family == 0)
			continue;
		int by = tscf_route_lookup(w->routing->netlink, &to,
					   tscf_mark_set(0, w->routing->config->fwmark_mask, value));
		if (by > 1 && by != device)
			return true;
	}
	return false;
}

/* Put copies of our rules in front if needed.  @return whether rules of other programs still divert encrypted-only
 * packets. */
static bool go_in_front(struct upkeep *w, const struct look *l)
{
	uint32_t only = tscf_mark_explicit(TSCF_LEVEL_ENCRYPTED_ONLY);
	bool away = l->in_front > 0 && is_led_away(w, only, w->encrypted_tun->index);
	if (l->in_front == 0 && w->facts->front) {
		w->facts->front = false;
		router_write(w->router);
	}
	if (!away)
		return false;
	if (w->facts->front)
		return true;
	w->facts->front = true;
	router_write(w->router);
	return is_led_away(w, only, w->encrypted_tun->index);
}

static void become(struct upkeep *w, enum upkeep_state state, const char *reason)
{
	bool shut = state == UPKEEP_INCOMPLETE;
	if (state != w->state) {
		w->since = tscf_timers_now(w->timers);
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
	router_write(w->router);
}

static void judge(struct upkeep *w, const struct look *l)
{
	char reason[sizeof(w->reason)];
	bool away = go_in_front(w, l);
	bool plain_away = l->in_front > 0 && w->dtte->plain_up &&
			  is_led_away(w, tscf_mark_explicit(TSCF_LEVEL_UNENCRYPTED), w->plain_tun->index);
	if (l->error < 0) {
		snprintf(reason, sizeof(reason), "%s: cannot be put back (%s): encrypted-only sockets may not send",
			 l->what, strerror(-l->error));
		become(w, UPKEEP_INCOMPLETE, reason);
	} else if (away) {
		snprintf(reason, sizeof(reason),
			 "policy rule %u of another program leads packets past the tunnels: encrypted-only sockets may "
			 "not send",
			 l->first);
		become(w, UPKEEP_INCOMPLETE, reason);
	} else if (w->facts->front || plain_away) {
		snprintf(reason, sizeof(reason),
			 "policy rule %u of another program is in front of ours and leads %s past the tunnels",
			 l->first, plain_away ? "packets" : "encrypted-only packets would lead");
		become(w, UPKEEP_OVERRIDDEN, reason);
	} else if (pace_contested(&w->pace)) {
		become(
		    w, UPKEEP_CONTESTED,
		    "another program keeps removing what this client puts into the kernel: it is put back each time");
	} else {
		become(w, UPKEEP_COMPLETE, "");
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
	struct upkeep *w = context;
	uint64_t now = tscf_timers_now(w->timers);
	struct look l = {0};
	if (!pace_due(&w->pace, now))
		return;
	w->routing->quiet = w->state == UPKEEP_INCOMPLETE;
	put_back(w, &l);
	w->in_front = l.in_front > 0;
	unsigned restored = l.rules + l.routes + l.barriers + l.devices;
	*w->put_back += restored;
	say(&l, pace_looked(&w->pace, now, restored > 0, l.error < 0));
	judge(w, &l);
	w->routing->quiet = false;
}

static uint64_t next_due(const void *context)
{
	const struct upkeep *w = context;
	return w->pace.due;
}

static void begin(struct upkeep *w, ev_io *io, void (*callback)(struct ev_loop *, ev_io *, int), int fd,
		  const char *what)
{
	if (fd < 0) {
		tscf_warning("cannot watch %s: %s: changes by other programs are not noticed", what, strerror(-fd));
		return;
	}
	ev_io_init(io, callback, fd, EV_READ);
	io->data = w;
	ev_io_start(w->timers->loop, io);
}

void upkeep_start(struct upkeep *w)
{
	w->fd = tscf_netlink_watch_state();
	w->xfrm_fd = tscf_xfrm_watch();
	tscf_timers_add(w->timers, &w->timer, next_due, tick, w);
	begin(w, &w->readable, noticed, w->fd, "policy rules and devices");
	begin(w, &w->xfrm_readable, xfrm_noticed, w->xfrm_fd, "IPsec policies");
}
