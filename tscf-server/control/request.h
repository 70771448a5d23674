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

/** Begin the response to @p r with this TSID. */
void server_respond_begin(const struct server_request *r, struct tscf_writer *w, uint64_t tsid);
/** Finish it.  To a source that is not proven, an answer over three times the size of its request is not given. @return
 * whether there is an answer. */
bool server_respond_finish(const struct server_request *r, struct tscf_writer *w);
/** A response that holds a response code only; the text is left out where it would make the answer too large. */
void server_respond(const struct server_request *r, uint64_t tsid, enum tscf_response code, const char *text);

/* configure.c */
/** Configuration_Request on a plain transport. */
void server_configure_plain(const struct server_request *r);
/** Configuration_Request on an encrypted connection that is not configured. */
void server_configure_encrypted(const struct server_request *r);
/** Write after how much silence the client shall ask, by the transport that the request came by, and when it is ended.
 */
void server_write_keepalive(const struct server_request *r, struct tscf_writer *w);

/* services.c */
/** Service_Request. */
void server_serve(const struct server_request *r);

#endif
