/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * liveness.h - encrypted sessions of which something says that their clients are not there any more.
 *
 * A client that has lost its encrypted tunnel sends its encrypted-preferred sockets in clear and asks for another
 * tunnel; but all that comes by the plain tunnel, where anybody can say so.  It therefore changes nothing and makes the
 * server ask, by the encrypted tunnel itself, whether the client is there.  Whatever comes by that tunnel answers.  If
 * nothing comes for SERVER_PROBE_MS, it ends as any other does.
 *
 * Who forges gets no more than a keepalive request now and then: one probe of a session runs at a time, none begins
 * while packets come by the tunnel, nor within SERVER_LIVENESS_REST_MS of an answer.
 */
#ifndef TSCF_SERVER_LIVENESS_H
#define TSCF_SERVER_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

/** How long an encrypted session has to answer; on datagrams it is asked again with each tick meanwhile. */
#define SERVER_PROBE_MS 3000
/** On a stream it is asked once, and a stall of some round trips is no loss. */
#define SERVER_PROBE_STREAM_MS 6000
/** A session that was heard of so shortly before is not asked. */
#define SERVER_LIVENESS_SILENCE_MS 1000
/** Pause after a probe that was answered. */
#define SERVER_LIVENESS_REST_MS 5000

struct server_state;
struct server_session;

/** Part of an encrypted session. */
struct server_liveness {
	bool listed;     /**< it is in doubt: on state->sessions.doubted */
	uint64_t asked;  /**< when the probe that runs began; 0: none runs */
	uint64_t rested; /**< no probe begins before this time */
	struct server_session *prev, *next;
};

/** Something says that the client of @p s is gone: the next tick looks at it.  May be called for every packet. */
void server_liveness_doubt(struct server_state *state, struct server_session *s);
/** Somebody else wants the place of @p s, and waits for it: it is asked at once, unless it is being asked. */
void server_liveness_claimed(struct server_state *state, struct server_session *s, uint64_t now);
/** Ask those in doubt, and end those that did not answer; call it with every tick. */
void server_liveness_tick(struct server_state *state, uint64_t now);

#endif
