/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hold.h - packets for sockets that are about to be bound.
 *
 * A socket that becomes encrypted-only while there is no encrypted tunnel is shielded first and bound when the tunnel
 * is up, some milliseconds later.  Packets for it that arrive in between must not go in clear, and must not be lost
 * either: the server holds them and sends them encrypted when the binding exists.  It also holds packets that arrive
 * while a lost encrypted tunnel is set up again.  It holds few packets, and not for long.
 */
#ifndef TSCF_SERVER_HOLD_H
#define TSCF_SERVER_HOLD_H

#include <stdbool.h>
#include <stdint.h>

/** How long after a shield was made packets are held. */
#define SERVER_HOLD_MS 3000
/** Most packets held for one plain session, and for all of a worker's; larger packets than this are not held. */
#define SERVER_HELD_MAX   512
#define SERVER_HELD_TOTAL 65536
#define SERVER_HELD_SIZE  2048

struct server_state;
struct server_session;

struct server_held {
	struct server_held *next;
	uint32_t length;
	uint8_t data[];
};

/** Packets held for a plain session; zero-initialised. */
struct server_hold {
	struct server_held *first, **last;
	unsigned count;
	uint64_t until; /**< packets are held before this time */
};

/** Flows of the plain session @p s have been shielded just now. */
void server_hold_begin(struct server_session *s, uint64_t now);
/** Keep a copy of a packet that a shield of @p s forbids.  @return false if it is not held; the caller drops it. */
bool server_hold_add(struct server_state *state, struct server_session *s, const uint8_t *data, uint32_t length,
		     uint64_t now);
/** @return the packets held for @p s, oldest first; the caller owns them now and frees each. */
struct server_held *server_hold_take(struct server_state *state, struct server_session *s);
/** Drop the packets held for @p s, and count them. */
void server_hold_drop(struct server_state *state, struct server_session *s);
/** Drop all packets that have waited too long. */
void server_hold_expire(struct server_state *state, uint64_t now);

#endif
