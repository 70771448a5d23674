/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sealing.h - the keys of one plain session, shared by all tunnels that may carry it.
 *
 * When a session is resumed, several ways are tried at a time.  Their messages have the same keys, so they must be
 * numbered together (common/auth/seal.h).
 *
 * The credential of the client may be renewed meanwhile.  Its encrypted tunnels are for the client that has made the
 * plain session: they need the credential of that time.
 */
#ifndef TSCF_CLIENT_SEALING_H
#define TSCF_CLIENT_SEALING_H

#include "common/auth/proof.h"
#include "common/auth/seal.h"

struct sealing {
	struct tscf_seal seal;
	unsigned holders;
	struct tscf_credential *credential; /**< with which the client has made the session; NULL: none */
};

/** Keep a copy of @p seal, and hold @p credential, which may be NULL.  @return it, held once, or NULL when out of
 * memory.
 */
struct sealing *sealing_new(const struct tscf_seal *seal, struct tscf_credential *credential);
/** Hold @p s once more; NULL is allowed.  @return @p s. */
struct sealing *sealing_hold(struct sealing *s);
/** Drop one hold of *@p s, and forget the pointer; the last one wipes the keys.  *s may be NULL. */
void sealing_drop(struct sealing **s);

#endif
