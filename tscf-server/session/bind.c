/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/bind.h"

#include "tscf-server/store/journal.h"

#include <netinet/in.h>

static bool has_ports(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

bool server_binding_key_valid(const struct tscf_binding_key *key)
{
	if (tscf_addr_is_any(&key->local))
		return false;
	if (key->protocol == 0)
		return key->local_port == 0 && key->remote.family == 0 && key->remote_port == 0;
	if (key->remote.family == 0)
		return key->remote_port == 0;
	if (key->remote.family != key->local.family || tscf_addr_is_any(&key->remote))
		return false;
	return !has_ports(key->protocol) || (key->local_port != 0 && key->remote_port != 0);
}

static bool is_mine(const struct server_session *s, const struct tscf_binding *b)
{
	return b && b->owner == s;
}

/**
 * The rest of the table is shared: a session that takes its whole share leaves room for later ones, and many sessions
 * of one source get no more than a single session.
 */
static unsigned fair_share(const struct server_state *state, const struct server_session *s)
{
	const struct server_session *plain = s->encrypted ? s->partner->plain : s;
	unsigned total = SERVER_BINDINGS_TOTAL / state->workers, used = tscf_bindings_count(state->bindings);
	unsigned sessions = plain ? tscf_source_count(&state->sessions.sources, &plain->outer) : 1;

	return used >= total ? 0 : (total - used) / SERVER_BINDINGS_PART / (sessions ? sessions : 1);
}

/** @return how many entries exist because of @p s: its own, and its tombstones of the last minute. */
static unsigned held_by(const struct server_session *s, uint64_t now)
{
	return s->bindings.count + (now - s->tombstones_since < TSCF_TOMBSTONE_MS ? s->tombstones : 0);
}

/** @return whether the client has as many entries as its limits allow: those of @p s and its partner count. */
static bool is_over_quota(const struct server_session *s, uint64_t now)
{
	const struct server_session *partner = server_session_partner(s);
	unsigned most = s->quota ? atomic_load_explicit(&s->quota->bindings, memory_order_relaxed) : 0;

	if (most == 0 || s->bindings.count + (partner ? partner->bindings.count : 0) < most)
		return false;
	server_quota_say_bindings(s->quota, now);
	return true;
}

/** @return whether @p s may have another entry, with this key, or already owns @p b, which is the entry with this
 * key. */
static bool has_room(const struct server_state *state, const struct server_session *s,
		     const struct tscf_binding_key *key, const struct tscf_binding *b, uint64_t now)
{
	/* The number of entries for whole addresses is limited by the addresses of the sessions. */
	if (is_mine(s, b) || tscf_binding_key_is_whole(key))
		return true;
	if (s->bindings.count >= SERVER_BINDINGS_MAX || is_over_quota(s, now))
		return false;
	return b || s->bindings.count < SERVER_BINDINGS_SURE || held_by(s, now) < fair_share(state, s);
}

/**
 * There is no room for an entry that keeps a flow of the client out of the clear: encrypt its whole address.  If even
 * that is impossible, nothing is sent down in clear until the client has listed its shields.
 */
static void cover(struct server_state *state, struct server_session *s, const struct tscf_addr *local)
{
	const struct tscf_binding_key key = {.local = *local};
	struct tscf_binding *b = tscf_bindings_get(state->bindings, &key);

	server_count(&state->counters, SERVER_COUNT_BINDING_LIMIT);
	if (is_mine(s, b) && b->state == TSCF_BINDING_ACTIVE && b->expires == TSCF_FOREVER &&
	    tscf_level_wants_encryption(b->level))
		return;
	b = tscf_bindings_bind(state->bindings, &key, TSCF_LEVEL_ENCRYPTED_ONLY, s, &s->bindings);
	if (b) {
		b->session = s->tsid;
		b->request = s->executing;
	} else if (s->partner->plain) {
		s->partner->plain->quiet = true;
	}
}

/** The same on a plain session: shield the whole address. */
static void cover_by_shield(struct server_state *state, struct server_session *s, const struct tscf_addr *local,
			    uint64_t now)
{
	const struct tscf_binding_key key = {.local = *local};

	server_count(&state->counters, SERVER_COUNT_BINDING_LIMIT);
	server_journal_guard(state, s);
	if (!tscf_bindings_shield(state->bindings, &key, s, &s->bindings))
		s->quiet = true;
	server_hold_begin(s, now);
}

static enum tscf_response bind_active(struct server_state *state, struct server_session *s,
				      const struct tscf_wire_binding *wire, uint64_t now)
{
	struct tscf_binding *b = tscf_bindings_get(state->bindings, &wire->key);
	/* If clear packets were forbidden before, none are under way. */
	bool was_forbidden =
	    b && now < b->expires && (b->state == TSCF_BINDING_SHIELD || b->state == TSCF_BINDING_TOMBSTONE);

	if (wire->level == TSCF_LEVEL_DEFAULT)
		return TSCF_RESPONSE_MALFORMED;
	if (!has_room(state, s, &wire->key, b, now))
		return TSCF_RESPONSE_LIMIT;
	b = tscf_bindings_bind(state->bindings, &wire->key, wire->level, s, &s->bindings);
	if (!b)
		return TSCF_RESPONSE_LIMIT;
	if ((wire->flags & TSCF_BIND_FLAG_MOVED) && !was_forbidden)
		b->grace_until = now + TSCF_MOVE_GRACE_MS;
	return TSCF_RESPONSE_SUCCESS;
}

/** Have an entry whose socket leaves, even if nothing was bound: encrypted packets still under way must not bind it.
 * @return NULL if there is no room. */
static struct tscf_binding *entry_of_leaving(struct server_state *state, struct server_session *s,
					     const struct tscf_wire_binding *wire, uint64_t now)
{
	struct tscf_binding *b = tscf_bindings_get(state->bindings, &wire->key);

	if (!has_room(state, s, &wire->key, b, now))
		return NULL;
	return tscf_bindings_bind(state->bindings, &wire->key, TSCF_LEVEL_ENCRYPTED_PREFERRED, s, &s->bindings);
}

static enum tscf_response bind_release(struct server_state *state, struct server_session *s,
				       const struct tscf_wire_binding *wire, uint64_t now)
{
	struct tscf_binding *b = entry_of_leaving(state, s, wire, now);

	if (!b)
		return TSCF_RESPONSE_LIMIT;
	tscf_binding_release(b, now);
	return TSCF_RESPONSE_SUCCESS;
}

/** A socket that may be plain leaves nothing behind that could block the next socket on that port.  But the remote end
 * does not know yet that the call is over, and what it still sends must not be in clear. */
static enum tscf_response close_preferred(struct server_state *state, struct server_session *s,
					  const struct tscf_wire_binding *wire, uint64_t now)
{
	struct tscf_binding *b = entry_of_leaving(state, s, wire, now);

	if (!b)
		return TSCF_RESPONSE_LIMIT;
	tscf_binding_close(b, now + TSCF_CLOSED_MS);
	return TSCF_RESPONSE_SUCCESS;
}

/** Tombstones have no owner whose entries could be counted, so the server counts how many a session makes. */
static bool may_bury(struct server_session *s, uint64_t now)
{
	if (now - s->tombstones_since >= TSCF_TOMBSTONE_MS) {
		s->tombstones_since = now;
		s->tombstones = 0;
	}
	return s->tombstones++ < SERVER_BINDINGS_MAX;
}

static enum tscf_response bind_close(struct server_state *state, struct server_session *s,
				     const struct tscf_wire_binding *wire, uint64_t now)
{
	struct tscf_binding *b = tscf_bindings_get(state->bindings, &wire->key);
	/* If a packet made the entry, or the entry is released, only the client knows the level. */
	bool known = b && !b->implicit && b->state != TSCF_BINDING_RELEASED;
	enum tscf_level level = known ? b->level : wire->level;

	if (level == TSCF_LEVEL_ENCRYPTED_PREFERRED)
		return close_preferred(state, s, wire, now);
	if (level == TSCF_LEVEL_UNENCRYPTED) {
		if (b)
			tscf_bindings_remove(state->bindings, b);
		return TSCF_RESPONSE_SUCCESS;
	}
	if (!may_bury(s, now) || !has_room(state, s, &wire->key, b, now))
		return TSCF_RESPONSE_LIMIT;
	if (!b)
		b = tscf_bindings_bind(state->bindings, &wire->key, level, s, &s->bindings);
	if (!b)
		return TSCF_RESPONSE_LIMIT;
	tscf_binding_bury(b, now);
	return TSCF_RESPONSE_SUCCESS;
}

static enum tscf_response execute(struct server_state *state, struct server_session *s,
				  const struct tscf_wire_binding *wire, uint64_t now)
{
	switch (wire->action) {
	case TSCF_BIND_ACTION_BIND:
		return bind_active(state, s, wire, now);
	case TSCF_BIND_ACTION_RELEASE:
		return bind_release(state, s, wire, now);
	case TSCF_BIND_ACTION_CLOSE:
		return bind_close(state, s, wire, now);
	}
	return TSCF_RESPONSE_MALFORMED;
}

/** Requests may overtake each other; an earlier request must not undo a later one for the same socket. */
static bool is_overtaken(const struct server_session *s, const struct tscf_binding *b)
{
	return b && b->session == s->tsid && (int32_t)(s->executing - b->request) < 0;
}

enum tscf_response server_bind(struct server_state *state, struct server_session *s,
			       const struct tscf_wire_binding *wire, uint64_t now)
{
	enum tscf_response code;
	struct tscf_binding *b;

	if (!server_binding_key_valid(&wire->key))
		return TSCF_RESPONSE_MALFORMED;
	/* All packets to and from the session's own address travel encrypted anyway: there is nothing to store. */
	if (server_lease_has(s->lease, &wire->key.local))
		return TSCF_RESPONSE_SUCCESS;
	if (!server_lease_has(s->partner, &wire->key.local))
		return TSCF_RESPONSE_NOT_ALLOWED;
	if (is_overtaken(s, tscf_bindings_get(state->bindings, &wire->key)))
		return TSCF_RESPONSE_SUCCESS;
	code = execute(state, s, wire, now);
	if (code == TSCF_RESPONSE_LIMIT && tscf_level_wants_encryption(wire->level))
		cover(state, s, &wire->key.local);
	b = tscf_bindings_get(state->bindings, &wire->key);
	if (b) {
		b->session = s->tsid;
		b->request = s->executing;
	}
	return code;
}

enum tscf_response server_shield(struct server_state *state, struct server_session *s,
				 const struct tscf_wire_binding *wire, uint64_t now)
{
	struct tscf_binding *b;

	if (wire->action != TSCF_BIND_ACTION_BIND || !server_binding_key_valid(&wire->key))
		return TSCF_RESPONSE_MALFORMED;
	if (!server_lease_has(s->lease, &wire->key.local))
		return TSCF_RESPONSE_NOT_ALLOWED;
	/* An entry of an encrypted session, or one that it covers by a wider entry, is for that session alone to
	 * change. */
	b = tscf_bindings_find(state->bindings, &wire->key, now);
	if (b && b->state == TSCF_BINDING_ACTIVE && b->owner != s)
		return TSCF_RESPONSE_SUCCESS;
	b = tscf_bindings_get(state->bindings, &wire->key);
	if (!has_room(state, s, &wire->key, b, now)) {
		cover_by_shield(state, s, &wire->key.local, now);
		return TSCF_RESPONSE_LIMIT;
	}
	/* An exception inherited from an encrypted session ends here: a plain session may always forbid. */
	if (b && b->state == TSCF_BINDING_ACTIVE)
		tscf_bindings_remove(state->bindings, b);
	server_journal_guard(state, s);
	b = tscf_bindings_shield(state->bindings, &wire->key, s, &s->bindings);
	if (!b)
		cover_by_shield(state, s, &wire->key.local, now);
	server_hold_begin(s, now);
	return b ? TSCF_RESPONSE_SUCCESS : TSCF_RESPONSE_LIMIT;
}

enum tscf_response server_unshield(struct server_state *state, struct server_session *s,
				   const struct tscf_wire_binding *wire, uint64_t now)
{
	struct tscf_binding *b;

	if (wire->action == TSCF_BIND_ACTION_BIND || !server_binding_key_valid(&wire->key))
		return TSCF_RESPONSE_MALFORMED;
	b = tscf_bindings_get(state->bindings, &wire->key);
	/* This session may not lift tombstones or entries of an encrypted session. */
	if (b && b->state == TSCF_BINDING_SHIELD && b->owner == s)
		tscf_binding_release(b, now);
	return TSCF_RESPONSE_SUCCESS;
}

void server_bind_implicitly(struct server_state *state, struct server_session *s, const struct tscf_binding_key *flow,
			    const struct tscf_binding *b, uint64_t now)
{
	struct tscf_binding_key key;
	struct tscf_binding *bound;

	tscf_binding_key_implicit(flow, &key);
	/* A shield for one flow must be replaced itself, or it would still decide. */
	if (b && b->key.remote.family != 0)
		key = b->key;
	bound = has_room(state, s, &key, tscf_bindings_get(state->bindings, &key), now)
		    ? tscf_bindings_bind(state->bindings, &key, TSCF_LEVEL_ENCRYPTED_ONLY, s, &s->bindings)
		    : NULL;
	if (bound)
		bound->implicit = true;
	else
		cover(state, s, &key.local);
}

void server_bindings_inherit(struct server_state *state, struct server_session *s, struct server_session *heir)
{
	heir->inherits = true;
	while (s->bindings.first) {
		struct tscf_binding *b = s->bindings.first;
		bool implicit = b->implicit;
		uint64_t expires = b->expires;

		if (b->state != TSCF_BINDING_ACTIVE) {
			/* No encrypted packet can be under way any more that would bind it again. */
			tscf_bindings_remove(state->bindings, b);
			continue;
		}
		b = tscf_bindings_bind(state->bindings, &b->key, b->level, heir, &heir->bindings);
		b->implicit = implicit;
		b->inherited = true;
		if (expires != TSCF_FOREVER)
			tscf_binding_close(b, expires);
	}
}

/** The sockets of entries that the client has not confirmed are closed, or in clear now: what is under way for those
 * that were encrypted-only must not be. */
static void end_unconfirmed(struct server_session *s, uint64_t now)
{
	struct tscf_binding *next;

	for (struct tscf_binding *b = s->bindings.first; b; b = next) {
		next = b->owner_next;
		if (b->state != TSCF_BINDING_SHIELD && !(b->state == TSCF_BINDING_ACTIVE && b->inherited))
			continue;
		if (b->level == TSCF_LEVEL_ENCRYPTED_ONLY)
			tscf_binding_bury(b, now);
		else
			tscf_binding_release(b, now);
	}
}

/** An exception without a shield around it would let packets pass that a later, wider entry forbids. */
static void end_exceptions(struct server_state *state, struct server_session *plain)
{
	struct tscf_binding *next;

	for (struct tscf_binding *b = plain->bindings.first; b; b = next) {
		next = b->owner_next;
		if (b->state == TSCF_BINDING_ACTIVE)
			tscf_bindings_remove(state->bindings, b);
	}
}

void server_bindings_complete(struct server_state *state, struct server_session *s, uint64_t now)
{
	struct server_session *plain = s->partner->plain;

	/* A client may say so with each message, and have thousands of bindings. */
	if (s->inherits)
		end_unconfirmed(s, now);
	s->inherits = false;
	if (!plain)
		return;
	end_unconfirmed(plain, now);
	end_exceptions(state, plain);
}

bool server_bindings_left(const struct server_session *s)
{
	const struct server_session *encrypted = s->lease->encrypted_session;

	if (!(s->services & SERVER_SERVICE_DTTE))
		return false;
	return s->bindings.count > 0 || (encrypted && encrypted->order < s->order && encrypted->bindings.count > 0);
}

void server_shields_inherit(struct server_state *state, struct server_session *s, struct server_session *heir)
{
	while (s->bindings.first) {
		struct tscf_binding *b = s->bindings.first;

		/* The other entries are exceptions inherited from an encrypted session. */
		if (b->state == TSCF_BINDING_SHIELD)
			tscf_bindings_shield(state->bindings, &b->key, heir, &heir->bindings);
		else
			tscf_bindings_bind(state->bindings, &b->key, b->level, heir, &heir->bindings);
	}
}

static void orphan_encrypted(struct server_state *state, struct server_session *s, struct tscf_binding *b, uint64_t now)
{
	struct server_session *plain = s->partner->plain;
	struct tscf_binding_key key = b->key;

	if (b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_ENCRYPTED_ONLY) {
		tscf_binding_bury(b, now);
		if (plain) {
			tscf_bindings_shield(state->bindings, &key, plain, &plain->bindings);
			server_hold_begin(plain, now);
		}
	} else if (b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_UNENCRYPTED && plain) {
		/* The exception must last as long as the wider shield, or the shield would block its socket. */
		tscf_bindings_bind(state->bindings, &key, TSCF_LEVEL_UNENCRYPTED, plain, &plain->bindings);
	} else {
		tscf_bindings_remove(state->bindings, b);
	}
}

void server_bindings_orphan(struct server_state *state, struct server_session *s, uint64_t now)
{
	while (s->bindings.first) {
		struct tscf_binding *b = s->bindings.first;

		if (s->encrypted)
			orphan_encrypted(state, s, b, now);
		else if (b->state == TSCF_BINDING_SHIELD)
			tscf_binding_bury(b, now);
		else
			tscf_bindings_remove(state->bindings, b);
	}
}
