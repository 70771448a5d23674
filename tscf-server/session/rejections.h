/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rejections.h - what the administrator sees of clients that get no tunnel, or not what they ask for on it: a line in
 * the log, and counters.
 *
 * A source is named once in SERVER_REJECTION_AGAIN_MS for the same reason, and there are at most SERVER_REJECTION_LINES
 * lines in SERVER_REJECTION_MS; the next line says how many were left out.  Sources that are not proved, which anybody
 * can make up, have lines of their own, so that they do not hide others; and so have requests on tunnels.
 */
#ifndef TSCF_SERVER_REJECTIONS_H
#define TSCF_SERVER_REJECTIONS_H

#include "common/base/addr.h"
#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVER_REJECTION_AGAIN_MS 60000
#define SERVER_REJECTION_MS       10000
#define SERVER_REJECTION_LINES    10
/** Sources that are remembered. */
#define SERVER_REJECTION_SOURCES 64

/** Sources and reasons that were logged, and how much more may be. */
struct server_rejection_log {
	struct {
		struct tscf_addr source;
		const char *why;
		uint64_t until;
	} recent[SERVER_REJECTION_SOURCES];
	unsigned next;  /**< the oldest of them */
	uint64_t since; /**< when `lines` began */
	unsigned lines;
	uint64_t omitted;
};

struct server_rejections {
	struct server_rejection_log proved, unproved, requests;
};

/** A proof that is good, but not that of the client of the plain tunnel. */
#define SERVER_REFUSAL_ANOTHER "the plain tunnel is another client's"

/** The limits of a client are reached: client-limits. */
#define SERVER_REFUSAL_TUNNELS "no more tunnels for this client (tunnels in client-limits)"
#define SERVER_REFUSAL_ENCRYPTED_TUNNELS                                                                               \
	"no more encrypted tunnels for this client (encrypted-tunnels in client-limits)"

/** The addresses that it was given are another client's, which is alive. */
#define SERVER_REFUSAL_SAME_ID "another client has the same identifier"

struct server_listener;
struct server_request;
struct server_session;
struct server_state;
struct tscf_peer;

/**
 * Log that @p r gets no tunnel.
 *
 * @param identity what the client says it is, as in struct tscf_client_name; "": it does not say; NULL: it has not been
 * asked for that, or has not been heard
 * @param why a text that stays valid
 */
void server_rejected(const struct server_request *r, const char *identity, const char *why);

/** The same with @p more that was said, or "". */
void server_rejected_saying(const struct server_request *r, const char *identity, const char *why, const char *more);

/** Log that the encrypted connection @p peer, which has come to @p l, is closed at once.  @param why as above */
void server_rejected_connection(struct server_state *state, struct server_listener *l, struct tscf_peer *peer,
				const char *why, uint64_t now);

/**
 * Log that the client of @p s does not get what it asks for by @p r; its tunnel stays.  What the server does not offer
 * is no warning.
 *
 * @param what what it asks for, as in "bindings"
 * @param code what it is answered
 * @param why as above
 */
void server_denied(const struct server_request *r, const struct server_session *s, const char *what,
		   enum tscf_response code, const char *why);

/** Count the refusal of a proof, for one of the reasons of common/auth. */
void server_count_unauthorized(const struct server_request *r, const char *why);

#endif
