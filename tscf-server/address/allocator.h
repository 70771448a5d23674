/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * allocator.h - what the workers share of one tscf-interface: internal addresses, and places (the counted tunnels).
 *
 * Any thread may use it at any time.  It is used when tunnels begin or end, never per packet.  The main thread makes
 * and changes the allocators.
 */
#ifndef TSCF_SERVER_ALLOCATOR_H
#define TSCF_SERVER_ALLOCATOR_H

#include "tscf-server/address/pools.h"

#include <stdatomic.h>
#include <stdbool.h>

struct server_allocator {
	char *name; /**< the interface's */
	struct server_pools plain_pools;
	struct server_pools encrypted_pools; /**< empty: no encrypted tunnels */
	/** Places taken: by sessions; for encrypted tunnels also by reservations. */
	atomic_uint plain, encrypted;
	atomic_uint candidates; /**< of the places for encrypted tunnels, those whose sessions can yield (yield.h) */
	/** Until then free places for encrypted tunnels are kept for encrypted-only sockets, since some wait for one.
	 */
	_Atomic uint64_t kept_until;
	struct server_allocator *next;
};

struct server;
struct server_config;

/** Gives the device of plain or encrypted tunnels the server's own address in a range.  @return 0 or -errno. */
typedef int server_number_range(const struct server *server, bool encrypted, const struct server_pool *pool);

/**
 * For each interface of @p config that is enabled and has no allocator, append an allocator for @p workers workers.  An
 * interface whose addresses overlap those of another allocator gets none, with a warning.  Errors are logged.
 *
 * @return 0, or -errno; server_allocators_retract then frees what was made.
 */
int server_allocators_make(struct server *server, const struct server_config *config, unsigned workers);
/** Free the allocators after @p last, or all if that is NULL; no worker may use them any more. */
void server_allocators_retract(struct server *server, struct server_allocator *last);
/** @return the allocator of the interface of that name, or NULL. */
struct server_allocator *server_allocator_find(const struct server *server, const char *name);
/** @return the last allocator, or NULL. */
struct server_allocator *server_allocators_last(const struct server *server);

/**
 * Make each allocator give addresses from exactly the ranges that its interface has in @p fresh.  New ranges are added,
 * with the server's own address on the device (@p number); ranges that are gone are retired.  Changes that are
 * impossible while the server runs are logged as warnings.
 */
void server_allocators_change(struct server *server, const struct server_config *fresh, server_number_range *number);

/**
 * Take a place if fewer than @p max are taken, without counting @p own of them; @p max 0: no limit.
 *
 * @return whether it was taken; give it back with server_allocator_release.
 */
static inline bool server_allocator_claim(atomic_uint *taken, unsigned max, unsigned own)
{
	unsigned now = atomic_load_explicit(taken, memory_order_relaxed);

	do
		if (max != 0 && now >= max + own)
			return false;
	while (
	    !atomic_compare_exchange_weak_explicit(taken, &now, now + 1, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static inline void server_allocator_release(atomic_uint *taken)
{
	atomic_fetch_sub_explicit(taken, 1, memory_order_relaxed);
}

#endif
