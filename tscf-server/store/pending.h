/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pending.h - changes that wait for the store's thread: of each thing the latest, in the order in which things began to
 * wait.
 *
 * So however slow the disk is, nothing is lost, and what waits is never more than what there is and what the store
 * knows of: a change takes the place of an earlier one of the same thing, and of what came and went meanwhile nothing is
 * left (server_change.fresh).
 *
 * Not for several threads at once; a list that was taken is the taker's.
 */
#ifndef TSCF_SERVER_PENDING_H
#define TSCF_SERVER_PENDING_H

#include "tscf-server/store/change_key.h"

#include "common/base/siphash.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/** A change that waits. */
struct server_pending_change {
	struct server_pending_change *prev, *next; /**< list, in order of `since` */
	struct server_change_key key;
	uint64_t since; /**< the ticket with which the thing began to wait */
	bool fresh;     /**< the store knows nothing of it */
	struct server_change *change; /**< only as much of it as is used */
	UT_hash_handle hh;
};

struct server_pending {
	struct server_pending_change *list;
	struct server_pending_change *by_key;
	struct tscf_siphash_key secret;
};

/** @return 0, or -errno. */
int server_pending_init(struct server_pending *p);
void server_pending_free(struct server_pending *p);

/** Keep a copy of @p change, which has this ticket.  @return 0, or -ENOMEM with nothing changed. */
int server_pending_put(struct server_pending *p, const struct server_change *change, uint64_t ticket);

/** @return all that waits, or NULL; it waits no more.  Free it with server_pending_change_free, one by one. */
struct server_pending_change *server_pending_take(struct server_pending *p);

void server_pending_change_free(struct server_pending_change *c);

#endif
