/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/address/pools.h"

#include <errno.h>

void server_pools_add(struct server_pools *pools, struct server_pool *pool)
{
	struct server_pool *last = pools->first, *next;

	if (!last) {
		pools->first = pool;
		return;
	}
	while ((next = server_pool_next(last)))
		last = next;
	server_pool_set_next(last, pool);
}

void server_pools_free(struct server_pools *pools)
{
	struct server_pool *pool = pools->first;

	pools->first = NULL;
	while (pool) {
		struct server_pool *next = server_pool_next(pool);

		server_pool_free(pool);
		pool = next;
	}
}

struct server_pool *server_pools_find(const struct server_pools *pools, const struct tscf_prefix *range)
{
	for (struct server_pool *p = pools->first; p; p = server_pool_next(p)) {
		struct tscf_prefix prefix = server_pool_prefix(p);

		if (tscf_prefix_equal(&prefix, range))
			return p;
	}
	return NULL;
}

/** @return whether @p pool gives addresses of @p family to new clients. */
static bool gives(const struct server_pool *pool, int family)
{
	return server_pool_prefix(pool).addr.family == family && !server_pool_retired(pool);
}

const struct server_pool *server_pools_next(const struct server_pools *pools, const struct server_pool *pool)
{
	return pool ? server_pool_next(pool) : pools->first;
}

bool server_pools_contain(const struct server_pools *pools, const struct tscf_addr *addr)
{
	for (const struct server_pool *p = pools->first; p; p = server_pool_next(p)) {
		struct tscf_prefix own = server_pool_own(p);

		if (tscf_prefix_contains(&own, addr))
			return !tscf_addr_equal(&own.addr, addr);
	}
	return false;
}

struct tscf_addr server_pools_own(const struct server_pools *pools, const struct tscf_addr *addr)
{
	for (const struct server_pool *p = pools->first; p; p = server_pool_next(p)) {
		struct tscf_prefix own = server_pool_own(p);

		if (tscf_prefix_contains(&own, addr))
			return own.addr;
	}
	return (struct tscf_addr){.family = 0};
}

bool server_pools_have(const struct server_pools *pools, int family)
{
	for (const struct server_pool *p = pools->first; p; p = server_pool_next(p))
		if (gives(p, family))
			return true;
	return false;
}

uint64_t server_pools_capacity(const struct server_pools *pools, int family)
{
	uint64_t sum = 0;

	for (const struct server_pool *p = pools->first; p; p = server_pool_next(p)) {
		uint64_t more = gives(p, family) ? server_pool_capacity(p) : 0;

		sum = sum + more < sum ? UINT64_MAX : sum + more;
	}
	return sum;
}

/** @return how many addresses of @p family can still be given. */
static uint64_t left_of(const struct server_pools *pools, int family)
{
	uint64_t sum = server_pools_capacity(pools, family);

	for (const struct server_pool *p = pools->first; p; p = server_pool_next(p))
		if (gives(p, family))
			sum -= server_pool_used(p);
	return sum;
}

/** @return the smallest result of @p count over all families for which there are ranges; 0 without ranges. */
static uint64_t tunnels(const struct server_pools *pools,
			uint64_t (*count)(const struct server_pools *pools, int family))
{
	uint64_t least = UINT64_MAX;
	bool any = false;

	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		uint64_t of_family = count(pools, tscf_family(i));

		if (!server_pools_have(pools, tscf_family(i)))
			continue;
		any = true;
		least = of_family < least ? of_family : least;
	}
	return any ? least : 0;
}

uint64_t server_pools_most(const struct server_pools *pools)
{
	return tunnels(pools, server_pools_capacity);
}

uint64_t server_pools_left(const struct server_pools *pools)
{
	return tunnels(pools, left_of);
}

int server_pools_take(const struct server_pools *pools, int family, const struct tscf_addr *wish, unsigned part,
		      uint64_t now, struct server_pool **pool, struct tscf_addr *out)
{
	int err = -EADDRNOTAVAIL;

	for (struct server_pool *p = wish ? pools->first : NULL; p; p = server_pool_next(p)) {
		if (gives(p, family) && server_pool_grant(p, wish, now, out)) {
			*pool = p;
			return 0;
		}
	}
	for (struct server_pool *p = pools->first; p && err == -EADDRNOTAVAIL; p = server_pool_next(p)) {
		if (!gives(p, family))
			continue;
		err = server_pool_take(p, part, now, out);
		*pool = p;
	}
	return err;
}

bool server_pools_recall(const struct server_pools *pools, int family, const uint8_t client[SERVER_CLIENT_ID_SIZE],
			 struct tscf_addr *out)
{
	for (struct server_pool *p = pools->first; p; p = server_pool_next(p))
		if (gives(p, family) && server_pool_recall(p, client, out))
			return true;
	return false;
}

int server_pools_take_again(const struct server_pools *pools, const struct tscf_addr *addr, struct server_pool **pool)
{
	for (struct server_pool *p = pools->first; p; p = server_pool_next(p)) {
		if (server_pool_take_again(p, addr)) {
			*pool = p;
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

bool server_pools_remember(const struct server_pools *pools, const struct tscf_addr *addr,
			   const uint8_t client[SERVER_CLIENT_ID_SIZE])
{
	for (struct server_pool *p = pools->first; p; p = server_pool_next(p))
		if (server_pool_remember(p, addr, client))
			return true;
	return false;
}
