/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * accept_queue.h - connections that wait in the queue of a listening socket while the socket gets a level.
 *
 * An accepted connection has the mark that the listening socket bore when the first packet of the handshake came.  When
 * a listening socket becomes encrypted, connections that began before would keep the old mark.  No descriptor refers to
 * them yet, so the client cannot mark them.  It records them by their cookies instead: it treats them as having the
 * listening socket's level, the guard judges their packets by that level (guard.h), and they are marked as soon as they
 * are accepted (accepted.h).
 *
 * tscf(7), "LEVELS".
 */
#ifndef TSCF_CLIENT_ACCEPT_QUEUE_H
#define TSCF_CLIENT_ACCEPT_QUEUE_H

#include "common/daemon/timers.h"
#include "common/linux/sockdiag.h"
#include "tscf-client/guard/guard.h"

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

/** Shortest time between two checks whether a connection has been accepted. */
#define ACCEPT_QUEUE_PAUSE_MS 5

/** One connection. */
struct waiting_connection {
	uint64_t cookie;
	struct guard_waiting about; /**< the guard has a copy, for the next client */
	unsigned check;             /**< the last one in which it was there */
	UT_hash_handle hh;
};

/** The owner sets what it uses; the rest is zero at first. */
struct accept_queue {
	const struct client_config *config;
	struct tscf_timers *timers;
	struct guard *guard;
	struct waiting_connection *connections; /**< by cookie */
	uint64_t *accepted;                     /**< cookies of connections that had been accepted before, sorted */
	unsigned accepted_count, accepted_size;
	uint64_t look_at; /**< ms: when to check next whether some have been accepted (accepted.h) */
	unsigned pause;   /**< ms between two checks */
	unsigned check;   /**< number of the last one */
};

/** Forget all connections. */
void accept_queue_free(struct accept_queue *q);

/** @return whether @p s is a listening socket, which may have such connections. */
bool accept_queue_listens(const struct tscf_socket *s);
/** @p listener is about to be marked: remember which connections of its port have been accepted.  @return 0 or -errno.
 */
int accept_queue_before(struct accept_queue *q, const struct tscf_socket *listener);
/** @p listener has the mark @p value (level.h) now: record the connections that had not been accepted before.  @return
 * 0 or -errno. */
int accept_queue_after(struct accept_queue *q, const struct tscf_socket *listener, uint32_t value);
/**
 * The guard has marked @p listener with @p value a moment ago.  Which connections were accepted in that moment is not
 * known, so accepted connections without a level of their own are recorded too.  @return 0 or -errno.
 */
int accept_queue_raised(struct accept_queue *q, const struct tscf_socket *listener, uint32_t value);
/** Take over the connections that an earlier client has left with the guard. */
void accept_queue_adopt(struct accept_queue *q);

/** @return the connection, or NULL if it is not recorded here. */
struct waiting_connection *accept_queue_find(const struct accept_queue *q, uint64_t cookie);
/** @return the value that the connection is to get, or 0 if it is not recorded here. */
uint32_t accept_queue_value(const struct accept_queue *q, uint64_t cookie);
/** Remove the connection: it has its mark, or is gone. */
void accept_queue_remove(struct accept_queue *q, struct waiting_connection *w);

#endif
