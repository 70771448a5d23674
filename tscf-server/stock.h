/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stock.h - what the workers give out together for one tscf-interface: internal addresses, and places for tunnels.
 *
 * Any thread may use it at any time.  It is for tunnels that begin or end; packets need nothing of it.
 */
#ifndef TSCF_SERVER_STOCK_H
#define TSCF_SERVER_STOCK_H

#include "pool.h"

#include <stdatomic.h>
#include <stdbool.h>

struct server_stock {
	struct server_pools plain_pools;
	struct server_pools encrypted_pools; /**< empty: no encrypted tunnels */
	/** Places taken: by sessions; for encrypted tunnels also by reservations. */
	atomic_uint plain, encrypted;
};

/**
 * Take a place, if there are fewer than @p max taken already, @p own of them not counted; 0: there is no limit.
 *
 * @return whether it has been taken; it is given back with server_stock_release.
 */
static inline bool server_stock_claim(atomic_uint *taken, unsigned max, unsigned own)
{
	unsigned now = atomic_load_explicit(taken, memory_order_relaxed);

	do
		if (max != 0 && now >= max + own)
			return false;
	while (!atomic_compare_exchange_weak_explicit(taken, &now, now + 1, memory_order_relaxed,
						      memory_order_relaxed));
	return true;
}

static inline void server_stock_release(atomic_uint *taken)
{
	atomic_fetch_sub_explicit(taken, 1, memory_order_relaxed);
}

#endif
