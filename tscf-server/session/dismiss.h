/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dismiss.h - the server ends a session of its own accord, and tells the client why.
 */
#ifndef TSCF_SERVER_DISMISS_H
#define TSCF_SERVER_DISMISS_H

#include "tscf-server/state.h"

/** Release the tunnel of @p s with @p code and the reason @p why, which the client shows to its user, and end it. */
void server_session_dismiss(struct server_state *state, struct server_session *s, enum tscf_response code,
			    const char *why, uint64_t now);

#endif
