/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rival.h - two clients with one identifier, as cloned machines have it.
 *
 * A client that configures its tunnel again gets the addresses that its former session has, if it comes from the same
 * outer address.  So would a clone of it behind the same address translator: each would take from the other what the
 * other has just taken back.  Therefore the former session is asked first whether its client is there: if it answers,
 * these are two, and the second one gets addresses of its own.  Both are told by TLV SHARED_ID.
 *
 * The same process of a client is no rival of itself (TLV RUN): it may try several ways at a time.  Who has been killed and comes again waits for SERVER_RIVAL_MS, which is less than his first retransmission.
 */
#ifndef TSCF_SERVER_RIVAL_H
#define TSCF_SERVER_RIVAL_H

#include <stdbool.h>
#include <stdint.h>

/** How long a client has for its answer. */
#define SERVER_RIVAL_MS 200
/** How long that it has answered counts. */
#define SERVER_RIVAL_KNOWN_MS 5000

struct server_state;
struct server_session;

enum server_rival {
	SERVER_RIVAL_GONE,  /**< it is not there */
	SERVER_RIVAL_ASKED, /**< it is not known yet: ask again later */
	SERVER_RIVAL_THERE,
};

/** Somebody else with the identifier of the plain session @p s wants its addresses.  @return whether its client is
 * there. */
enum server_rival server_rival_of(struct server_session *s, uint64_t now);

/** @return whether @p s, not confirmed yet, would take its addresses from a client that has shown that it is there. */
bool server_rival_outlives(const struct server_session *s, uint64_t now);

/** It is there, and the other one, at the plain session @p second, has addresses of its own: say so. */
void server_rival_found(struct server_state *state, struct server_session *s, struct server_session *second);

#endif
