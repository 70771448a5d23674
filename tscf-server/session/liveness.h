/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * liveness.h - encrypted sessions that something says of that their clients do not hear or are not there any more.
 *
 * A client whose encrypted tunnel does not answer sends its encrypted-preferred sockets in clear; one that has lost it
 * asks for another tunnel, too.  But all that comes by the plain tunnel, where anybody can say so.  It therefore
 * changes nothing and makes the server ask, by the encrypted tunnel itself, whether the client is there; so do packets
 * that the server sends encrypted and that nothing answers.  Whatever comes by that tunnel is an answer.  If there is
 * none within some round trips, the session is *aside*: its encrypted-preferred sockets are served in clear until it is
 * heard of. Encrypted-only ones are not.  If somebody has said that the client is gone and nothing comes for
 * SERVER_PROBE_MS, the session ends as any other does.
 *
 * A client that sends and does not hear says so itself, by the encrypted tunnel (TLV ASIDE), and takes it back.
 *
 * Who forges gets no more than a keepalive request now and then: one probe of a session runs at a time, none begins
 * while packets come by the tunnel, nor within SERVER_LIVENESS_REST_MS of an answer.
 *
 * A session that has moved to another outer address (transport.h: peer_moved) is asked there, with a number that cannot
 * be guessed: the answer proves that its client receives at that address.
 */
#ifndef TSCF_SERVER_LIVENESS_H
#define TSCF_SERVER_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

/** Sessions in doubt are looked at this often. */
#define SERVER_LIVENESS_TICK_MS 40
/** A probe that is not answered for so long ends a session of which it was said that it is gone. */
#define SERVER_PROBE_MS 3000
/** On a stream it is asked once, and a stall of some round trips is no loss. */
#define SERVER_PROBE_STREAM_MS 6000
/** Keepalive requests of a probe: this often, or once a round trip; and less often when it has lasted SERVER_PROBE_MS.
 */
#define SERVER_PROBE_PAUSE_MS      80
#define SERVER_PROBE_LONG_PAUSE_MS 1000
/** A probe puts its session aside when it has not been answered for this, or three round trips. */
#define SERVER_ASIDE_MS        150
#define SERVER_ASIDE_MOST_MS   1000
#define SERVER_ASIDE_STREAM_MS 600
/** A session that was heard of so shortly before is not asked. */
#define SERVER_LIVENESS_SILENCE_MS 200
/** So many packets were sent to it since it was heard of, and the first so long ago: somebody talks in vain. */
#define SERVER_TALK_PACKETS 8
#define SERVER_TALK_MS      200
/** Pause after a probe that was answered, until one begins because of what others say. */
#define SERVER_LIVENESS_REST_MS 5000

struct server_state;
struct server_session;

/** Part of an encrypted session. */
struct server_liveness {
	bool listed;            /**< on state->sessions.doubted */
	bool gone;              /**< others say that its client is gone */
	bool silent;            /**< it was put aside because it does not answer */
	bool told;              /**< it was put aside by its client */
	bool moved;             /**< its outer address is not proved */
	uint64_t asked;         /**< when the probe that runs began; 0: none runs */
	uint64_t again;         /**< when it, or one that has moved, is asked once more */
	uint64_t rested;        /**< no probe begins because of others before this time */
	uint32_t first;         /**< number of the first request of the probe */
	uint32_t proof;         /**< number of the newest request to the address that it has moved to */
	uint32_t told_sequence; /**< number of the client's last request that said whether it is aside */
	unsigned round_trip_ms; /**< measured; 0: not yet */
	unsigned talked;        /**< packets sent since `talking' */
	uint64_t talking;       /**< when the first was sent after it was heard of */
	struct server_session *prev, *next;
};

/** @return whether encrypted-preferred sockets of a session are served in clear. */
static inline bool server_liveness_aside(const struct server_liveness *l)
{
	return l->silent || l->told;
}

/** Something says that the client of @p s is gone: the next tick looks at it.  May be called for every packet. */
void server_liveness_doubt(struct server_state *state, struct server_session *s);
/** Packets are sent to the client of @p s at @p now.  May be called for every run. */
void server_liveness_sent(struct server_state *state, struct server_session *s, uint64_t now);
/** Somebody else wants the place of @p s, and waits for it: it is asked at once, unless it is being asked. */
void server_liveness_claimed(struct server_state *state, struct server_session *s, uint64_t now);
/** The client of @p s has answered the server's keepalive request number @p sequence. */
void server_liveness_answered(struct server_session *s, uint32_t sequence, uint64_t now);
/** The client of @p s has said, in its request number @p sequence, whether its preferred sockets are served in clear.
 */
void server_liveness_told(struct server_state *state, struct server_session *s, bool aside, uint32_t sequence);
/** The client of @p s is at another outer address. */
void server_liveness_moved(struct server_state *state, struct server_session *s, uint64_t now);
/** @return whether server_liveness_tick is to be called every SERVER_LIVENESS_TICK_MS. */
bool server_liveness_busy(const struct server_state *state);
/** Ask those in doubt, put aside and end those that do not answer; at least once a second. */
void server_liveness_tick(struct server_state *state, uint64_t now);

#endif
