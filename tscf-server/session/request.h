/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.h - one request of a client on its way through the server, and its answer.
 */
#ifndef TSCF_SERVER_REQUEST_H
#define TSCF_SERVER_REQUEST_H

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

struct server_request {
	struct server_state *state;
	const struct server_input *in;
	const struct tscf_message *message;
	struct server_session
	    *session;    /**< whose TSID it bears; NULL: the request for a session (NULL for a configuration) */
	uint32_t length; /**< of the request */
	const uint8_t *data;
	struct server_answer *answer;
};

#endif
