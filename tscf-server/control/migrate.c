/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/control/migrate.h"

#include "tscf-server/context.h"
#include "tscf-server/session/session_move.h"
#include "tscf-server/session/sockets.h"
#include "tscf-server/session/way.h"
#include "tscf-server/store/journal.h"

#include "common/base/clock.h"
#include "common/transport/stream.h"
#include "common/transport/udp.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/** How long a session may be on its way; by then the client has repeated its messages. */
#define JOURNEY_MS 1000
/** Reason of the end of a session that no worker has any more. */
#define LOST_ON_ITS_WAY "it was lost on its way to another address"

/** A message that is passed through the workers. */
struct forwarded_query {
	atomic_uint left; /**< workers that have not handled it yet */
	atomic_bool found;
	const struct server_worker *home; /**< the worker that received it */
	unsigned listener;                /**< index of the interface's transport that it came by */
	uint64_t serial;                  /**< of the connection; 0: it came in a datagram */
	union tscf_endpoint from;
	struct tscf_addr local;
	char interface[SERVER_RECORD_NAME];
	uint32_t length;
	uint8_t data[TSCF_MESSAGE_MAX];
};

static void remember_handoff(struct server_worker *worker, uint64_t tsid, uint64_t now)
{
	worker->handoffs[worker->handoff_count++ % SERVER_HANDOFFS] =
	    (struct server_handoff){.tsid = tsid, .until = now + JOURNEY_MS};
}

bool server_migrate_under_way(const struct server_input *in, uint64_t tsid)
{
	const struct server_worker *here = in->interface->worker;

	if (!here || in->place.connection)
		return false;
	for (unsigned n = 0; n < SERVER_HANDOFFS; n++)
		if (here->handoffs[n].tsid == tsid && in->now < here->handoffs[n].until)
			return true;
	return false;
}

/** @return the index of @p l among the listeners of its interface. */
static unsigned index_of(const struct server_listener *l)
{
	return (unsigned)(l - l->interface->listener);
}

/** An answer on its way to the worker that has the connection. */
struct forwarded_reply {
	char interface[SERVER_RECORD_NAME];
	unsigned listener;
	uint64_t serial;
	uint32_t length;
	uint8_t data[TSCF_PROBE_MAX];
};

static void forwarded_reply_arrives(void *owner, void *data)
{
	struct server_worker *worker = owner;
	struct forwarded_reply *reply = data;
	struct server_interface *i = server_interface_find(worker->state, reply->interface);
	struct tscf_peer *peer =
	    i ? server_way_connection(worker->state, &i->listener[reply->listener], reply->serial) : NULL;

	if (peer)
		tscf_peer_send(peer, reply->data, reply->length);
}

static void send_forwarded_reply(const struct forwarded_query *query, const struct server_answer *answer)
{
	struct forwarded_reply *reply = answer->length > 0 ? malloc(sizeof(*reply)) : NULL;

	if (!reply)
		return;
	*reply =
	    (struct forwarded_reply){.listener = query->listener, .serial = query->serial, .length = answer->length};
	memcpy(reply->interface, query->interface, sizeof(reply->interface));
	memcpy(reply->data, answer->data, answer->length);
	if (server_mailbox_post(&query->home->server->workers[query->home->index].mailbox, forwarded_reply_arrives,
				reply) < 0)
		free(reply);
}

/** Send this worker's answer; if the message came by a connection, the worker that has it sends the answer. */
static void answer_forwarded_query(struct server_worker *worker, struct server_interface *i,
				   const struct forwarded_query *query, const struct server_answer *answer)
{
	struct server_place to = {
	    .listener = &i->listener[query->listener], .outer = query->from, .local = query->local};

	if (query->serial != 0)
		send_forwarded_reply(query, answer);
	else
		server_way_answer(worker, &to, answer);
}

/** Answer that no worker has the session; only the last worker does so. */
static void answer_nobody(struct server_worker *worker, struct server_interface *i, const struct forwarded_query *query)
{
	struct server_answer answer = {.length = 0};
	struct tscf_message m;
	struct tscf_writer w;
	int length;

	if (tscf_message_decode(query->data, query->length, &m) < 0)
		return;
	tscf_write_begin(&w, answer.data, sizeof(answer.data), m.type + 1, m.tsid, m.sequence);
	tscf_write_response(&w, TSCF_RESPONSE_NO_SESSION, "");
	length = tscf_write_finish(&w);
	answer.length = length > 0 ? (uint32_t)length : 0;
	server_count(&worker->state->counters, SERVER_COUNT_CONTROL_NO_SESSION);
	answer_forwarded_query(worker, i, query, &answer);
}

static void look(struct server_worker *worker, struct server_interface *i, struct forwarded_query *query)
{
	struct server_input in = {
	    .interface = i,
	    .place = {.listener = &i->listener[query->listener], .outer = query->from, .local = query->local},
	    .now = tscf_clock_now(),
	    .home = query->home,
	    .serial = query->serial};
	struct server_answer answer;
	struct tscf_message m;

	if (tscf_message_decode(query->data, query->length, &m) < 0)
		return;
	if (!server_session_find(&worker->state->sessions, m.tsid)) {
		/* A repeated message: the session has left after the first one. */
		if (query->serial == 0 && server_migrate_under_way(&in, m.tsid))
			query->found = true;
		return;
	}
	query->found = true;
	worker->redispatch(worker->state, &in, query->data, query->length, &answer);
	answer_forwarded_query(worker, i, query, &answer);
}

static void forwarded_query_arrives(void *owner, void *data)
{
	struct server_worker *worker = owner;
	struct forwarded_query *query = *(struct forwarded_query **)data;
	struct server_interface *i = server_interface_find(worker->state, query->interface);

	if (i)
		look(worker, i, query);
	if (atomic_fetch_sub(&query->left, 1) > 1)
		return;
	if (i && !query->found)
		answer_nobody(worker, i, query);
	free(query);
}

static struct forwarded_query *forwarded_query_new(const struct server_input *in, const uint8_t *data, uint32_t length)
{
	struct forwarded_query *query = calloc(1, sizeof(*query));

	if (!query)
		return NULL;
	query->home = in->interface->worker;
	query->listener = index_of(in->place.listener);
	query->serial = server_way_serial(in);
	query->from = in->place.outer;
	query->local = in->place.local;
	strncpy(query->interface, in->interface->name, sizeof(query->interface) - 1);
	query->length = length;
	memcpy(query->data, data, length);
	return query;
}

static bool send_forwarded_query(struct server_worker *to, struct forwarded_query *query)
{
	struct forwarded_query **mail = malloc(sizeof(struct forwarded_query *));

	if (!mail)
		return false;
	*mail = query;
	if (server_mailbox_post(&to->mailbox, forwarded_query_arrives, mail) == 0)
		return true;
	free(mail);
	return false;
}

/** A client that has a tunnel on a connection waits for no other one. */
static bool has_tunnel(const struct server_input *in)
{
	return in->place.connection && in->session && !(in->session->encrypted && !in->session->confirmed);
}

bool server_migrate_ask(const struct server_input *in, const uint8_t *data, uint32_t length)
{
	struct server_worker *here = in->interface->worker;
	struct tscf_message m;
	struct forwarded_query *query;
	struct tscf_tlv cookie;

	if (!here || in->home || has_tunnel(in) || here->server->worker_count < 2 || length > TSCF_MESSAGE_MAX)
		return false;
	query = forwarded_query_new(in, data, length);
	if (!query)
		return true;
	/* A message that proves the address brings the session here, and later messages may arrive before the
	 * session. */
	if (tscf_message_decode(data, length, &m) == 0 && m.type == TSCF_KEEPALIVE_REQUEST &&
	    tscf_message_find(&m, TSCF_TLV_COOKIE, &cookie))
		remember_handoff(here, m.tsid, in->now);
	/* Count this worker too, so that the query does not end before it has been sent to all. */
	query->left = here->server->worker_count;
	for (unsigned n = 0; n < here->server->worker_count; n++)
		if (n != here->index && !send_forwarded_query(&here->server->workers[n], query))
			atomic_fetch_sub(&query->left, 1);
	if (atomic_fetch_sub(&query->left, 1) == 1)
		free(query);
	return true;
}

/* --- the session goes --- */

struct luggage {
	struct tscf_binding_key key;
	enum server_stored_binding as;
	uint8_t stored;
	uint64_t expires;
};

/** A session on its way. */
struct emigrant {
	struct server_record record;
	struct server_journeys journeys;
	unsigned listener; /**< index of the interface's transport that it moves to */
	uint64_t serial;   /**< of the connection there; 0: it moves to a datagram address */
	uint32_t length;   /**< of the message by which its client has proved its address */
	uint8_t data[TSCF_MESSAGE_MAX];
	unsigned count, room;
	struct luggage luggage[];
};

static void pack(struct emigrant *e, const struct tscf_binding *b)
{
	if (e->count == e->room || server_journal_as(b) == SERVER_STORED_NONE)
		return;
	e->luggage[e->count++] =
	    (struct luggage){.key = b->key, .as = server_journal_as(b), .stored = b->stored, .expires = b->expires};
}

struct packing {
	struct tscf_bindings *table;
	struct emigrant *emigrant;
};

/** Pack all bindings of an address of the lease: no session lists the tombstones. */
static void pack_all(void *context, struct tscf_binding *b)
{
	struct packing *p = context;

	pack(p->emigrant, b);
	tscf_bindings_remove(p->table, b);
}

static struct emigrant *emigrant_new(struct server_state *state, const struct server_session *s,
				     const struct server_input *in, const uint8_t *data, uint32_t length)
{
	unsigned room = 0;
	struct emigrant *e;

	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		room += tscf_bindings_of(state->bindings, &s->lease->address[i].addr);
	e = calloc(1, sizeof(*e) + room * sizeof(e->luggage[0]));
	if (!e)
		return NULL;
	e->room = room;
	e->length = length;
	memcpy(e->data, data, length);
	server_session_export(s, &e->record);
	e->record.outer = in->place.outer;
	e->record.local = in->place.local;
	e->record.place = index_of(in->place.listener) / SERVER_PROTOCOLS;
	e->record.stream = in->serial != 0;
	e->listener = index_of(in->place.listener);
	e->serial = in->serial;
	e->journeys = s->journeys;
	return e;
}

static void unpack(struct server_state *state, struct server_session *s, const struct luggage *l)
{
	struct tscf_binding *b;

	if (l->as == SERVER_STORED_EXCEPTION)
		b = tscf_bindings_bind(state->bindings, &l->key, TSCF_LEVEL_UNENCRYPTED, s, &s->bindings);
	else
		b = tscf_bindings_shield(state->bindings, &l->key, s, &s->bindings);
	if (!b)
		return;
	b->stored = l->stored;
	if (l->as != SERVER_STORED_TOMBSTONE)
		return;
	tscf_binding_bury(b, 0);
	b->expires = l->expires;
}

/** Find the place that @p e moves to, and make room there. */
static void find_place(struct server_worker *worker, struct server_interface *i, const struct emigrant *e, uint64_t now,
		       struct server_place *out)
{
	const struct tscf_peer *occupant;

	out->listener = &i->listener[e->listener];
	out->outer = e->record.outer;
	out->local = e->record.local;
	out->connection = server_way_connection(worker->state, out->listener, e->serial);
	occupant = e->record.stream ? NULL : tscf_udp_peer_at(out->listener->transport, &out->outer);
	if (occupant)
		server_session_evict(worker->state, occupant->user, now);
}

static void unpack_all(struct server_state *state, struct server_session *s, const struct emigrant *e)
{
	struct server_store *store = state->store;

	/* The store has the bindings already. */
	server_journal_end(state);
	for (unsigned n = 0; n < e->count; n++)
		unpack(state, s, &e->luggage[n]);
	server_journal_begin(state, store);
	/* All but those that its worker had before there was a store. */
	server_journal_bindings(state, s->lease);
	s->ticket = SERVER_TICKET_BEFORE;
	server_journal_session(state, s);
}

/** Give @p s the connection at @p place. */
static void give_connection(struct server_state *state, struct server_session *s, const struct server_place *place,
			    uint64_t now)
{
	struct server_session *accepted = place->connection->user;

	s->listener = place->listener;
	s->peer = place->connection;
	if (accepted) {
		s->peer->user = s;
		server_session_discard(state, accepted, now);
	} else {
		tscf_stream_adopt(s->peer, s);
	}
}

static void immigrate(void *owner, void *data)
{
	struct server_worker *worker = owner;
	struct emigrant *e = data;
	struct server_interface *i = server_interface_find(worker->state, e->record.interface);
	struct server_input in = {.interface = i, .now = tscf_clock_now(), .opened = true};
	struct server_answer answer;

	if (i) {
		find_place(worker, i, e, in.now, &in.place);
		in.session = server_session_import(worker->state, i, &e->record, in.now);
	}
	if (!in.session) {
		server_accounting_gone(worker->state, &e->record, LOST_ON_ITS_WAY);
		return;
	}
	in.session->journeys = e->journeys;
	in.session->shields_due = in.session->quiet;
	server_sockets_restored(in.session);
	unpack_all(worker->state, in.session, e);
	/* The connection may have been closed while the session was under way: then the session waits for another. */
	if (e->record.stream && !in.place.connection)
		return;
	if (in.place.connection)
		give_connection(worker->state, in.session, &in.place, in.now);
	worker->redispatch(worker->state, &in, e->data, e->length, &answer);
	server_way_answer(worker, &in.place, &answer);
}

bool server_migrate_allowed(const struct server_session *s, uint64_t now)
{
	return s->journeys.count < SERVER_JOURNEYS || now - s->journeys.since >= SERVER_JOURNEYS_MS;
}

static void count_journey(struct server_journeys *j, uint64_t now)
{
	if (now - j->since >= SERVER_JOURNEYS_MS)
		*j = (struct server_journeys){.since = now};
	j->count++;
}

void server_migrate(struct server_state *state, const struct server_input *in, struct server_session *s,
		    const uint8_t *data, uint32_t length)
{
	struct server_worker *home = &in->interface->worker->server->workers[in->home->index];
	struct server_store *store = state->store;
	struct packing packing = {.table = state->bindings};

	remember_handoff(in->interface->worker, s->tsid, in->now);
	/* The client opens another encrypted tunnel; the bindings become shields. */
	if (s->lease->encrypted_session)
		server_session_end(state, s->lease->encrypted_session, in->now, "its client is at another address now");
	count_journey(&s->journeys, in->now);
	packing.emigrant = emigrant_new(state, s, in, data, length);
	if (!packing.emigrant)
		return;
	/* For the store it is the same session, with the same bindings. */
	server_journal_end(state);
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		tscf_bindings_each_of(state->bindings, &s->lease->address[i].addr, pack_all, &packing);
	s->account.goes_on = true;
	server_session_end(state, s, in->now, "it goes on at another address");
	server_journal_begin(state, store);
	server_count(&state->counters, SERVER_COUNT_PLAIN_RESUMED);
	/* If the other worker's mailbox cannot take the session, it is lost, and its client configures again. */
	if (server_mailbox_post(&home->mailbox, immigrate, packing.emigrant) == 0)
		return;
	server_accounting_gone(state, &packing.emigrant->record, LOST_ON_ITS_WAY);
	free(packing.emigrant);
}
