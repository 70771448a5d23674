/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shares.h - how many sockets of each local user are encrypted, so that no user takes all the sockets that a session
 * may register.
 *
 * Sockets are counted by their owner (sockdiag.h), again with each dump of the kernel's sockets.  Sockets encrypted
 * between two dumps are added.  Root has no limit: it could change everything else as well.
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

/** Forget all users. */
void shares_free(struct shares *s);
/** A dump begins. */
void shares_begin(struct shares *s);
/** The dump has found an encrypted socket of @p uid. */
void shares_seen(struct shares *s, uint32_t uid);
/** The dump is complete: sockets that were not seen in it are gone. */
void shares_end(struct shares *s);
/** Between two dumps: there is one more encrypted socket of @p uid ... */
void shares_more(struct shares *s, uint32_t uid);
/** ... or one less.  @p counted: the running dump has found it. */
void shares_less(struct shares *s, uint32_t uid, bool counted);
/** @return whether @p uid may have one more encrypted socket; if so, it is counted. */
bool shares_take(struct shares *s, uint32_t uid);

#endif
