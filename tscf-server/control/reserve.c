/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reserve.c - a client asks for an encrypted tunnel: a place for it is claimed, and its TSID is reserved.
 */
#include "tscf-server/control/kinds.h"
#include "tscf-server/control/room.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reply.h"

/** The client gets no encrypted tunnel: the administrator is told, too. */
static void refuse_encrypted(const struct server_request *r, enum tscf_response code, const char *why)
{
	const struct tscf_client_name *who = r->session->who;

	server_count(&r->state->counters, SERVER_COUNT_REFUSED_SERVICE);
	server_rejected(r, who ? who->name : NULL, why);
	server_respond(r, r->message->tsid, code, why);
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
	server_respond(r, r->message->tsid, TSCF_RESPONSE_BUSY, "another tunnel is to yield");
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

void server_reserve(const struct server_request *r)
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
