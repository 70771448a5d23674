/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hold.h - packets for sockets that are about to be bound.
 *
 * A socket that becomes encrypted-only while there is no encrypted tunnel is shielded first and bound when the tunnel
 * is up, some milliseconds later.  What comes for it in between must not go in clear, and must not be lost either: it
 * is held, and goes encrypted when the binding is there.  So is what comes while a lost encrypted tunnel is set up
 * again.  Little is held, and not for long.
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

/** What is held for a plain session; zero-initialised. */
struct server_hold {
	struct server_held *first, **last;
	unsigned count;
	uint64_t until; /**< packets are held before this time */
};

/** Flows of the plain session @p s have been shielded just now. */
void server_hold_begin(struct server_session *s, uint64_t now);
/** Keep a copy of a packet that a shield of @p s forbids.  @return false if it is not held, and to be dropped. */
bool server_hold_add(struct server_state *state, struct server_session *s, const uint8_t *data, uint32_t length,
		     uint64_t now);
/** @return what is held for @p s, oldest first, now the caller's, who frees each. */
struct server_held *server_hold_take(struct server_state *state, struct server_session *s);
/** Drop what is held for @p s, and count it. */
void server_hold_drop(struct server_state *state, struct server_session *s);
/** Drop everything that has waited in vain. */
void server_hold_expire(struct server_state *state, uint64_t now);

#endif
