/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dispatch.h - control messages from clients, and their answers.
 *
 * tscf(7), "MESSAGES".  A message goes in, at most one answer comes out; sessions, leases and bindings change as the
 * message says.
 */
#ifndef TSCF_SERVER_DISPATCH_H
#define TSCF_SERVER_DISPATCH_H

#include "tscf-server/state.h"

#include "common/packet/message.h"

#include <stdint.h>

/** Where a message came from. */
struct server_input {
	struct server_interface *interface;
	struct server_place place;
	bool encrypted; /**< by an encrypted connection whose session is not a plain one */
	struct server_session
	    *session; /**< of that outer address (not a pending one) or connection; plain: NULL if there is none */
	uint64_t now;
	const struct server_worker
	    *home;       /**< the worker that it came to, when that has asked this one (migrate.h); else NULL */
	uint64_t serial; /**< with home: of the connection by which it came there; 0: in a datagram */
};

struct server_answer {
	uint32_t length;            /**< 0: nothing is answered */
	struct server_session *end; /**< to be ended when the answer has been sent; NULL: none */
	const char *why;            /**< why it ends */
	uint64_t after;             /**< the answer is sent when the store has written this ticket; 0: at once */
	bool whole;                 /**< it must arrive in one piece or not at all: it answers a probe of the path */
	uint8_t data[TSCF_PROBE_MAX];
};

/** Handle one control message of @p length bytes. */
void server_control(struct server_state *state, const struct server_input *in, const uint8_t *data, uint32_t length,
		    struct server_answer *answer);

#endif
