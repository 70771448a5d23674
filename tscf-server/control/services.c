/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * services.c - service requests: an encrypted tunnel, a media way, copy ways, bindings, shields, what sockets ask for.
 */
#include "tscf-server/control/kinds.h"
#include "tscf-server/control/room.h"
#include "tscf-server/session/bind.h"
#include "tscf-server/session/copy_ways.h"
#include "tscf-server/session/media.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/session/side_ways.h"
#include "tscf-server/session/sockets.h"
#include "tscf-server/settings/config.h"
#include "tscf-server/store/journal.h"

#include "common/crypto/hash.h"

#include <string.h>

/** What an unshield request asks for, in the log. */
#define UNSHIELDS "the end of shields"

static void respond(const struct server_request *r, enum tscf_response code, const char *text)
{
	server_respond(r, r->message->tsid, code, text);
}

/** The client does not get @p what it asks for on its tunnel: the administrator is told, too. */
static void deny(const struct server_request *r, const char *what, enum server_counter counter, enum tscf_response code,
		 const char *why)
{
	server_count(&r->state->counters, counter);
	server_denied(r, r->session, what, code, why);
	respond(r, code, why);
}

/** The client gets no encrypted tunnel: the administrator is told, too. */
static void refuse_encrypted(const struct server_request *r, enum tscf_response code, const char *why)
{
	const struct tscf_client_name *who = r->session->who;

	server_count(&r->state->counters, SERVER_COUNT_REFUSED_SERVICE);
	server_rejected(r, who ? who->name : NULL, why);
	respond(r, code, why);
}

/** @return why @p s cannot have an encrypted tunnel, or NULL. */
static const char *no_dtte(const struct server_session *s)
{
	const struct server_allocator *allocator = s->interface->allocator;

	if (!(s->services & SERVER_SERVICE_DTTE) || !allocator->encrypted_pools.first)
		return "DTTE is not enabled on this interface";
	if (!s->lease->encrypted_session && server_pools_left(&allocator->encrypted_pools) == 0)
		return "no address for another encrypted tunnel";
	return NULL;
}

/** Claim a place for an encrypted tunnel of the client.  @return false if there is none. */
static bool claim_encrypted(const struct server_request *r)
{
	const struct server_session *s = r->session;
	struct server_interface *i = s->interface;
	/* A tunnel or reservation that will be replaced already holds a place. */
	unsigned own = (s->lease->encrypted_session ? 1 : 0) + (s->reservation ? 1 : 0);

	if (own == 0 && tscf_message_needs_preferred(r->message) && server_room_kept(i, r->in->now))
		return false;
	return server_allocator_claim(&i->allocator->encrypted, i->max_encrypted, own);
}

/** There is no place for an encrypted tunnel: have one made free, if the client has encrypted-only sockets. */
static void answer_no_place(const struct server_request *r)
{
	if (tscf_message_needs_preferred(r->message) || !server_room_ask(r)) {
		refuse_encrypted(r, TSCF_RESPONSE_SERVICE_UNAVAILABLE, "no capacity for another encrypted tunnel");
		return;
	}
	server_count(&r->state->counters, SERVER_COUNT_BUSY);
	respond(r, TSCF_RESPONSE_BUSY, "another tunnel is to yield");
}

/** @return whether the client has all the encrypted tunnels that it may have; then it has been refused. */
static bool is_over_quota(const struct server_request *r)
{
	const struct server_session *s = r->session;

	if (s->lease->encrypted_session || !server_quota_full(s->quota, SERVER_QUOTA_ENCRYPTED))
		return false;
	server_count(&r->state->counters, SERVER_COUNT_REFUSED_CLIENT_LIMIT);
	refuse_encrypted(r, TSCF_RESPONSE_SERVICE_UNAVAILABLE, SERVER_REFUSAL_ENCRYPTED_TUNNELS);
	return true;
}

static void enable_dtte(const struct server_request *r)
{
	struct server_session *s = r->session;
	struct tscf_addr from = tscf_endpoint_addr(&r->in->place.outer);
	const char *no = no_dtte(s);
	struct tscf_writer w;
	struct tscf_tlv hash;
	uint64_t tsid;

	if (no) {
		refuse_encrypted(r, TSCF_RESPONSE_SERVICE_UNAVAILABLE, no);
		return;
	}
	if (!tscf_message_find(r->message, TSCF_TLV_RESERVATION_HASH, &hash) || hash.length != SERVER_SECRET_SIZE) {
		refuse_encrypted(r, TSCF_RESPONSE_MALFORMED, "no reservation hash");
		return;
	}
	/* A client that has an encrypted tunnel and asks for one may have lost it. */
	if (s->lease->encrypted_session)
		server_liveness_suspect(r->state, s->lease->encrypted_session);
	if (is_over_quota(r))
		return;
	if (!claim_encrypted(r)) {
		answer_no_place(r);
		return;
	}
	s->room_asked = 0;
	tsid = server_session_new_tsid(r->state);
	if (server_reservation_make(&r->state->reservations, s, tsid, &from, hash.value, r->in->now) < 0) {
		server_allocator_release(&s->interface->allocator->encrypted);
		refuse_encrypted(r, TSCF_RESPONSE_SERVICE_UNAVAILABLE, "out of memory");
		return;
	}
	server_respond_begin(r, &w, r->message->tsid);
	tscf_write_response(&w, TSCF_RESPONSE_SUCCESS, "");
	tscf_write_u64(&w, TSCF_TLV_RESERVED_TSID, tsid);
	server_respond_finish(r, &w);
}

typedef const char *(*side_way_offer)(struct server_session *s, const uint8_t *hash, uint64_t now);

/** The client will open a way of that name.  Only by the stream can it be offered. */
static void offer_side_way(const struct server_request *r, const char *name, side_way_offer offer)
{
	enum tscf_response code;
	struct tscf_tlv hash;
	const char *no;

	if (server_side_way_at(r->session, &r->in->place)) {
		code = TSCF_RESPONSE_NOT_ALLOWED;
		no = "not by a side way";
	} else if (!tscf_message_find(r->message, TSCF_TLV_RESERVATION_HASH, &hash) ||
		   hash.length != SERVER_SECRET_SIZE) {
		code = TSCF_RESPONSE_MALFORMED;
		no = "no reservation hash";
	} else {
		code = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
		no = offer(r->session, hash.value, r->in->now);
	}
	if (no)
		deny(r, name, SERVER_COUNT_REFUSED_SERVICE, code, no);
	else
		respond(r, TSCF_RESPONSE_SUCCESS, "");
}

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
		respond(r, code, "");
	else
		deny(r, name, SERVER_COUNT_REFUSED_BINDING, code, refusal_text(code));
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

static void bind_sockets(const struct server_request *r)
{
	take_lock(r, r->session->partner, true);
	for_each_binding(r, "bindings", server_bind);
}

static void shield(const struct server_request *r)
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
static void unshield(const struct server_request *r)
{
	struct tscf_tlv lock;

	if (!tscf_message_find(r->message, TSCF_TLV_SHIELD_LOCK, &lock) || lock.length != SERVER_LOCK_SIZE) {
		deny(r, UNSHIELDS, SERVER_COUNT_REFUSED_BINDING, TSCF_RESPONSE_MALFORMED, "no next lock");
		return;
	}
	if (!opens_lock(r)) {
		deny(r, UNSHIELDS, SERVER_COUNT_REFUSED_BINDING, TSCF_RESPONSE_NOT_ALLOWED,
		     "not the key of the shields");
		return;
	}
	take_lock(r, r->session->lease, true);
	for_each_binding(r, UNSHIELDS, server_unshield);
}

/** Why a SOCKET was refused. */
static const char *socket_text(enum tscf_response code)
{
	switch (code) {
	case TSCF_RESPONSE_SERVICE_UNAVAILABLE:
		return "not among the assigned services of this interface";
	case TSCF_RESPONSE_LIMIT:
		return "too many sockets ask for services";
	case TSCF_RESPONSE_MALFORMED:
		return "illegal socket";
	default:
		return refusal_text(code);
	}
}

/** Each socket has an answer of its own; the response code is that of the first that is refused. */
static void ask_for_sockets(const struct server_request *r)
{
	struct tscf_wire_answer answers[TSCF_SOCKETS_PER_MESSAGE];
	enum tscf_response code = TSCF_RESPONSE_SUCCESS;
	struct tscf_wire_socket wire;
	unsigned count = 0;
	uint32_t offset = 0;
	struct tscf_writer w;
	struct tscf_tlv tlv;

	r->session->sockets_due = false;
	while (count < TSCF_SOCKETS_PER_MESSAGE && tscf_message_next(r->message, &offset, &tlv)) {
		struct tscf_wire_answer *answer = &answers[count];

		if (tlv.type != TSCF_TLV_SOCKET)
			continue;
		count++;
		if (tscf_tlv_socket(&tlv, &wire) < 0)
			*answer = (struct tscf_wire_answer){.code = TSCF_RESPONSE_MALFORMED};
		else
			server_socket_asks(r->state, r->session, &wire, answer);
		if (code == TSCF_RESPONSE_SUCCESS)
			code = answer->code;
	}
	if (code != TSCF_RESPONSE_SUCCESS) {
		server_count(&r->state->counters, SERVER_COUNT_REFUSED_SERVICE);
		server_denied(r, r->session, "services for sockets", code, socket_text(code));
	}
	server_respond_begin(r, &w, r->message->tsid);
	tscf_write_response(&w, code, socket_text(code));
	for (unsigned i = 0; i < count; i++)
		tscf_write_socket_answer(&w, &answers[i]);
	if (!server_respond_finish(r, &w))
		respond(r, code, "");
}

void server_serve(const struct server_request *r)
{
	bool encrypted = r->session->encrypted;
	enum tscf_service service;

	r->session->executing = r->message->sequence;
	if (tscf_message_service(r->message, &service) < 0) {
		deny(r, "a service", SERVER_COUNT_REFUSED_SERVICE, TSCF_RESPONSE_MALFORMED, "no service type");
		return;
	}
	if (service == TSCF_SERVICE_SOCKETS)
		ask_for_sockets(r);
	else if (service == TSCF_SERVICE_BIND && encrypted)
		bind_sockets(r);
	else if (service == TSCF_SERVICE_SHIELD && !encrypted)
		shield(r);
	else if (service == TSCF_SERVICE_UNSHIELD && !encrypted)
		unshield(r);
	else if (service == TSCF_SERVICE_ENABLE_DTTE && !encrypted)
		enable_dtte(r);
	else if (service == TSCF_SERVICE_ENABLE_DDT)
		offer_side_way(r, "media way", server_media_offer);
	else if (service == TSCF_SERVICE_ENABLE_REDUNDANCY)
		offer_side_way(r, "copy way", server_copy_ways_offer);
	else
		deny(r, "a service", SERVER_COUNT_REFUSED_SERVICE, TSCF_RESPONSE_NOT_ALLOWED,
		     "not on this kind of tunnel");
}
