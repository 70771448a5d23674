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
	bool encrypted;                 /**< came by an encrypted connection whose session is not a plain one */
	struct server_session *session; /**< the session of that outer address (not a pending one) or connection; plain:
					   NULL if there is none */
	uint64_t now;
	const struct server_worker *home; /**< the worker that received the message, if that has forwarded it to this
					     one (migrate.h); else NULL */
	bool opened;     /**< the message comes with its session from the worker that has checked its MAC */
	uint64_t serial; /**< with home: serial of the connection by which the message came there; 0: it came in a
			    datagram */
};

struct server_answer {
	uint32_t length;            /**< 0: no answer */
	struct server_session *end; /**< session to end when the answer has been sent; NULL: none */
	const char *why;            /**< reason for ending it */
	uint64_t after;             /**< send the answer when the store has written this ticket; 0: at once */
	bool whole;                 /**< must arrive unfragmented or not at all: it answers a probe of the path */
	uint8_t data[TSCF_PROBE_MAX];
};

struct server_request {
	struct server_state *state;
	const struct server_input *in;
	const struct tscf_message *message;
	struct server_session *session; /**< the session whose TSID it bears; NULL: it requests a session */
	bool sealed;                    /**< its MAC is right, and the answer gets one (sealing.h) */
	uint32_t length;                /**< of the request */
	const uint8_t *data;
	struct server_answer *answer;
};

#endif
