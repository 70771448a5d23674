/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/session.h"

#include "tscf-server/accounting/reasons.h"
#include "tscf-server/session/bind.h"
#include "tscf-server/session/expiry.h"
#include "tscf-server/session/side_ways.h"
#include "tscf-server/state.h"
#include "tscf-server/store/journal.h"

#include "common/auth/proof.h"
#include "common/base/log.h"
#include "common/crypto/random.h"
#include "common/packet/message.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

int server_sessions_init(struct server_sessions *table)
{
	*table = (struct server_sessions){.sources.secret = &table->secret};
	return tscf_siphash_key_init(&table->secret);
}

/* --- TSIDs --- */

static unsigned hash(const struct server_sessions *table, uint64_t tsid)
{
	return (unsigned)tscf_siphash(&table->secret, &tsid, sizeof(tsid));
}

struct server_session *server_session_find(const struct server_sessions *table, uint64_t tsid)
{
	struct server_session *s;

	HASH_FIND_BYHASHVALUE(hh, table->by_tsid, &tsid, sizeof(tsid), hash(table, tsid), s);
	return s;
}

uint64_t server_session_new_tsid(const struct server_state *state)
{
	uint64_t tsid;

	do
		tscf_random(&tsid, sizeof(tsid));
	while (tsid == TSCF_TSID_NONE || server_session_find(&state->sessions, tsid) ||
	       server_reservation_exists(&state->reservations, tsid));
	return tsid;
}

static int set_tsid(struct server_sessions *table, struct server_session *s, uint64_t tsid)
{
	s->tsid = tsid;
	HASH_ADD_BYHASHVALUE(hh, table->by_tsid, tsid, sizeof(s->tsid), hash(table, tsid), s);
	if (s->hh.tbl) {
		s->order = ++table->ordered;
		return 0;
	}
	s->tsid = TSCF_TSID_NONE;
	return -ENOMEM;
}

void server_session_unmute(struct server_state *state, struct server_session *s)
{
	if (!s->quiet)
		return;
	s->quiet = false;
	s->shields_due = false;
	server_journal_session(state, s);
}

/* --- beginning --- */

static struct server_session *session_new(struct server_listener *listener, const union tscf_endpoint *outer,
					  bool encrypted, uint64_t now)
{
	struct server_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->tsid = TSCF_TSID_NONE;
	s->encrypted = encrypted;
	s->interface = listener->interface;
	s->listener = listener;
	s->outer = *outer;
	s->created = now;
	s->heard = now;
	s->tombstones_since = now;
	return s;
}

struct tscf_peer *server_session_settle(struct server_state *state, struct server_session *s,
					const struct server_place *place)
{
	if (!place->connection)
		return state->add_peer(place->listener->transport, &place->outer, &place->local, s);
	place->connection->user = s;
	return place->connection;
}

/** Assign a place to a plain session: its connection, behind the older session at its outer address, or a new peer.
 * @return 0 or -ENOMEM. */
static int take_place(struct server_state *state, struct server_session *s, const struct server_place *place,
		      struct server_session *older, uint64_t now)
{
	if (older) {
		if (older->pending)
			server_session_end(state, older->pending, now, "another configuration request came");
		s->older = older;
		older->pending = s;
		return 0;
	}
	s->peer = server_session_settle(state, s, place);
	return s->peer ? 0 : -ENOMEM;
}

struct server_session *server_session_new_plain(struct server_state *state, const struct server_place *place,
						struct server_session *older, struct server_lease *lease,
						const uint8_t *client_id, uint64_t now)
{
	struct server_session *s = session_new(place->listener, &place->outer, false, now);

	if (!s)
		return NULL;
	s->source = tscf_source_hold(&state->sessions.sources, &s->outer, UINT_MAX);
	if (!s->source || set_tsid(&state->sessions, s, server_session_new_tsid(state)) < 0)
		goto fail;
	if (take_place(state, s, place, older, now) < 0) {
		HASH_DELETE(hh, state->sessions.by_tsid, s);
		goto fail;
	}
	memcpy(s->client_id, client_id, sizeof(s->client_id));
	s->services = s->interface->services;
	s->networks.known = state->settings.networks_number;
	s->lease = lease;
	if (!lease->plain && !lease->encrypted_session) {
		lease->plain = s;
		memcpy(lease->client_id, client_id, sizeof(lease->client_id));
		lease->client = tscf_endpoint_addr(&s->outer);
	}
	s->interface->plain_count++;
	server_expiry_begin(state, s, now);
	return s;
fail:
	tscf_source_drop(&state->sessions.sources, s->source);
	free(s);
	return NULL;
}

/** @return the lease of the record, with a claimed place for the session, or NULL. */
static struct server_lease *import_lease(struct server_state *state, struct server_interface *interface,
					 const struct server_record *record, uint64_t now)
{
	struct server_lease *lease;

	if (server_session_find(&state->sessions, record->tsid) ||
	    !server_allocator_claim(&interface->allocator->plain, interface->max_plain, 0))
		return NULL;
	if (server_lease_take(&state->leases, &interface->allocator->plain_pools, record->address, now, &lease) < 0) {
		server_allocator_release(&interface->allocator->plain);
		return NULL;
	}
	return lease;
}

/** @return whether the client of the record may have a session there, under the present settings. */
static bool is_welcome(const struct server_interface *interface, const struct server_record *record)
{
	const struct tscf_client_auth *client_auth = interface->client_auth;

	if (record->allowed_until != 0 && record->allowed_until <= time(NULL))
		return false;
	return !client_auth || !tscf_client_auth_still(client_auth, record->named ? &record->who : NULL, time(NULL));
}

static void take_record(struct server_session *s, const struct server_record *record)
{
	struct server_lease *lease = s->lease;

	s->who = record->named ? malloc(sizeof(*s->who)) : NULL;
	if (s->who)
		*s->who = record->who;
	memcpy(s->client_id, record->client_id, sizeof(s->client_id));
	s->services = record->services;
	s->quiet = record->quiet;
	s->guarded = record->guarded;
	s->seal = record->seal;
	s->resume.locked = record->resumable;
	memcpy(s->resume.lock, record->resume_lock, sizeof(s->resume.lock));
	memcpy(lease->client_id, record->client_id, sizeof(lease->client_id));
	lease->client = tscf_endpoint_addr(&record->outer);
	lease->locked = record->shield_locked;
	memcpy(lease->shield_lock, record->shield_lock, sizeof(lease->shield_lock));
	server_lease_settle(lease, record->client_id);
}

void server_session_unsuspect(struct server_state *state, struct server_session *s)
{
	if (!s->liveness.listed)
		return;
	s->liveness.listed = false;
	DL_DELETE2(state->sessions.suspected, s, liveness.prev, liveness.next);
}

struct server_session *server_session_import(struct server_state *state, struct server_interface *interface,
					     const struct server_record *record, uint64_t now)
{
	struct server_lease *lease =
	    interface && is_welcome(interface, record) ? import_lease(state, interface, record, now) : NULL;
	struct server_session *s;

	if (!lease)
		return NULL;
	s = session_new(
	    &interface->listener[record->place * SERVER_PROTOCOLS + (record->stream ? SERVER_TCP : SERVER_UDP)],
	    &record->outer, false, now);
	if (!s)
		goto fail;
	s->source = tscf_source_hold(&state->sessions.sources, &record->outer, UINT_MAX);
	if (!s->source || set_tsid(&state->sessions, s, record->tsid) < 0)
		goto fail;
	/* A connection is gone after a restart; its client resumes on another. */
	if (!record->stream && s->listener->transport)
		s->peer = state->add_peer(s->listener->transport, &record->outer, &record->local, s);
	if (!record->stream && !s->peer) {
		HASH_DELETE(hh, state->sessions.by_tsid, s);
		goto fail;
	}
	s->lease = lease;
	lease->plain = s;
	take_record(s, record);
	s->quota = server_quota_hold(state->quotas, s->who);
	server_quota_claim(s->quota, SERVER_QUOTA_PLAIN, true);
	interface->plain_count++;
	server_expiry_begin(state, s, now);
	server_expiry_confirm(state, s, now);
	server_accounting_resume(state, s, record, now);
	server_allowance_import(state, s, record, now);
	return s;
fail:
	if (s)
		tscf_source_drop(&state->sessions.sources, s->source);
	free(s);
	server_lease_drop(&state->leases, lease, now);
	server_allocator_release(&interface->allocator->plain);
	return NULL;
}

struct server_session *server_session_accept(struct server_state *state, struct server_listener *listener,
					     struct tscf_peer *peer, uint64_t now)
{
	struct server_session *s = session_new(listener, &peer->outer, true, now);

	if (!s)
		return NULL;
	s->serial = ++state->sessions.accepted;
	s->peer = peer;
	peer->user = s;
	server_expiry_begin(state, s, now);
	return s;
}

struct server_session *server_session_accepted(const struct server_sessions *table, uint64_t serial)
{
	struct server_session *s;

	DL_FOREACH(table->unconfirmed, s)
		if (s->encrypted && s->serial == serial)
			return s;
	return NULL;
}

void server_session_discard(struct server_state *state, struct server_session *accepted, uint64_t now)
{
	accepted->peer = NULL;
	server_session_end(state, accepted, now, "another tunnel uses its connection");
}

static void log_begin(struct server_state *state, const struct server_session *s, uint64_t now)
{
	const enum tscf_log_level level = server_client_line(state, &s->outer, now);
	char outer[TSCF_ADDR_TEXT], inner[TSCF_ADDRS_TEXT];

	TSCF_LOG_IF_SHOWN(level, "%s tunnel of %s is up, internal %s", s->encrypted ? "encrypted" : "plain",
			  tscf_endpoint_format(&s->outer, outer), server_lease_format(s->lease, inner));
}

/** @p s is confirmed and replaces @p before, which ends. */
static void succeed(struct server_state *state, struct server_session *before, struct server_session *s, uint64_t now)
{
	if (before->lease == s->lease)
		server_shields_inherit(state, before, s);
	server_session_end(state, before, now, SERVER_WHY_SUCCEEDED);
}

void server_session_confirm(struct server_state *state, struct server_session *s, uint64_t now)
{
	if (s->confirmed)
		return;
	server_expiry_confirm(state, s, now);
	if (s->older)
		succeed(state, s->older, s, now);
	if (s->lease->plain && s->lease->plain != s)
		succeed(state, s->lease->plain, s, now);
	s->lease->plain = s;
	server_lease_settle(s->lease, s->client_id);
	s->guarded |= s->quiet || s->lease->encrypted_session || s->bindings.count > 0;
	server_allowance_begin(state, s, now);
	server_accounting_start(state, s, now);
	server_journal_lease(state, s->lease, s->client_id);
	server_journal_session(state, s);
	server_count(&state->counters, SERVER_COUNT_PLAIN_ESTABLISHED);
	log_begin(state, s, now);
}

int server_session_configure(struct server_state *state, struct server_session *s, uint64_t tsid,
			     struct server_lease *lease, struct server_lease *partner, uint32_t services, uint64_t now)
{
	if (set_tsid(&state->sessions, s, tsid) < 0)
		return -ENOMEM;
	s->lease = lease;
	s->partner = partner;
	server_lease_hold(partner);
	lease->encrypted_session = s;
	partner->encrypted_session = s;
	s->services = services;
	tscf_random(s->resume_secret, sizeof(s->resume_secret));
	s->interface->encrypted_count++;
	server_expiry_confirm(state, s, now);
	server_accounting_start(state, s, now);
	server_count(&state->counters, SERVER_COUNT_ENCRYPTED_ESTABLISHED);
	log_begin(state, s, now);
	return 0;
}

/* --- end --- */

/** The last confirmed client of an address may get it again after its plain tunnel has ended. */
static void leave_plain_lease(struct server_state *state, struct server_session *s, uint64_t now)
{
	if (s->lease->plain == s)
		s->lease->plain = NULL;
	if (s->confirmed)
		server_journal_lease(state, s->lease, s->client_id);
	server_lease_drop(&state->leases, s->lease, now);
}

static void leave_encrypted_leases(struct server_state *state, struct server_session *s, uint64_t now)
{
	/* A successor may be registered there already. */
	if (s->lease->encrypted_session == s)
		s->lease->encrypted_session = NULL;
	if (s->partner->encrypted_session == s)
		s->partner->encrypted_session = NULL;
	server_lease_drop(&state->leases, s->lease, now);
	server_lease_drop(&state->leases, s->partner, now);
}

void server_session_leave_peer(struct server_session *s)
{
	struct server_session *pending = s->pending;

	if (s->older)
		s->older->pending = NULL;
	if (pending) {
		pending->older = NULL;
		pending->peer = s->peer;
		pending->peer->user = pending;
	} else if (s->peer) {
		tscf_peer_close(s->peer);
	}
}

static void count_end(struct server_state *state, const struct server_session *s)
{
	if (!s->confirmed)
		server_count(&state->counters, SERVER_COUNT_UNCONFIRMED_ENDED);
	else
		server_count(&state->counters, s->encrypted ? SERVER_COUNT_ENCRYPTED_ENDED : SERVER_COUNT_PLAIN_ENDED);
	if (!s->encrypted) {
		s->interface->plain_count--;
		server_allocator_release(&s->interface->allocator->plain);
	} else if (s->confirmed) {
		s->interface->encrypted_count--;
		server_allocator_release(&s->interface->allocator->encrypted);
	}
}

static void log_end(struct server_state *state, const struct server_session *s, uint64_t now, const char *why)
{
	/* Anybody can cause an unconfirmed session, so its end is not worth a line in the log. */
	const enum tscf_log_level level = s->confirmed ? server_client_line(state, &s->outer, now) : TSCF_LOG_DEBUG;
	char outer[TSCF_ADDR_TEXT];

	TSCF_LOG_IF_SHOWN(level, "%s tunnel of %s ends: %s", s->encrypted ? "encrypted" : "plain",
			  tscf_endpoint_format(&s->outer, outer), why);
}

static void session_free(struct server_session *s)
{
	explicit_bzero(&s->seal, sizeof(s->seal));
	free(s->who);
	free(s->refusals);
	server_reply_forget(&s->configuration);
	server_reply_cache_forget(&s->answers);
	free(s);
}

void server_session_end(struct server_state *state, struct server_session *s, uint64_t now, const char *why)
{
	log_end(state, s, now, why);
	server_accounting_stop(state, s, why);
	server_allowance_end(state, s);
	server_journal_session_end(state, s);
	count_end(state, s);
	server_expiry_leave(state, s);
	server_bindings_orphan(state, s, now);
	tscf_services_remove_list(state->services, &s->sockets);
	tscf_redundancy_clear(&s->redundant, &state->redundancy.shared);
	server_reservation_cancel(&state->reservations, s);
	server_hold_drop(state, s);
	server_session_unsuspect(state, s);
	server_yield_enter(state, s, SERVER_YIELD_KEPT);
	server_side_ways_close(s);
	if (s->tsid != TSCF_TSID_NONE)
		HASH_DELETE(hh, state->sessions.by_tsid, s);
	if (!s->encrypted)
		leave_plain_lease(state, s, now);
	else if (s->confirmed)
		leave_encrypted_leases(state, s, now);
	server_session_leave_peer(s);
	tscf_source_drop(&state->sessions.sources, s->source);
	server_quota_release(s->quota, s->encrypted ? SERVER_QUOTA_ENCRYPTED : SERVER_QUOTA_PLAIN);
	server_quota_drop(state->quotas, s->quota);
	session_free(s);
}

void server_session_lost(struct server_state *state, struct server_session *s, uint64_t now, const char *why)
{
	enum tscf_log_level level;
	char outer[TSCF_ADDR_TEXT];

	s->peer = NULL;
	if (s->encrypted || !s->confirmed) {
		server_session_end(state, s, now, why);
		return;
	}
	level = server_client_line(state, &s->outer, now);
	TSCF_LOG_IF_SHOWN(level, "plain tunnel of %s has lost its connection: %s",
			  tscf_endpoint_format(&s->outer, outer), why);
}

void server_sessions_end_all(struct server_state *state, uint64_t now)
{
	while (state->sessions.unconfirmed)
		server_session_end(state, state->sessions.unconfirmed, now, SERVER_WHY_STOP);
	while (state->sessions.confirmed)
		server_session_end(state, state->sessions.confirmed, now, SERVER_WHY_STOP);
}

void server_sessions_end_at(struct server_state *state, const struct server_interface *i, uint64_t now)
{
	struct server_session *next;

	for (struct server_session *s = state->sessions.unconfirmed; s; s = next) {
		next = s->next;
		if (s->interface == i)
			server_session_end(state, s, now, "its interface does not begin after all");
	}
}
