/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/accepted.h"

#include "common/base/level.h"
#include "tscf-client/sockets/processes.h"

#include <stdlib.h>

/** Longest time between two checks. */
#define LAST_PAUSE_MS 250

/** What a check has found. */
struct look {
	struct accept_queue *queue;
	struct moves *moves;
	bool *there;          /**< of each connection */
	struct owner *owners; /**< of those that have been accepted */
	unsigned accepted;
};

static void take(struct moves *moves, const struct owner *o, uint32_t value)
{
	enum tscf_level level = (enum tscf_level)(value & TSCF_MARK_LEVEL);
	int fd = o->pid != 0 ? processes_take_socket(o->pid, o->inode) : -1;
	struct change *change;

	if (fd < 0)
		return;
	change = value & TSCF_MARK_EXPLICIT ? moves_begin_own(moves, level) : moves_begin_default(moves, level);
	if (!change) {
		tscf_control_discard(*moves->control, fd);
		return;
	}
	moves_end(moves, change, moves_add(moves, change, fd, o->pid));
}

/* If the mark has changed since, the connection was given a level, by the last check at the latest. */
static void see(void *context, const struct tscf_socket *s)
{
	struct look *look = context;
	const struct accept_queue *q = look->queue;
	uint32_t value = tscf_mark_get(s->mark, q->config->fwmark_mask);

	for (unsigned i = 0; i < q->count; i++) {
		/* A connection that changes its state during the dump may be listed twice. */
		if (q->list[i].cookie != s->cookie || value != q->list[i].about.was || look->there[i])
			continue;
		look->there[i] = true;
		if (s->inode != 0)
			look->owners[look->accepted++] =
			    (struct owner){.inode = s->inode, .note = q->list[i].about.value};
		return;
	}
}

static bool is_first_of_port(const struct accept_queue *q, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (q->list[i].about.port == q->list[index].about.port)
			return false;
	return true;
}

static void look_at_all(struct look *look)
{
	struct accept_queue *q = look->queue;
	int err = 0;

	for (unsigned i = 0; i < q->count && err == 0; i++)
		if (is_first_of_port(q, i))
			err = tscf_sockdiag_tcp_port((uint16_t)q->list[i].about.port, see, look);
	for (unsigned i = q->count; err == 0 && i-- > 0;)
		if (!look->there[i])
			accept_queue_remove(q, i);
	processes_find_owners(look->owners, look->accepted);
	for (unsigned i = 0; i < look->accepted; i++)
		take(look->moves, &look->owners[i], look->owners[i].note);
}

static void tick(void *context)
{
	const struct accepted *a = context;
	struct accept_queue *q = a->queue;
	struct look look = {.queue = q, .moves = a->moves};
	unsigned before = q->count;

	look.there = calloc(q->count, sizeof(*look.there));
	look.owners = calloc(q->count, sizeof(*look.owners));
	if (look.there && look.owners)
		look_at_all(&look);
	free(look.there);
	free(look.owners);
	/* If one was accepted, others will be soon. */
	if (q->count < before)
		q->pause = ACCEPT_QUEUE_PAUSE_MS;
	else
		q->pause = q->pause * 2 > LAST_PAUSE_MS ? LAST_PAUSE_MS : q->pause * 2;
	q->look_at = tscf_timers_now(q->timers) + q->pause;
}

static uint64_t next_due(const void *context)
{
	const struct accepted *a = context;

	return a->queue->count > 0 ? a->queue->look_at : UINT64_MAX;
}

void accepted_init(struct accepted *a)
{
	tscf_timers_add(a->queue->timers, &a->timer, next_due, tick, a);
}
