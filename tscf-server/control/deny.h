/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * deny.h - the refusal of what a client asks for on a tunnel that it has: a counter, a line in the log, an answer.
 */
#ifndef TSCF_SERVER_DENY_H
#define TSCF_SERVER_DENY_H

#include "tscf-server/counters.h"
#include "tscf-server/session/request.h"

/**
 * Refuse @p r.  The tunnel stays.
 *
 * @param s        whose client asks
 * @param what     what it asks for, for the log, as in "bindings"
 * @param counter  which refusals this is one of
 * @param code     the answer
 * @param why      for the answer and the log; a text that stays valid
 */
void server_deny(const struct server_request *r, const struct server_session *s, const char *what,
		 enum server_counter counter, enum tscf_response code, const char *why);

#endif
