/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/dismiss.h"

#include "tscf-server/session/reply.h"

void server_session_dismiss(struct server_state *state, struct server_session *s, enum tscf_response code,
			    const char *why, uint64_t now)
{
	uint8_t data[TSCF_MESSAGE_MAX];

	server_session_send(s, data, server_write_release(s, code, why, data));
	server_session_end(state, s, now, why);
}
