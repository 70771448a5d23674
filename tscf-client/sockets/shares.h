/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shares.h - how many sockets of each local user are encrypted, so that no user takes all that a session may register.
 *
 * Counted by the owner of the socket (sockdiag.h), again with each dump of the kernel's sockets; what is given in between
 * is added.  Root has no limit: it could change everything else as well.
 */
#ifndef TSCF_CLIENT_SHARES_H
#define TSCF_CLIENT_SHARES_H

#include <stdbool.h>
#include <stdint.h>

/** Most encrypted sockets of one user: a server lets a session register 20000 (tscf(7), "BINDINGS"). */
#define SHARES_MAX 4096

struct share;

/** Zero-initialised. */
struct shares {
	struct share *by_uid;
};

void shares_free(struct shares *s);
/** A dump begins. */
void shares_begin(struct shares *s);
/** It has found an encrypted socket of @p uid. */
void shares_seen(struct shares *s, uint32_t uid);
/** It is complete: what was not seen in it is gone. */
void shares_end(struct shares *s);
/** @return whether @p uid may have one encrypted socket more, which then is counted. */
bool shares_take(struct shares *s, uint32_t uid);

#endif
