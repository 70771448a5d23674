/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/guarded.h"

#include "common/base/log.h"
#include "tscf-client/sockets/live_sockets.h"

#include <string.h>

/** No program can make the client look at all sockets more often. */
#define LOOK_PAUSE_MS 10000
/** Another program may detach the guard: then the sockets are listed as without it. */
#define CHECK_PAUSE_MS 1000
/** Other clients, of any build, leave entries in the guard's maps, which take room.  While another client is at work
 * there, try again after CHECK_PAUSE_MS. */
#define SWEEP_PAUSE_MS 3600000

static struct tscf_addr address(const struct guard_event *e, const uint32_t words[4])
{
	return e->family == AF_INET ? tscf_addr_v4(words) : tscf_addr_v6(words);
}

static struct tscf_socket socket_of(const struct guard_event *e)
{
	struct tscf_socket s = {.local = address(e, e->local),
				.local_port = (uint16_t)e->local_port,
				.family = (int)e->family,
				.type = (uint8_t)e->type,
				.protocol = (uint8_t)e->protocol,
				.mark = e->mark,
				.device = e->device,
				.ipv6_only = e->ipv6_only == 1,
				.uid = e->uid,
				.cookie = e->cookie};

	/* The kernel lists the flows of an MPTCP connection, but not the connection. */
	if (e->protocol > UINT8_MAX)
		s.cookie = 0;

	if (e->remote_port == 0)
		return s;
	s.remote = address(e, e->remote);
	s.remote_port = (uint16_t)e->remote_port;
	return s;
}

/* What a program without the library asks for. */
static void ask(const struct guarded *to, const struct guard_event *e, struct tscf_socket *s)
{
	enum ask_service service = e->kind == GUARD_EVENT_REDUNDANCY ? ASK_REDUNDANCY : ASK_DATAGRAM;

	/* The program has it by the connection, not by the flows of an MPTCP connection. */
	s->cookie = e->cookie;
	asks_told(to->asks, s, service, (uint8_t)e->level);
}

static void on_event(void *context, const struct guard_event *e)
{
	struct guarded *to = context;
	struct moves *moves = to->moves;
	struct tscf_socket s = socket_of(e);
	/* Only a dump shows then whether the socket has IPv4 as well. */
	bool unsure = s.family == AF_INET6 && tscf_addr_is_any(&s.local) && e->ipv6_only == GUARD_UNKNOWN;

	switch (e->kind) {
	case GUARD_EVENT_BOUND:
		asks_follow(to->asks, &s);
		if (unsure)
			registry_resync_soon(moves->registry);
		else if (s.remote_port != 0)
			registry_told(moves->registry, &s);
		else
			moves_marked(moves, &s, e->mark_before);
		break;
	case GUARD_EVENT_LEVEL:
		if (s.protocol == IPPROTO_TCP && s.local_port != 0 && s.remote_port == 0)
			accept_queue_raised(moves->accept_queue, &s,
					    tscf_mark_get(e->mark, moves->config->fwmark_mask));
		moves_marked(moves, &s, e->mark_before);
		if (unsure)
			registry_resync_soon(moves->registry);
		break;
	case GUARD_EVENT_LOOK:
		asks_look(to->asks, e->cookie);
		registry_resync_after(moves->registry);
		break;
	case GUARD_EVENT_REDUNDANCY:
	case GUARD_EVENT_DATAGRAM:
		ask(to, e, &s);
		break;
	case GUARD_EVENT_GROUP:
		guard_groups_look_soon(&to->guard->groups);
		break;
	case GUARD_EVENT_ASKS:
	case GUARD_EVENT_CLASS:
		if (!asked_for(&to->asked, e))
			to->look = true;
		break;
	}
}

static void on_drained(void *context)
{
	struct guarded *to = context;

	if (!guard_has_lost(to->guard))
		return;
	registry_lost(to->moves->registry);
	to->look = true;
}

const struct guard_events_handler guarded_events = {on_event, on_drained};

static uint64_t look_due(const struct guarded *g)
{
	if (!g->look || g->looking)
		return UINT64_MAX;
	return g->looked == 0 ? 0 : g->looked + LOOK_PAUSE_MS;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_due(const void *context)
{
	const struct guarded *g = context;

	return earlier(look_due(g), g->guard->on ? earlier(g->check_at, g->sweep_at) : UINT64_MAX);
}

/* Events that are lost meanwhile start it again. */
static void begin_look(struct guarded *g)
{
	tscf_info("guard: events were lost; all sockets are looked at");
	g->looked = tscf_timers_now(g->timers);
	g->look = !live_sockets_classify_beside(g->moves, g->guard, *g->asked.searches, NULL, &g->looking);
}

void guarded_begin(struct guarded *g)
{
	registry_set_exact(g->moves->registry, guard_is_heard(g->guard));
	guard_look_at_refusals(g->guard, tscf_timers_now(g->timers));
	g->check_at = g->guard->on ? tscf_timers_now(g->timers) + CHECK_PAUSE_MS : UINT64_MAX;
}

static void tick(void *context)
{
	struct guarded *g = context;

	if (g->check_at <= tscf_timers_now(g->timers))
		guarded_begin(g);
	if (g->guard->on && g->sweep_at <= tscf_timers_now(g->timers))
		g->sweep_at =
		    tscf_timers_now(g->timers) + (guard_set_sweep(&g->guard->set) ? SWEEP_PAUSE_MS : CHECK_PAUSE_MS);
	if (look_due(g) <= tscf_timers_now(g->timers))
		begin_look(g);
}

void guarded_init(struct guarded *g)
{
	g->check_at = UINT64_MAX;
	tscf_timers_add(g->timers, &g->timer, next_due, tick, g);
}
