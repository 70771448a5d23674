/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bind.h - which session may request what for which socket, and what happens to bindings when a session ends.
 *
 * Rule 2 (tscf(7), "SECURITY CONSIDERATIONS"): a request on a plain tunnel can only make shields, and lift them with a
 * key that only the client that made them has.
 */
#ifndef TSCF_SERVER_BIND_H
#define TSCF_SERVER_BIND_H

#include "tscf-server/state.h"

#include "common/packet/message.h"

/** @return whether the wildcards of @p key are among those of binding.h; with others, no packet would ever match the
 * entry. */
bool server_binding_key_valid(const struct tscf_binding_key *key);

/**
 * Execute a binding TLV that came on the encrypted session @p s.  If there is no room for a socket, the whole address
 * becomes encrypted: packets for a socket that the client could not register are not sent in clear.
 *
 * @return the response code for the answer.
 */
enum tscf_response server_bind(struct server_state *state, struct server_session *s,
			       const struct tscf_wire_binding *wire, uint64_t now);

/**
 * Execute a binding TLV of a shield request that came on the plain session @p s.  If there is no room for it, the whole
 * address is shielded.
 *
 * @return the response code for the answer.
 */
enum tscf_response server_shield(struct server_state *state, struct server_session *s,
				 const struct tscf_wire_binding *wire, uint64_t now);

/**
 * Lift the shield that a binding TLV of an unshield request on the plain session @p s names, if the shield belongs to
 * this session.  The request has shown the key of the lock.
 *
 * @return the response code for the answer.
 */
enum tscf_response server_unshield(struct server_state *state, struct server_session *s,
				   const struct tscf_wire_binding *wire, uint64_t now);

/**
 * An encrypted packet came on @p s, and no ACTIVE or RELEASED entry decides on its flow: bind its socket, or the whole
 * address if @p s or the table has too many entries.
 *
 * @param b the entry that decides on the flow now; may be NULL.
 */
void server_bind_implicitly(struct server_state *state, struct server_session *s, const struct tscf_binding_key *flow,
			    const struct tscf_binding *b, uint64_t now);

/**
 * The client of the encrypted session @p s has said that it has bound all its sockets there.  Entries that the session
 * has inherited and the client has not confirmed, and all entries of the plain session, are of sockets that are closed
 * or in clear by now: they end, those of encrypted-only sockets as tombstones.  tscf(7), "BINDINGS".
 */
void server_bindings_complete(struct server_state *state, struct server_session *s, uint64_t now);

/**
 * @return whether the plain session @p s has entries of a former tunnel, which its client may know nothing of, and
 * which only that client can end, by an encrypted tunnel.
 */
bool server_bindings_left(const struct server_session *s);

/** The encrypted session @p heir takes the place of @p s and gets its bindings. */
void server_bindings_inherit(struct server_state *state, struct server_session *s, struct server_session *heir);

/** The plain session @p heir takes the place of @p s at its internal address and gets the entries that restrict packets
 * from there. */
void server_shields_inherit(struct server_state *state, struct server_session *s, struct server_session *heir);

/**
 * A session ends.  Encrypted: encrypted-only entries become shields of the plain session, or tombstones if there is
 * none.  Plain: shields become tombstones.
 */
void server_bindings_orphan(struct server_state *state, struct server_session *s, uint64_t now);

#endif
