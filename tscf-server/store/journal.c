/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/journal.h"

#include "tscf-server/state.h"

#include "common/base/clock.h"

#include <string.h>
#include <time.h>

enum server_stored_binding server_journal_as(const struct tscf_binding *b)
{
	switch (b->state) {
	case TSCF_BINDING_ACTIVE:
		if (b->level == TSCF_LEVEL_ENCRYPTED_ONLY)
			return SERVER_STORED_SHIELD;
		return b->level == TSCF_LEVEL_UNENCRYPTED ? SERVER_STORED_EXCEPTION : SERVER_STORED_NONE;
	case TSCF_BINDING_SHIELD:
		return SERVER_STORED_SHIELD;
	case TSCF_BINDING_TOMBSTONE:
		return SERVER_STORED_TOMBSTONE;
	case TSCF_BINDING_RELEASED:
		break;
	}
	return SERVER_STORED_NONE;
}

static void binding_changed(void *context, struct tscf_binding *b, bool gone)
{
	struct server_state *state = context;
	struct server_change change = {.kind = SERVER_CHANGE_BINDING};

	change.binding.as = gone ? SERVER_STORED_NONE : server_journal_as(b);
	if (change.binding.as == (enum server_stored_binding)b->stored)
		return;
	change.fresh = b->stored == SERVER_STORED_NONE;
	change.binding.key = b->key;
	/* A lost change is made up for when the entry changes again, or else because its session comes back quiet. */
	if (server_store_put(state->store, &change) != 0)
		b->stored = (uint8_t)change.binding.as;
}

void server_journal_begin(struct server_state *state, struct server_store *store)
{
	state->store = store;
	tscf_bindings_watch(state->bindings, store ? binding_changed : NULL, state);
}

static void put_binding(void *context, struct tscf_binding *b)
{
	binding_changed(context, b, false);
}

void server_journal_bindings(struct server_state *state, const struct server_lease *lease)
{
	for (unsigned i = 0; state->store && i < TSCF_FAMILIES; i++)
		tscf_bindings_each_of(state->bindings, &lease->address[i].addr, put_binding, state);
}

void server_journal_all(struct server_state *state)
{
	if (!state->store)
		return;
	for (struct server_session *s = state->sessions.confirmed; s; s = s->next) {
		server_journal_lease(state, s->lease, s->client_id);
		server_journal_session(state, s);
	}
	tscf_bindings_each(state->bindings, put_binding, state);
}

void server_journal_end(struct server_state *state)
{
	state->store = NULL;
	tscf_bindings_watch(state->bindings, NULL, NULL);
}

/** @return for how many seconds more @p s may be there. */
static int64_t seconds_left(const struct server_session *s)
{
	const uint64_t now = tscf_clock_now();

	return s->allowance.until > now ? (int64_t)((s->allowance.until - now) / 1000) : 0;
}

void server_session_export(const struct server_session *s, struct server_record *out)
{
	*out = (struct server_record){
	    .tsid = s->tsid,
	    .outer = s->outer,
	    .services = s->services,
	    .quiet = s->quiet,
	    .guarded = s->guarded,
	    .place = (unsigned)(s->listener - s->interface->listener) / SERVER_PROTOCOLS,
	    .stream = (s->listener - s->interface->listener) % SERVER_PROTOCOLS != SERVER_UDP,
	    .resumable = s->resume.locked,
	    .shield_locked = s->lease->locked,
	    .seal = s->seal,
	    .since = s->account.since,
	    .traffic = server_session_traffic(s),
	    .granted_up = server_quota_granted(s->quota, SERVER_UP),
	    .granted_down = server_quota_granted(s->quota, SERVER_DOWN),
	    .interval = s->account.interval,
	};
	if (s->peer)
		out->local = s->peer->local;
	strncpy(out->interface, s->interface->name, sizeof(out->interface) - 1);
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		out->address[i] = s->lease->address[i].addr;
	out->named = s->who != NULL;
	if (s->who)
		out->who = *s->who;
	memcpy(out->client_id, s->client_id, sizeof(out->client_id));
	memcpy(out->resume_lock, s->resume.lock, sizeof(out->resume_lock));
	memcpy(out->shield_lock, s->lease->shield_lock, sizeof(out->shield_lock));
	if (s->allowance.until != 0)
		out->allowed_until = time(NULL) + seconds_left(s);
	out->class_length = s->allowance.class_length;
	if (out->class_length > 0)
		memcpy(out->class, s->allowance.class, out->class_length);
}

void server_journal_session(struct server_state *state, struct server_session *s)
{
	struct server_change change = {.kind = SERVER_CHANGE_SESSION};
	struct server_record record;
	uint64_t ticket;
	int length;

	if (!state->store || !s->confirmed || s->encrypted)
		return;
	server_session_export(s, &record);
	length = server_record_write(&record, change.session.record);
	if (length < 0)
		return;
	change.fresh = s->ticket == 0;
	change.session.tsid = s->tsid;
	change.session.length = (uint16_t)length;
	ticket = server_store_put(state->store, &change);
	s->ticket = ticket != 0 ? ticket : SERVER_TICKET_LOST;
}

void server_journal_session_end(struct server_state *state, const struct server_session *s)
{
	struct server_change change = {.kind = SERVER_CHANGE_SESSION, .session = {.tsid = s->tsid}};

	if (state->store && s->confirmed && !s->encrypted)
		server_store_put(state->store, &change);
}

void server_journal_lease(struct server_state *state, const struct server_lease *lease, const uint8_t *client_id)
{
	struct server_change change = {.kind = SERVER_CHANGE_LEASE};

	if (!state->store)
		return;
	memcpy(change.lease.client_id, client_id, sizeof(change.lease.client_id));
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		change.lease.addr = lease->address[i].addr;
		if (change.lease.addr.family != 0)
			server_store_put(state->store, &change);
	}
}

void server_journal_guard(struct server_state *state, struct server_session *plain)
{
	if (plain->guarded)
		return;
	plain->guarded = true;
	server_journal_session(state, plain);
}

uint64_t server_journal_ticket(struct server_state *state, struct server_session *s)
{
	struct server_session *plain = s->encrypted ? (s->partner ? s->partner->plain : NULL) : s;

	if (!state->store || !plain)
		return 0;
	if (plain->ticket == SERVER_TICKET_LOST)
		server_journal_session(state, plain);
	return plain->ticket;
}
