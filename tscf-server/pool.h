/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pool.h - internal addresses for tunnels, out of prefixes of either family.
 *
 * The first host address is the server's own.  A prefix of two addresses has one for clients (RFC 3021, RFC 6164), one
 * of one address none; of all others the first and the last address (network and broadcast; subnet router) are never
 * given.  An address that came back is given again as late as possible,
 * and not before TSCF_TOMBSTONE_MS: until then packets for its last holder may still arrive.
 *
 * Workers share the pools; each prefers the addresses whose packets come to it (common/steering.h), but takes any while
 * there is one left.  Any thread may take and give.
 *
 * A pool knows which client had an address last, and of a client the one that it had last, as long as the address was given to no
 * other.
 *
 * Every operation is O(1), amortised.  Memory grows with the addresses in use and those that came back lately, not with
 * the prefix.
 */
#ifndef TSCF_SERVER_POOL_H
#define TSCF_SERVER_POOL_H

#include "common/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Bytes of a client's identifier. */
#define SERVER_CLIENT_ID_SIZE 16

/** The addresses of one prefix. */
struct server_pool;

/**
 * Make a pool for @p parts workers.
 *
 * @return 0 with the pool in *out, -EAFNOSUPPORT if @p prefix has more than 64 host bits, or -ENOMEM.
 */
int server_pool_new(const struct tscf_prefix *prefix, unsigned parts, struct server_pool **out);
void server_pool_free(struct server_pool *pool);

/** @return the server's own address with the length of the prefix, as a device wants it. */
struct tscf_prefix server_pool_own(const struct server_pool *pool);
/** @return the prefix, its host bits clear. */
struct tscf_prefix server_pool_prefix(const struct server_pool *pool);
/**
 * Give no address to who has none any more, or do so again; addresses that are given stay with whom they have.  Any thread may look
 * at it.
 */
void server_pool_retire(struct server_pool *pool, bool retired);
bool server_pool_retired(const struct server_pool *pool);
/** @return how many addresses there are for clients. */
uint64_t server_pool_capacity(const struct server_pool *pool);
/** @return how many of them are given. */
uint64_t server_pool_used(const struct server_pool *pool);

/**
 * Give an address: @p wish if that is given and free, else one of @p part (below the number of parts), else any.
 *
 * @param wish may be NULL, or any address at all.
 * @return 0 with the address in *out, -EADDRNOTAVAIL when none is free, or -ENOMEM.
 */
int server_pool_take(struct server_pool *pool, const struct tscf_addr *wish, unsigned part, uint64_t now,
		     struct tscf_addr *out);
/** Take @p addr back; it was given by this pool. */
void server_pool_give(struct server_pool *pool, const struct tscf_addr *addr, uint64_t now);

/** @p addr, which is given, is that of this client. */
void server_pool_settle(struct server_pool *pool, const struct tscf_addr *addr, const uint8_t client[SERVER_CLIENT_ID_SIZE]);

/** All ranges for one kind of tunnel, of either family; zero-initialised.  Those that are retired do not count, except where it is said. */
struct server_pools {
	struct server_pool *_Atomic first;
};

/** Add a range behind the others, while any thread uses them; one thread adds. */
void server_pools_add(struct server_pools *pools, struct server_pool *pool);
void server_pools_free(struct server_pools *pools);
/** @return the range that is exactly @p range, retired or not, or NULL. */
struct server_pool *server_pools_find(const struct server_pools *pools, const struct tscf_prefix *range);
/** @return the range after @p pool, retired or not, the first one if that is NULL, or NULL at the end. */
const struct server_pool *server_pools_next(const struct server_pools *pools, const struct server_pool *pool);
/** @return whether @p addr is in one of the ranges, retired ones included, and not the server's own. */
bool server_pools_contain(const struct server_pools *pools, const struct tscf_addr *addr);
/** @return whether there is a range of @p family. */
bool server_pools_have(const struct server_pools *pools, int family);
/** @return how many addresses of @p family there are for clients. */
uint64_t server_pools_capacity(const struct server_pools *pools, int family);
/** @return how many tunnels get an address of every family that there are ranges of. */
uint64_t server_pools_most(const struct server_pools *pools);
/** @return how many tunnels more get an address of every family that there are ranges of. */
uint64_t server_pools_left(const struct server_pools *pools);

/**
 * Give an address of @p family: @p wish if that is given and free, else one of the first range that has one left, of
 * @p part if there is one.
 *
 * @return 0 with the address in *out and where it must be given back in *pool, -EADDRNOTAVAIL, or -ENOMEM.
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
/** Give its last holder @p addr again if nobody has it, at once, also if its range is retired.  @return as server_pools_take. */
int server_pools_take_again(const struct server_pools *pools, const struct tscf_addr *addr, struct server_pool **pool);
/**
 * An address of a client that was there before the server was started; those remembered first are given to others first.
 *
 * @return whether it is in one of the ranges.
 */
bool server_pools_remember(const struct server_pools *pools, const struct tscf_addr *addr,
			   const uint8_t client[SERVER_CLIENT_ID_SIZE]);

#endif
