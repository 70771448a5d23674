/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pending.h - changes that wait for the store's thread: the latest of each object, in the order in which the objects
 * began to wait.
 *
 * However slow the disk is, nothing is lost.  A change replaces an earlier one of the same object, and an object that
 * appeared and disappeared meanwhile leaves no change (server_change.fresh).  So there are never more waiting changes
 * than objects that exist or that the store knows.
 *
 * Not thread-safe; a list that was taken belongs to the thread that took it.
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
	uint64_t since;               /**< the ticket with which the object began to wait */
	bool fresh;                   /**< the store does not know the object */
	struct server_change *change; /**< only the used part of it is allocated */
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

/** @return all waiting changes, or NULL; the list is empty afterwards.  Free it with server_pending_change_free, one by
 * one. */
struct server_pending_change *server_pending_take(struct server_pending *p);

/**
 * Let changes that were taken, and could not be written, wait again before all others; of an object that has changed
 * meanwhile the later change stays.  The list belongs to @p p from here on.
 *
 * @return how many changes are lost for lack of memory.
 */
unsigned server_pending_put_back(struct server_pending *p, struct server_pending_change *changes);

/** Free one change that was taken. */
void server_pending_change_free(struct server_pending_change *c);

#endif
