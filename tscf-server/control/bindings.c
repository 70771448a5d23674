/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bindings.c - a client says which of its sockets are encrypted: BIND on the encrypted tunnel, SHIELD and UNSHIELD on
 * the plain one, with the lock that only the client can open.
 */
#include "tscf-server/control/deny.h"
#include "tscf-server/control/kinds.h"
#include "tscf-server/session/bind.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/store/journal.h"

#include "common/crypto/hash.h"

#include <string.h>

/** What an unshield request asks for, in the log. */
#define UNSHIELDS "the end of shields"

static const char *refusal_text(enum tscf_response code)
{
	switch (code) {
	case TSCF_RESPONSE_LIMIT:
		return "too many bindings";
	case TSCF_RESPONSE_NOT_ALLOWED:
		return "not an address of this client";
	case TSCF_RESPONSE_MALFORMED:
		return "illegal binding";
	default:
		return "";
	}
}

typedef enum tscf_response (*binding_action)(struct server_state *state, struct server_session *s,
					     const struct tscf_wire_binding *wire, uint64_t now);

/**
 * Do @p action for every binding TLV up to the first that is refused, and answer.
 *
 * @param name  what they are, for the log
 * @return whether all were accepted.
 */
static bool for_each_binding(const struct server_request *r, const char *name, binding_action action)
{
	enum tscf_response code = TSCF_RESPONSE_SUCCESS;
	uint32_t offset = 0;
	struct tscf_tlv tlv;

	while (code == TSCF_RESPONSE_SUCCESS && tscf_message_next(r->message, &offset, &tlv)) {
		struct tscf_wire_binding wire;

		if (tlv.type != TSCF_TLV_BINDING)
			continue;
		if (tscf_tlv_binding(&tlv, &wire) < 0)
			code = TSCF_RESPONSE_MALFORMED;
		else
			code = action(r->state, r->session, &wire, r->in->now);
	}
	if (code == TSCF_RESPONSE_SUCCESS)
		server_respond(r, r->message->tsid, code, "");
	else
		server_deny(r, r->session, name, SERVER_COUNT_REFUSED_BINDING, code, refusal_text(code));
	return code == TSCF_RESPONSE_SUCCESS;
}

/** Take the lock that comes with a request.  On a plain tunnel only the first lock counts, since anybody could send
 * another. */
static void take_lock(const struct server_request *r, struct server_lease *lease, bool trusted)
{
	struct tscf_tlv lock;
	bool same;

	if (!tscf_message_find(r->message, TSCF_TLV_SHIELD_LOCK, &lock) || lock.length != SERVER_LOCK_SIZE ||
	    (lease->locked && !trusted))
		return;
	same = lease->locked && memcmp(lease->shield_lock, lock.value, SERVER_LOCK_SIZE) == 0;
	memcpy(lease->shield_lock, lock.value, SERVER_LOCK_SIZE);
	lease->locked = true;
	if (lease->plain && !same)
		server_journal_session(r->state, lease->plain);
}

void server_bind_sockets(const struct server_request *r)
{
	struct tscf_tlv complete;

	take_lock(r, r->session->partner, true);
	if (for_each_binding(r, "bindings", server_bind) && tscf_message_find(r->message, TSCF_TLV_COMPLETE, &complete))
		server_bindings_complete(r->state, r->session, r->in->now);
}

void server_shield_sockets(const struct server_request *r)
{
	struct tscf_tlv complete;

	take_lock(r, r->session->lease, false);
	if (for_each_binding(r, "shields", server_shield) &&
	    tscf_message_find(r->message, TSCF_TLV_COMPLETE, &complete))
		server_session_unmute(r->state, r->session);
}

/** @return whether the request shows the key of the session's lock. */
static bool opens_lock(const struct server_request *r)
{
	const struct server_lease *lease = r->session->lease;
	struct tscf_tlv key;
	uint8_t hash[SERVER_LOCK_SIZE];

	if (!lease->locked || !tscf_message_find(r->message, TSCF_TLV_SHIELD_KEY, &key) ||
	    key.length != SERVER_LOCK_SIZE)
		return false;
	tscf_sha256(key.value, key.length, hash);
	return tscf_equal_secret(hash, lease->shield_lock, sizeof(hash));
}

/** The key was visible on the path: it is used up, and the request brings the next lock. */
void server_unshield_sockets(const struct server_request *r)
{
	struct tscf_tlv lock;

	if (!tscf_message_find(r->message, TSCF_TLV_SHIELD_LOCK, &lock) || lock.length != SERVER_LOCK_SIZE) {
		server_deny(r, r->session, UNSHIELDS, SERVER_COUNT_REFUSED_BINDING, TSCF_RESPONSE_MALFORMED,
			    "no next lock");
		return;
	}
	if (!opens_lock(r)) {
		server_deny(r, r->session, UNSHIELDS, SERVER_COUNT_REFUSED_BINDING, TSCF_RESPONSE_NOT_ALLOWED,
			    "not the key of the shields");
		return;
	}
	take_lock(r, r->session->lease, true);
	for_each_binding(r, UNSHIELDS, server_unshield);
}
