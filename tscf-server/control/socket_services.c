/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * socket_services.c - a client says which services its sockets ask for; each gets an answer of its own.
 */
#include "tscf-server/control/kinds.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/session/sockets.h"

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
	case TSCF_RESPONSE_NOT_ALLOWED:
		return "not an address of this client";
	default:
		return "";
	}
}

/** Each socket has an answer of its own; the response code is that of the first that is refused. */
void server_ask_for_sockets(const struct server_request *r)
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
		server_respond(r, r->message->tsid, code, "");
}
