/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/guarded.h"

#include "common/base/log.h"
#include "tscf-client/sockets/classify.h"
#include "tscf-client/sockets/live_sockets.h"
#include "tscf-client/sockets/processes.h"

#include <string.h>
#include <unistd.h>

/** No program can make the client look at all sockets more often. */
#define LOOK_PAUSE_MS 10000

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
				.uid = e->uid,
				.cookie = e->cookie};

	if (e->remote_port == 0)
		return s;
	s.remote = address(e, e->remote);
	s.remote_port = (uint16_t)e->remote_port;
	return s;
}

struct wanted {
	const struct guarded *to;
	const struct guard_event *event;
	bool found;
};

/* Find the descriptor that the program has asked with: the guard stores the last request with the socket. */
static void give(void *context, pid_t pid, int fd)
{
	struct wanted *w = context;
	struct moves *moves = w->to->moves;
	struct guard *guard = w->to->guard;
	struct change *change = NULL;

	if (!w->found && guard_set_asked(&guard->set, fd) == w->event->asked)
		change = w->event->kind == GUARD_EVENT_CLASS
			     ? moves_begin_default(moves, classify_default_of(guard, pid))
			     : moves_begin_own(moves, (enum tscf_level)w->event->level);
	if (!change) {
		close(fd);
		return;
	}
	w->found = true;
	moves_end(moves, change, moves_add(moves, change, fd, pid));
}

static void on_event(void *context, const struct guard_event *e)
{
	const struct guarded *to = context;
	struct moves *moves = to->moves;
	struct tscf_socket s = socket_of(e);
	struct wanted wanted = {.to = to, .event = e};

	switch (e->kind) {
	case GUARD_EVENT_BOUND:
		/* Only a dump shows whether the socket has IPv4 as well. */
		if (s.family == AF_INET6 && tscf_addr_is_any(&s.local))
			registry_resync_soon(moves->registry);
		else
			moves_marked(moves, &s, e->mark_before);
		break;
	case GUARD_EVENT_LEVEL:
		if (s.protocol == IPPROTO_TCP && s.local_port != 0 && s.remote_port == 0)
			accept_queue_raised(moves->accept_queue, &s,
					    tscf_mark_get(e->mark, moves->config->fwmark_mask));
		moves_marked(moves, &s, e->mark_before);
		break;
	case GUARD_EVENT_GROUP:
		guard_groups_look_soon(&to->guard->groups);
		break;
	case GUARD_EVENT_ASKS:
	case GUARD_EVENT_CLASS:
		if (processes_each_socket((pid_t)e->pid, give, &wanted) < 0 || !wanted.found)
			tscf_debug("process %u asked for a level of a socket that cannot be found", e->pid);
		break;
	}
}

static void on_drained(void *context)
{
	struct guarded *to = context;

	if (!guard_has_lost(to->guard))
		return;
	registry_resync_soon(to->moves->registry);
	to->look = true;
}

const struct guard_events_handler guarded_events = {on_event, on_drained};

static uint64_t next_due(const void *context)
{
	const struct guarded *g = context;

	if (g->proc)
		return 0;
	if (!g->look)
		return UINT64_MAX;
	return g->looked == 0 ? 0 : g->looked + LOOK_PAUSE_MS;
}

/* Events that are lost meanwhile start it again. */
static void begin_look(struct guarded *g)
{
	tscf_info("guard: events were lost; all sockets are looked at");
	g->proc = opendir("/proc");
	g->look = !g->proc;
	g->looked = tscf_timers_now(g->timers);
}

static void tick(void *context)
{
	struct guarded *g = context;

	if (!g->proc)
		begin_look(g);
	if (g->proc && !live_sockets_classify_some(g->moves, g->guard, g->proc))
		guarded_free(g);
}

void guarded_init(struct guarded *g)
{
	tscf_timers_add(g->timers, &g->timer, next_due, tick, g);
}

void guarded_free(struct guarded *g)
{
	if (g->proc)
		closedir(g->proc);
	g->proc = NULL;
}
