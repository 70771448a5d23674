/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * history.h - since when sockets have their levels, for people who look.  Nothing decides by it.
 *
 * A socket that already had its level when the client started has no history.
 */
#ifndef TSCF_CLIENT_HISTORY_H
#define TSCF_CLIENT_HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

/** Most sockets that are remembered; a new one takes the place of the oldest. */
#define HISTORY_MAX 32768

struct history_entry {
	uint64_t cookie;
	uint64_t since; /**< monotonic ms: when the socket got its level */
	uint64_t moved; /**< the same: when a change of level last moved it to the other tunnel, 0: never */
	UT_hash_handle hh;
};

/** Zero at first. */
struct history {
	struct history_entry *entries;
};

/** The socket with that cookie has another level from @p now on; @p moved: it is in the other tunnel, too. */
void history_level(struct history *h, uint64_t cookie, bool moved, uint64_t now);
/** @return what is known of the socket with that cookie, or NULL. */
const struct history_entry *history_of(const struct history *h, uint64_t cookie);
/** The socket with that cookie is gone. */
void history_gone(struct history *h, uint64_t cookie);
void history_free(struct history *h);

#endif
