/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/accepted.h"

#include "common/base/level.h"
#include "tscf-client/sockets/processes.h"

#include <stdlib.h>

/** Longest time between two checks. */
#define LAST_PAUSE_MS  250
#define PORTS_PER_WORD 64

/** What a check has found. */
struct look {
	struct accept_queue *queue;
	struct owner *owners; /**< of those that have been accepted */
	unsigned accepted;
};

/** A search for the connections that have been accepted. */
struct taking {
	struct search search;
	struct accepted *to;
	struct owner *owners; /**< with the value that each connection gets */
	unsigned count;
};

static void look_through(struct search *search)
{
	struct taking *t = (struct taking *)search;

	processes_find_owners(t->owners, t->count);
	for (unsigned i = 0; i < t->count; i++) {
		const struct owner *o = &t->owners[i];
		int fd = o->pid != 0 ? processes_take_socket(o->pid, PROCESSES_ANY_OWNER, o->inode) : -1;

		if (fd >= 0)
			search_found(search, o->pid, fd, o->note);
	}
}

static void take(struct search *search, const struct search_find *find)
{
	struct moves *moves = ((struct taking *)search)->to->moves;
	enum tscf_level level = (enum tscf_level)(find->note & TSCF_MARK_LEVEL);
	struct change *change =
	    find->note & TSCF_MARK_EXPLICIT ? moves_begin_own(moves, level) : moves_begin_default(moves, level);

	if (!change) {
		tscf_control_discard(*moves->control, find->fd);
		return;
	}
	moves_end(moves, change, moves_add(moves, change, find->fd, find->pid));
}

static void over(struct search *search)
{
	((struct taking *)search)->to->taking = false;
}

static void free_taking(struct search *search)
{
	struct taking *t = (struct taking *)search;

	free(t->owners);
	free(t);
}

/* The owners are the search's then. */
static void begin_to_take(struct accepted *a, struct look *look)
{
	struct taking *t = calloc(1, sizeof(*t));

	if (!t)
		return;
	*t = (struct taking){
	    .search = {.uid = SEARCHES_CLIENT, .work = look_through, .found = take, .over = over, .free = free_taking},
	    .to = a,
	    .owners = look->owners,
	    .count = look->accepted};
	look->owners = NULL;
	a->taking = true;
	searches_begin(*a->searches, &t->search);
}

/* If the mark has changed since, the connection was given a level, by the last check at the latest.  A connection that
 * changes its state during the dump may be listed twice. */
static void see(void *context, const struct tscf_socket *s)
{
	struct look *look = context;
	const struct accept_queue *q = look->queue;
	struct waiting_connection *w = accept_queue_find(q, s->cookie);

	if (!w || w->check == q->check || tscf_mark_get(s->mark, q->config->fwmark_mask) != w->about.was)
		return;
	w->check = q->check;
	if (s->inode != 0)
		look->owners[look->accepted++] = (struct owner){.inode = s->inode, .note = w->about.value};
}

/* @return 0 or -errno. */
static int look_at_ports(struct look *look)
{
	uint64_t looked[(UINT16_MAX + 1) / PORTS_PER_WORD] = {0};
	int err = 0;

	for (struct waiting_connection *w = look->queue->connections; w && err == 0; w = w->hh.next) {
		const unsigned port = w->about.port & UINT16_MAX;
		const uint64_t bit = UINT64_C(1) << port % PORTS_PER_WORD;

		if (!(looked[port / PORTS_PER_WORD] & bit))
			err = tscf_sockdiag_tcp_port((uint16_t)port, see, look);
		looked[port / PORTS_PER_WORD] |= bit;
	}
	return err;
}

static void remove_missing(struct accept_queue *q)
{
	struct waiting_connection *w, *next;

	HASH_ITER(hh, q->connections, w, next) {
		if (w->check != q->check)
			accept_queue_remove(q, w);
	}
}

static void look_at_all(struct accepted *a, struct look *look)
{
	struct accept_queue *q = look->queue;

	q->check++;
	if (look_at_ports(look) == 0)
		remove_missing(q);
	/* What a search under way has not found will be found next time. */
	if (look->accepted > 0 && !a->taking)
		begin_to_take(a, look);
}

static void tick(void *context)
{
	struct accepted *a = context;
	struct accept_queue *q = a->queue;
	struct look look = {.queue = q};
	unsigned before = HASH_COUNT(q->connections);

	look.owners = calloc(before, sizeof(*look.owners));
	if (look.owners)
		look_at_all(a, &look);
	free(look.owners);
	/* If one was accepted, others will be soon. */
	if (HASH_COUNT(q->connections) < before)
		q->pause = ACCEPT_QUEUE_PAUSE_MS;
	else
		q->pause = q->pause * 2 > LAST_PAUSE_MS ? LAST_PAUSE_MS : q->pause * 2;
	q->look_at = tscf_timers_now(q->timers) + q->pause;
}

static uint64_t next_due(const void *context)
{
	const struct accepted *a = context;

	return a->queue->connections ? a->queue->look_at : UINT64_MAX;
}

void accepted_init(struct accepted *a)
{
	tscf_timers_add(a->queue->timers, &a->timer, next_due, tick, a);
}
