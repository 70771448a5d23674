/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * liveness.h - suspected encrypted sessions: there is a sign that their clients do not receive or are gone.
 *
 * A client whose encrypted tunnel does not answer sends its encrypted-preferred sockets in clear; one that has lost it
 * also asks for another tunnel.  But all this comes by the plain tunnel, where an attacker can forge it.  Such signs
 * therefore change nothing; they only make the server ask, by the encrypted tunnel itself, whether the client is there.
 * Packets that the server sends encrypted without any answer do the same.  Anything that comes by that tunnel is an
 * answer.  If none comes within some round trips, while something comes by the plain tunnel, the session is *aside*:
 * its encrypted-preferred sockets are served in clear until something comes by the tunnel.  Encrypted-only sockets are
 * not. If there was a sign that the client is gone and nothing comes for SERVER_PROBE_MS, the session ends as any other
 * does.
 *
 * A client that can send but does not receive reports that itself by the encrypted tunnel (TLV ASIDE), and later
 * withdraws it.
 *
 * A forger causes no more than a keepalive request now and then: only one probe of a session runs at a time, and none
 * begins while packets come by the tunnel or within SERVER_LIVENESS_REST_MS of an answer.
 *
 * A session that has moved to another outer address (transport.h: peer_moved) is probed there with a number that cannot
 * be guessed: the answer proves that its client receives at that address.
 */
#ifndef TSCF_SERVER_LIVENESS_H
#define TSCF_SERVER_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

/** Suspected sessions are checked this often. */
#define SERVER_LIVENESS_TICK_MS 40
/** A probe that is not answered for this long ends a session whose client was reported gone. */
#define SERVER_PROBE_MS 3000
/** The same on a stream: there the request is sent once, and a stall of some round trips is no loss. */
#define SERVER_PROBE_STREAM_MS 6000
/** Pause between the keepalive requests of a probe: this, or one round trip; longer once the probe has lasted
 * SERVER_PROBE_MS.
 */
#define SERVER_PROBE_PAUSE_MS      80
#define SERVER_PROBE_LONG_PAUSE_MS 1000
/**
 * A probe puts its session aside when it has not been answered for three round trips: at least the first time (on a
 * stream the second), at most the last.
 */
#define SERVER_ASIDE_MS        150
#define SERVER_ASIDE_STREAM_MS 600
#define SERVER_ASIDE_MOST_MS   1000
/** A session from which something came within this time is not probed. */
#define SERVER_LIVENESS_SILENCE_MS 200
/** A session is suspected if this many packets were sent to it since anything came from it, the first this long ago. */
#define SERVER_TALK_PACKETS 8
#define SERVER_TALK_MS      200
/** Pause after an answered probe until a sign from outside the tunnel may start another. */
#define SERVER_LIVENESS_REST_MS 5000
/** The same until packets sent without any answer may start another: flows in one direction are usual. */
#define SERVER_TALK_REST_MS 1000

struct server_state;
struct server_session;

/** Part of an encrypted session. */
struct server_liveness {
	bool listed;              /**< on state->sessions.suspected */
	bool gone;                /**< reported from outside the tunnel: its client is gone */
	bool silent;              /**< it was put aside because it does not answer */
	bool by_client;           /**< it was put aside by its client */
	bool moved;               /**< its outer address is not proved */
	uint64_t asked;           /**< when the running probe began; 0: none runs */
	uint64_t again;           /**< when the next request is sent to it or to its new address */
	uint64_t answered;        /**< when the last probe was found to be answered; 0: none was */
	uint32_t first;           /**< number of the first request of the probe */
	uint32_t proof;           /**< number of the newest request to its new address */
	uint32_t report_sequence; /**< number of the client's last request that reported whether it is aside */
	unsigned round_trip_ms;   /**< measured; 0: not yet */
	unsigned talked;          /**< packets sent since `talking` */
	uint64_t talking;         /**< when the first of them was sent */
	struct server_session *prev, *next;
};

/** @return whether encrypted-preferred sockets of a session are served in clear. */
static inline bool server_liveness_aside(const struct server_liveness *l)
{
	return l->silent || l->by_client;
}

/** There is a sign that the client of @p s is gone: the next tick checks it.  May be called for every packet. */
void server_liveness_suspect(struct server_state *state, struct server_session *s);
/** Packets are sent to the client of @p s at @p now.  May be called for every GSO batch. */
void server_liveness_sent(struct server_state *state, struct server_session *s, uint64_t now);
/** Another connection wants the place of @p s and waits for it: probe @p s at once, unless a probe runs. */
void server_liveness_claimed(struct server_state *state, struct server_session *s, uint64_t now);
/** The client of @p s has answered the server's keepalive request number @p sequence. */
void server_liveness_answered(struct server_session *s, uint32_t sequence, uint64_t now);
/** The client of @p s has reported, in its request number @p sequence, whether its preferred sockets are to be served
 * in clear.
 */
void server_liveness_reported(struct server_state *state, struct server_session *s, bool aside, uint32_t sequence,
			      uint64_t now);
/** The client of @p s is at another outer address. */
void server_liveness_moved(struct server_state *state, struct server_session *s, uint64_t now);
/** @return whether server_liveness_tick is to be called every SERVER_LIVENESS_TICK_MS. */
bool server_liveness_busy(const struct server_state *state);
/** Probe the suspected sessions, and put aside or end those that do not answer; call it at least once a second. */
void server_liveness_tick(struct server_state *state, uint64_t now);

#endif
