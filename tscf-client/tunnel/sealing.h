/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sealing.h - the keys of one plain session, shared by all tunnels that may carry it.
 *
 * When a session is resumed, several ways are tried at a time.  Their messages have the same keys, so they must be
 * numbered together (common/auth/seal.h).
 */
#ifndef TSCF_CLIENT_SEALING_H
#define TSCF_CLIENT_SEALING_H

#include "common/auth/seal.h"

struct sealing {
	struct tscf_seal seal;
	unsigned holders;
};

/** Keep a copy of @p seal.  @return it, held once, or NULL when out of memory. */
struct sealing *sealing_new(const struct tscf_seal *seal);
/** Hold @p s once more; NULL is allowed.  @return @p s. */
struct sealing *sealing_hold(struct sealing *s);
/** Drop one hold of *@p s, and forget the pointer; the last one wipes the keys.  *s may be NULL. */
void sealing_drop(struct sealing **s);

#endif
