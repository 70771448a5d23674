/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pool.h - internal addresses for tunnels, from one prefix of either family.
 *
 * The first host address is the server's own.  A prefix of two addresses has one for clients (RFC 3021, RFC 6164), a
 * prefix of one address has none.  In all other prefixes the first and the last address (network and broadcast; subnet
 * router) are never given.  A returned address is given again as late as possible, and not before TSCF_TOMBSTONE_MS:
 * until then packets for its last holder may still arrive.
 *
 * Workers share the pools.  Each worker prefers the addresses whose packets come to it (common/linux/tun_steering.h),
 * but takes any address if none of these is left.  Any thread may take and give.
 *
 * A pool knows which client had an address last, and which address a client had last, until the address is given to
 * another client.
 *
 * Every operation is O(1), amortised.  Memory grows with the addresses in use and the recently returned ones, not with
 * the size of the prefix.
 */
#ifndef TSCF_SERVER_POOL_H
#define TSCF_SERVER_POOL_H

#include "common/base/addr.h"

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

/** @return the server's own address with the length of the prefix, as for a device. */
struct tscf_prefix server_pool_own(const struct server_pool *pool);
/** @return the prefix, its host bits clear. */
struct tscf_prefix server_pool_prefix(const struct server_pool *pool);
/**
 * With @p retired, give no more addresses to clients that have none; without, give addresses again.  Clients keep the
 * addresses that they have.  Any thread may read the state.
 */
void server_pool_retire(struct server_pool *pool, bool retired);
bool server_pool_retired(const struct server_pool *pool);
/** The next pool in a list of pools (pools.h), or NULL.  One thread sets it, any thread may read it. */
struct server_pool *server_pool_next(const struct server_pool *pool);
void server_pool_set_next(struct server_pool *pool, struct server_pool *next);
/** @return the number of addresses for clients. */
uint64_t server_pool_capacity(const struct server_pool *pool);
/** @return the number of given addresses. */
uint64_t server_pool_used(const struct server_pool *pool);

/**
 * Give an address, from @p part (below the number of parts) if one is left there.
 *
 * @return 0 with the address in *out, -EADDRNOTAVAIL when none is free, or -ENOMEM.
 */
int server_pool_take(struct server_pool *pool, unsigned part, uint64_t now, struct tscf_addr *out);
/** Give @p wish, which may be any address.  @return whether it is for clients and free, with it in *out. */
bool server_pool_grant(struct server_pool *pool, const struct tscf_addr *wish, uint64_t now, struct tscf_addr *out);
/** Take back @p addr, which this pool gave. */
void server_pool_give(struct server_pool *pool, const struct tscf_addr *addr, uint64_t now);

/** Record that @p addr, which is given, belongs to this client. */
void server_pool_settle(struct server_pool *pool, const struct tscf_addr *addr,
			const uint8_t client[SERVER_CLIENT_ID_SIZE]);
/**
 * Find the address that was settled on @p client last, given or not.
 *
 * @return whether there is one, with it in *out.
 */
bool server_pool_recall(struct server_pool *pool, const uint8_t client[SERVER_CLIENT_ID_SIZE], struct tscf_addr *out);
/** Give @p addr to its last holder again, without delay, even if the pool is retired.  @return whether it is from this
 * pool and free.
 */
bool server_pool_take_again(struct server_pool *pool, const struct tscf_addr *addr);
/**
 * Record the address of a client from before the server started; addresses recorded first are given to other clients
 * first.  Call it before any thread uses the pool.
 *
 * @return whether it is from this pool.
 */
bool server_pool_remember(struct server_pool *pool, const struct tscf_addr *addr,
			  const uint8_t client[SERVER_CLIENT_ID_SIZE]);

#endif
