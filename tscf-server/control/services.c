/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * services.c - which function answers a service request, and which tunnel it may come on.  Media ways and copy ways are
 * offered here.
 */
#include "tscf-server/control/deny.h"
#include "tscf-server/control/kinds.h"
#include "tscf-server/session/copy_ways.h"
#include "tscf-server/session/media.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/session/side_ways.h"

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
		server_deny(r, r->session, name, SERVER_COUNT_REFUSED_SERVICE, code, no);
	else
		server_respond(r, r->message->tsid, TSCF_RESPONSE_SUCCESS, "");
}

void server_serve(const struct server_request *r)
{
	bool encrypted = r->session->encrypted;
	enum tscf_service service;

	r->session->executing = r->message->sequence;
	if (tscf_message_service(r->message, &service) < 0) {
		server_deny(r, r->session, "a service", SERVER_COUNT_REFUSED_SERVICE, TSCF_RESPONSE_MALFORMED,
			    "no service type");
		return;
	}
	if (service == TSCF_SERVICE_SOCKETS)
		server_ask_for_sockets(r);
	else if (service == TSCF_SERVICE_BIND && encrypted)
		server_bind_sockets(r);
	else if (service == TSCF_SERVICE_SHIELD && !encrypted)
		server_shield_sockets(r);
	else if (service == TSCF_SERVICE_UNSHIELD && !encrypted)
		server_unshield_sockets(r);
	else if (service == TSCF_SERVICE_ENABLE_DTTE && !encrypted)
		server_reserve(r);
	else if (service == TSCF_SERVICE_ENABLE_DDT)
		offer_side_way(r, "media way", server_media_offer);
	else if (service == TSCF_SERVICE_ENABLE_REDUNDANCY)
		offer_side_way(r, "copy way", server_copy_ways_offer);
	else
		server_deny(r, r->session, "a service", SERVER_COUNT_REFUSED_SERVICE, TSCF_RESPONSE_NOT_ALLOWED,
			    "not on this kind of tunnel");
}
