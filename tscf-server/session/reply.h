/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reply.h - messages that the server writes to clients: answers to requests, and its own requests.
 */
#ifndef TSCF_SERVER_REPLY_H
#define TSCF_SERVER_REPLY_H

#include "tscf-server/session/request.h"

/** An answer may be this many times as large as its request: the source address may be forged. */
#define SERVER_AMPLIFICATION 3

/** @return whether an answer of @p length bytes to @p r is too long for a source that is not proved. */
bool server_reply_exceeds(const struct server_request *r, uint32_t length);
/** Begin the response to @p r, with this TSID. */
void server_respond_begin(const struct server_request *r, struct tscf_writer *w, uint64_t tsid);
/** Finish the response.  A source that is not proved gets no answer over three times the size of its request.  @return
 * whether there is an answer. */
bool server_respond_finish(const struct server_request *r, struct tscf_writer *w);
/** A response that holds a response code only; the text is left out where it would make the answer too large. */
void server_respond(const struct server_request *r, uint64_t tsid, enum tscf_response code, const char *text);

/**
 * Refuse a configuration.  If the client has proved its address, the answer proves that it is from this server
 * (common/auth/agreement.h); inside an encrypted connection it need not.
 */
void server_refuse_configuration(const struct server_request *r, enum tscf_response code, const char *text);

/**
 * Write after how much silence the client shall send a keepalive request, after how much silence the tunnel ends, and
 * how long small packets are held, for the transport that the request came by.
 *
 * @param services  those of the tunnel
 */
void server_write_times(const struct server_request *r, uint32_t services, struct tscf_writer *w);
/** Write the request by which the server releases the tunnel of @p s, with the reason; there is room for its seal.
 * @return its length. */
int server_write_release(struct server_session *s, enum tscf_response code, const char *why,
			 uint8_t data[TSCF_MESSAGE_MAX]);

#endif
