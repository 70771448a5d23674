/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pools.h - all address ranges for one kind of tunnel, of either family; earlier ranges give addresses first.
 */
#ifndef TSCF_SERVER_POOLS_H
#define TSCF_SERVER_POOLS_H

#include "tscf-server/address/pool.h"

/** Zero-initialised.  Retired ranges do not count, except where noted. */
struct server_pools {
	struct server_pool *_Atomic first;
};

/** Append a range, also while other threads use the list; only one thread adds. */
void server_pools_add(struct server_pools *pools, struct server_pool *pool);
void server_pools_free(struct server_pools *pools);
/** @return the range that is exactly @p range, retired or not, or NULL. */
struct server_pool *server_pools_find(const struct server_pools *pools, const struct tscf_prefix *range);
/** @return the range after @p pool, retired or not, the first one if that is NULL, or NULL at the end. */
const struct server_pool *server_pools_next(const struct server_pools *pools, const struct server_pool *pool);
/** @return whether @p addr is in one of the ranges, retired ones included, and not the server's own. */
bool server_pools_contain(const struct server_pools *pools, const struct tscf_addr *addr);
/** @return the server's own address in the range that @p addr is in; family 0: it is in none. */
struct tscf_addr server_pools_own(const struct server_pools *pools, const struct tscf_addr *addr);
/** @return whether there is a range of @p family. */
bool server_pools_have(const struct server_pools *pools, int family);
/** @return the number of addresses of @p family for clients. */
uint64_t server_pools_capacity(const struct server_pools *pools, int family);
/** @return how many tunnels can get an address of every family for which there are ranges. */
uint64_t server_pools_most(const struct server_pools *pools);
/** @return how many more tunnels can get an address of every family for which there are ranges. */
uint64_t server_pools_left(const struct server_pools *pools);

/**
 * Give an address of @p family: @p wish if that is not NULL and free, else one from the first range that has one left,
 * from @p part if possible.
 *
 * @return 0 with the address in *out and the pool to give it back to in *pool, -EADDRNOTAVAIL, or -ENOMEM.
 */
int server_pools_take(const struct server_pools *pools, int family, const struct tscf_addr *wish, unsigned part,
		      uint64_t now, struct server_pool **pool, struct tscf_addr *out);

/**
 * Find the address of @p family that was settled on @p client last, given or not.
 *
 * @return whether there is one, with it in *out.
 */
bool server_pools_recall(const struct server_pools *pools, int family, const uint8_t client[SERVER_CLIENT_ID_SIZE],
			 struct tscf_addr *out);
/** Give @p addr to its last holder again if it is free, without delay, even if its range is retired.  @return as
 * server_pools_take. */
int server_pools_take_again(const struct server_pools *pools, const struct tscf_addr *addr, struct server_pool **pool);
/**
 * Record the address of a client from before the server started; addresses recorded first are given to other clients
 * first.
 *
 * @return whether it is in one of the ranges.
 */
bool server_pools_remember(const struct server_pools *pools, const struct tscf_addr *addr,
			   const uint8_t client[SERVER_CLIENT_ID_SIZE]);

#endif
