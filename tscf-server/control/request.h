/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.h - one request on its way through the server: between dispatch.c, which sorts them, and the files that
 * answer one kind each.
 */
#ifndef TSCF_SERVER_REQUEST_H
#define TSCF_SERVER_REQUEST_H

#include "tscf-server/control/dispatch.h"

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

/* configure.c */
/** Configuration_Request on a plain transport. */
void server_configure_plain(const struct server_request *r);
/** Configuration_Request on an encrypted connection that is not configured. */
void server_configure_encrypted(const struct server_request *r);

/* services.c */
/** Service_Request. */
void server_serve(const struct server_request *r);

#endif
