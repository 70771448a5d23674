/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/control/deny.h"

#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reply.h"

void server_deny(const struct server_request *r, const struct server_session *s, const char *what,
		 enum server_counter counter, enum tscf_response code, const char *why)
{
	server_count(&r->state->counters, counter);
	server_denied(r, s, what, code, why);
	server_respond(r, r->message->tsid, code, why);
}
