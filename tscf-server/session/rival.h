/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rival.h - two clients with one identifier, as cloned machines have it.
 *
 * A client that configures its tunnel again gets the addresses of its former session, if it comes from the same outer
 * address.  So would a clone of it behind the same address translator: the two would take the addresses from each other
 * again and again.  Therefore the server first asks the former session whether its client is there.  If it answers,
 * there are two clients, and the second one gets addresses of its own.  The server notifies both with TLV SHARED_ID.
 *
 * A process of a client is no rival of itself (TLV RUN): it may try several transports at a time.  A client that was
 * killed and started again waits for SERVER_RIVAL_MS, which is less than its first retransmission timeout.
 */
#ifndef TSCF_SERVER_RIVAL_H
#define TSCF_SERVER_RIVAL_H

#include <stdbool.h>
#include <stdint.h>

/** Time that a client has to answer. */
#define SERVER_RIVAL_MS 200
/** How long an answer remains valid. */
#define SERVER_RIVAL_KNOWN_MS 5000

struct server_state;
struct server_session;

enum server_rival {
	SERVER_RIVAL_GONE,  /**< the client is not there */
	SERVER_RIVAL_ASKED, /**< not known yet: call again later */
	SERVER_RIVAL_THERE,
};

/** Another client with the identifier of the plain session @p s wants its addresses.  @return whether the client of @p
 * s is there. */
enum server_rival server_rival_of(struct server_session *s, uint64_t now);

/** @return whether @p s, not confirmed yet, would take its addresses from a client that has shown that it is there. */
bool server_rival_outlives(const struct server_session *s, uint64_t now);

/** The client of @p s is there, and its rival on the plain session @p second got addresses of its own: log and count
 * that, and mark both leases. */
void server_rival_found(struct server_state *state, struct server_session *s, struct server_session *second);

#endif
