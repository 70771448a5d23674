/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/upkeep.h"

#include "common/base/log.h"
#include "common/linux/device.h"
#include "common/linux/xfrm_block.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Routes of other programs change often.  While copies of our rules precede theirs, encrypted-only packets are safe
 * from them, and the only question is where the others go.
 */
#define LOOK_AROUND_MS 200
/** The most service routes that are looked up. */
#define SAMPLES  8
#define LOOPBACK 1

/** One comparison. */
struct look {
	unsigned rules, routes, barriers, devices; /**< how many were restored */
	bool listed;                               /**< what follows is known */
	unsigned in_front;                         /**< rules of other programs before ours */
	uint32_t first;                            /**< the priority of the first of them */
	int error;
	const char *what; /**< the step that failed */
};

void upkeep_init(struct upkeep *w)
{
	w->fd = w->xfrm_fd = w->firewall_fd = -1;
	w->since = tscf_timers_now(w->timers);
	tscf_pace_init(&w->pace);
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
		tscf_pace_notice(&w->pace, tscf_timers_now(w->timers), 0);
	else if (notice == TSCF_NOTICE_OTHER && w->in_front)
		tscf_pace_notice(&w->pace, tscf_timers_now(w->timers), w->facts->front ? LOOK_AROUND_MS : 0);
}

static void xfrm_noticed(struct ev_loop *loop, ev_io *io, int events)
{
	struct upkeep *w = io->data;
	(void)loop, (void)events;
	if (!tscf_netlink_drain(w->xfrm_fd))
		return;
	tscf_pace_notice(&w->pace, tscf_timers_now(w->timers), 0);
	w->ways_changed(w->context);
}

/* Nothing of ours is there, but chains may drop packets, or set marks that lead them elsewhere. */
static void firewall_noticed(struct ev_loop *loop, ev_io *io, int events)
{
	struct upkeep *w = io->data;
	(void)loop, (void)events;
	if (tscf_netlink_drain(w->firewall_fd))
		w->ways_changed(w->context);
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
	end(w, &w->firewall_readable, &w->firewall_fd);
}

void upkeep_soon(struct upkeep *w)
{
	tscf_pace_notice(&w->pace, tscf_timers_now(w->timers), 0);
}

static void failed(struct look *l, int error, const char *what)
{
	if (l->error < 0 || error >= 0)
		return;
	l->error = error;
	l->what = what;
}

static int restore_device(struct upkeep *w, const struct tscf_tun *tun, const struct tscf_addrs *internal)
{
	struct tscf_device_wanted wanted = {.index = tun->index, .name = tun->name, .mtu = tun->mtu, .exempt = true};
	wanted.ipv6 = w->facts->plain.of[tscf_family_index(AF_INET6)].family != 0;
	int restored = tscf_device_restore(w->routing->netlink, &wanted);
	for (unsigned i = 0; restored >= 0 && i < TSCF_FAMILIES; i++) {
		const struct tscf_addr *addr = &internal->of[i];
		struct tscf_prefix host = {.addr = *addr, .length = (uint8_t)(8 * tscf_addr_size(addr->family))};
		if (addr->family == 0)
			continue;
		int n = tscf_device_restore_address(w->routing->netlink, tun->index, &host);
		restored = n < 0 ? n : restored + n;
	}
	return restored;
}

static void look_at_device(struct upkeep *w, struct look *l, struct tscf_tun *tun, const struct tscf_addrs *internal)
{
	/* Before the first configuration the device has no MTU. */
	int n = tun->mtu == TSCF_PACKET_MAX ? 0 : restore_device(w, tun, internal);
	/* Nobody reads from a device that was moved, but no error tells so. */
	if (n == -ENODEV) {
		w->device_gone(w->context, tun);
		n = restore_device(w, tun, internal);
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
		l->listed = true;
		struct routing_difference d = routing_compare(&r->wanted, &r->current);
		l->rules = d.rules_missing + d.rules_extra;
		l->routes = d.routes_missing + d.routes_extra + (unsigned)foreign;
		routing_refuse(r);
	}
	look_at_device(w, l, w->plain_tun, &w->facts->plain);
	look_at_device(w, l, w->encrypted_tun, &w->facts->encrypted);
	failed(l, routing_apply(r, &r->wanted), "policy rules and routes");
}

/** Where the kernel would send packets to the service routes. */
enum way {
	WAY_OURS,
	WAY_REFUSED, /**< nowhere */
	WAY_PAST,    /**< to another device */
};

/* Look up the way of a packet with that mark.  While its tunnel is not @p open, our own rules may refuse it. */
static enum way look_up(const struct upkeep *w, uint32_t value, int device, bool open)
{
	enum way worst = WAY_OURS;
	for (unsigned i = 0; i < w->facts->route_count && i < SAMPLES && worst != WAY_PAST; i++) {
		struct tscf_addr to = routing_sample(&w->facts->routes[i]);
		if (w->facts->plain.of[tscf_family_index(to.family)].family == 0)
			continue;
		int by = tscf_route_lookup(w->routing->netlink, &to,
					   tscf_mark_set(0, w->routing->config->fwmark_mask, value));
		if (by > LOOPBACK && by != device)
			worst = WAY_PAST;
		else if (by != device && open)
			worst = WAY_REFUSED;
	}
	return worst;
}

/* Put copies of our refusing rules right before the rules of other programs.  There, rules that are added without a
 * priority, which the kernel puts before all others, keep their order; then the copies move. */
static void go_in_front(struct upkeep *w, const struct look *l)
{
	bool front = l->in_front > 0;
	uint32_t priority = l->first > 0 ? l->first - 1 : 0;
	if (front == w->facts->front && (!front || w->facts->front_priority <= priority))
		return;
	w->facts->front = front;
	w->facts->front_priority = priority;
	router_write(w->router);
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
	if (state == UPKEEP_COMPLETE && reason[0] != '\0' && strcmp(reason, w->reason) != 0)
		tscf_info("%s", reason);
	w->state = state;
	snprintf(w->reason, sizeof(w->reason), "%s", reason);
	if (shut == w->shut)
		return;
	w->shut = shut;
	router_write(w->router);
}

/* Rules of others that lead no sample away may be for other packets: for ports, a host or a user. */
static void tell_in_front(struct upkeep *w, const struct look *l)
{
	char reason[sizeof(w->reason)] = "";
	if (l->in_front > 0)
		snprintf(reason, sizeof(reason),
			 "policy rules of other programs come before ours, the first with priority %u: what they match "
			 "follows them, but for encrypted-only packets",
			 l->first);
	become(w, UPKEEP_COMPLETE, reason);
}

/* @param only, plain  the ways of such packets; one of them is not ours */
static void tell_obstacle(struct upkeep *w, const struct look *l, enum way only, enum way plain)
{
	const bool past = only == WAY_PAST || plain == WAY_PAST;
	char who[80], hint[48] = "", reason[sizeof(w->reason)];
	if (l->in_front > 0)
		snprintf(who, sizeof(who), "policy rule %u of another program, in front of ours,", l->first);
	else
		snprintf(who, sizeof(who), "a route of another program in table local");
	if (l->first > 0)
		snprintf(hint, sizeof(hint), "; a rule-priority below %u comes first", l->first);
	snprintf(reason, sizeof(reason), "%s %s%s%s", who,
		 past ? "leads packets past the tunnels" : "keeps packets from the tunnels",
		 only == WAY_PAST ? ": encrypted-only sockets may not send" : "", hint);
	become(w, only == WAY_PAST ? UPKEEP_INCOMPLETE : UPKEEP_OVERRIDDEN, reason);
}

/* How others lead packets, after our copies were put in front. */
static void judge_ways(struct upkeep *w, const struct look *l)
{
	bool gate_open = dtte_is_up(w->dtte) && w->dtte->gate == DTTE_GATE_OPEN && !w->shut;
	enum way only = look_up(w, tscf_mark_explicit(TSCF_LEVEL_ENCRYPTED_ONLY), w->encrypted_tun->index, gate_open);
	enum way plain = w->dtte->plain_up
			     ? look_up(w, tscf_mark_explicit(TSCF_LEVEL_UNENCRYPTED), w->plain_tun->index, true)
			     : WAY_OURS;
	if (only != WAY_OURS || plain != WAY_OURS)
		tell_obstacle(w, l, only, plain);
	else if (tscf_pace_contested(&w->pace))
		become(
		    w, UPKEEP_CONTESTED,
		    "another program keeps removing what this client puts into the kernel: it is put back each time");
	else
		tell_in_front(w, l);
}

static void judge(struct upkeep *w, const struct look *l)
{
	char reason[sizeof(w->reason)];
	if (l->listed)
		go_in_front(w, l);
	if (l->error < 0) {
		snprintf(reason, sizeof(reason), "%s: cannot be put back (%s): encrypted-only sockets may not send",
			 l->what, strerror(-l->error));
		become(w, UPKEEP_INCOMPLETE, reason);
	} else {
		judge_ways(w, l);
	}
}

static void say(const struct look *l, enum tscf_pace_change change)
{
	if (change == TSCF_PACE_RESTORED)
		tscf_warning("another program has changed what this client put into the kernel; put back: %u rules, %u "
			     "routes, %u IPsec policies, %u settings of devices",
			     l->rules, l->routes, l->barriers, l->devices);
}

static void tick(void *context)
{
	struct upkeep *w = context;
	uint64_t now = tscf_timers_now(w->timers);
	struct look l = {0};
	if (!tscf_pace_due(&w->pace, now))
		return;
	w->routing->quiet = w->state == UPKEEP_INCOMPLETE;
	put_back(w, &l);
	bool others = w->in_front || l.in_front > 0 || w->state != UPKEEP_COMPLETE;
	if (l.listed)
		w->in_front = l.in_front > 0;
	unsigned restored = l.rules + l.routes + l.barriers + l.devices;
	*w->put_back += restored;
	say(&l, tscf_pace_looked(&w->pace, now, restored > 0, l.error < 0));
	judge(w, &l);
	if (restored > 0 || others)
		w->ways_changed(w->context);
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
	w->firewall_fd = tscf_netlink_watch_firewall();
	tscf_timers_add(w->timers, &w->timer, next_due, tick, w);
	begin(w, &w->readable, noticed, w->fd, "policy rules and devices");
	begin(w, &w->xfrm_readable, xfrm_noticed, w->xfrm_fd, "IPsec policies");
	/* A kernel without nf_tables has no such notices, and needs none. */
	if (w->firewall_fd >= 0)
		begin(w, &w->firewall_readable, firewall_noticed, w->firewall_fd, "the firewall");
}
