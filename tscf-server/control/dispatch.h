/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dispatch.h - control messages from clients, and their answers.
 *
 * tscf(7), "MESSAGES". A message goes in and at most one answer comes out; sessions, leases and bindings change as the
 * message requests.
 */
#ifndef TSCF_SERVER_DISPATCH_H
#define TSCF_SERVER_DISPATCH_H

#include "tscf-server/session/request.h"

/** Handle one control message of @p length bytes. */
void server_control(struct server_state *state, const struct server_input *in, const uint8_t *data, uint32_t length,
		    struct server_answer *answer);

#endif
