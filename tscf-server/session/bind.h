/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bind.h - who may say what about which socket, and what becomes of bindings when a session goes.
 *
 * Rule 2 (tscf(7), "SECURITY CONSIDERATIONS"): what arrives on a plain tunnel only ever makes shields, and lifts them
 * with a key that only who made them has.
 */
#ifndef TSCF_SERVER_BIND_H
#define TSCF_SERVER_BIND_H

#include "tscf-server/state.h"

#include "common/packet/message.h"

/** @return whether the wildcards of @p key are those of binding.h: else no packet would ever match the entry. */
bool server_binding_key_valid(const struct tscf_binding_key *key);

/**
 * Do what a binding TLV that came on the encrypted session @p s asks for.  A socket that there is no room for makes the
 * whole address encrypted: what the client could not register does not go down in clear.
 *
 * @return what to answer.
 */
enum tscf_response server_bind(struct server_state *state, struct server_session *s,
			       const struct tscf_wire_binding *wire, uint64_t now);

/**
 * Do what a binding TLV of a shield request that came on the plain session @p s asks for.  If there is no room for it
 * the whole address is shielded.
 *
 * @return what to answer.
 */
enum tscf_response server_shield(struct server_state *state, struct server_session *s,
				 const struct tscf_wire_binding *wire, uint64_t now);

/**
 * Lift the shield that a binding TLV of an unshield request on the plain session @p s names, if it is this session's.
 * The request has shown the key of the lock.
 *
 * @return what to answer.
 */
enum tscf_response server_unshield(struct server_state *state, struct server_session *s,
				   const struct tscf_wire_binding *wire, uint64_t now);

/**
 * An encrypted packet of a flow that no ACTIVE or RELEASED entry decides on came on @p s: bind its socket, or the whole
 * address if @p s or the table has too many entries.
 *
 * @param b  what decides on the flow now; may be NULL.
 */
void server_bind_implicitly(struct server_state *state, struct server_session *s, const struct tscf_binding_key *flow,
			    const struct tscf_binding *b, uint64_t now);

/** The encrypted session @p heir takes the place of @p s and gets its bindings. */
void server_bindings_inherit(struct server_state *state, struct server_session *s, struct server_session *heir);

/** The plain session @p heir takes the place of @p s at its internal address: what keeps packets from there in check
 * goes over to it. */
void server_shields_inherit(struct server_state *state, struct server_session *s, struct server_session *heir);

/**
 * A session goes.  Encrypted: what was encrypted-only becomes a shield of the plain session, or a tombstone if there is
 * none. Plain: shields become tombstones.
 */
void server_bindings_orphan(struct server_state *state, struct server_session *s, uint64_t now);

#endif
