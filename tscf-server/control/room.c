/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/control/room.h"

#include "tscf-server/context.h"

#include "common/base/clock.h"

#include <stdatomic.h>
#include <stdlib.h>

/** A search on its way round the workers. */
struct search {
	const struct server_allocator *allocator; /**< of the interface, at each worker */
	unsigned left;                            /**< workers that have not looked yet */
	unsigned worker;                          /**< the one that has the best candidate */
	uint64_t tsid;                            /**< of that; TSCF_TSID_NONE: there was none yet */
	struct server_yield_rank rank;
};

static const struct server_interface *interface_of(const struct server_state *state,
						   const struct server_allocator *allocator)
{
	const struct server_interface *i = state->interfaces;

	while (i && i->allocator != allocator)
		i = i->next;
	return i;
}

/** The worker @p index looks for a better candidate. */
static void look(const struct server_state *state, unsigned index, struct search *q, uint64_t now)
{
	const struct server_interface *i = interface_of(state, q->allocator);
	struct server_yield_rank rank;
	const struct server_session *s = i ? server_yield_first(i, now, &rank) : NULL;

	q->left--;
	if (!s || (q->tsid != TSCF_TSID_NONE && !server_yield_before(&rank, &q->rank, now)))
		return;
	q->worker = index;
	q->tsid = s->tsid;
	q->rank = rank;
}

static void ask(struct server_state *state, uint64_t tsid, uint64_t now)
{
	struct server_session *s = server_session_find(&state->sessions, tsid);

	/* Its client may have said meanwhile that it needs the tunnel. */
	if (s && s->yield.state == SERVER_YIELD_CANDIDATE)
		server_yield_ask(state, s, now);
}

static void found_arrives(void *owner, void *data)
{
	const struct server_worker *worker = owner;

	ask(worker->state, ((struct search *)data)->tsid, tscf_clock_now());
}

static void search_arrives(void *owner, void *data);

static void post(const struct server *server, unsigned index, server_mail_action action, const struct search *q)
{
	struct search *copy = malloc(sizeof(*copy));

	if (!copy)
		return;
	*copy = *q;
	if (server_mailbox_post(&server->workers[index].mailbox, action, copy) < 0)
		free(copy);
}

/** The worker has looked. */
static void go_on(const struct server_worker *worker, const struct search *q, uint64_t now)
{
	const struct server *server = worker->server;

	if (q->left > 0)
		post(server, (worker->index + 1) % server->worker_count, search_arrives, q);
	else if (q->tsid != TSCF_TSID_NONE && q->worker != worker->index)
		post(server, q->worker, found_arrives, q);
	else if (q->tsid != TSCF_TSID_NONE)
		ask(worker->state, q->tsid, now);
}

static void search_arrives(void *owner, void *data)
{
	const struct server_worker *worker = owner;
	const uint64_t now = tscf_clock_now();
	struct search *q = data;

	look(worker->state, worker->index, q, now);
	go_on(worker, q, now);
}

void server_room_search(struct server_state *state, struct server_interface *i, uint64_t now)
{
	struct search q = {.allocator = i->allocator, .left = 1, .tsid = TSCF_TSID_NONE};

	if (i->worker) {
		q.left = i->worker->server->worker_count;
		look(state, i->worker->index, &q, now);
		go_on(i->worker, &q, now);
		return;
	}
	look(state, 0, &q, now);
	ask(state, q.tsid, now);
}

bool server_room_ask(const struct server_request *r)
{
	struct server_session *s = r->session;
	struct server_allocator *allocator = s->interface->allocator;
	const uint64_t now = r->in->now;

	if (s->room_asked == 0 || now - s->room_asked >= SERVER_ROOM_MS) {
		if (atomic_load_explicit(&allocator->candidates, memory_order_relaxed) == 0)
			return false;
		s->room_asked = now;
		server_room_search(r->state, s->interface, now);
	}
	atomic_store_explicit(&allocator->kept_until, now + SERVER_ROOM_KEPT_MS, memory_order_relaxed);
	return true;
}

bool server_room_kept(const struct server_interface *i, uint64_t now)
{
	return now < atomic_load_explicit(&i->allocator->kept_until, memory_order_relaxed);
}
