/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pool.h - internal addresses for tunnels, out of one prefix of either family.
 *
 * The first host address is the server's own.  A prefix of two addresses has one for clients (RFC 3021, RFC 6164), one
 * of one address none; of all others the first and the last address (network and broadcast; subnet router) are never
 * given.  An address that came back is given again as late as possible, and not before TSCF_TOMBSTONE_MS: until then
 * packets for its last holder may still arrive.
 *
 * Workers share the pools; each prefers the addresses whose packets come to it (common/steering.h), but takes any while
 * there is one left.  Any thread may take and give.
 *
 * A pool knows which client had an address last, and of a client the one that it had last, as long as the address was
 * given to no other.
 *
 * Every operation is O(1), amortised.  Memory grows with the addresses in use and those that came back lately, not with
 * the prefix.
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

/** @return the server's own address with the length of the prefix, as a device wants it. */
struct tscf_prefix server_pool_own(const struct server_pool *pool);
/** @return the prefix, its host bits clear. */
struct tscf_prefix server_pool_prefix(const struct server_pool *pool);
/**
 * Give no address to who has none any more, or do so again; addresses that are given stay with whom they have.  Any
 * thread may look at it.
 */
void server_pool_retire(struct server_pool *pool, bool retired);
bool server_pool_retired(const struct server_pool *pool);
/** The pool behind this one in a list of them (pools.h), or NULL.  One thread sets, any looks. */
struct server_pool *server_pool_next(const struct server_pool *pool);
void server_pool_set_next(struct server_pool *pool, struct server_pool *next);
/** @return how many addresses there are for clients. */
uint64_t server_pool_capacity(const struct server_pool *pool);
/** @return how many of them are given. */
uint64_t server_pool_used(const struct server_pool *pool);

/**
 * Give an address, one of @p part (below the number of parts) if there is one.
 *
 * @return 0 with the address in *out, -EADDRNOTAVAIL when none is free, or -ENOMEM.
 */
int server_pool_take(struct server_pool *pool, unsigned part, uint64_t now, struct tscf_addr *out);
/** Give @p wish, which may be any address at all.  @return whether it is an address for clients and free, with it in
 * *out. */
bool server_pool_grant(struct server_pool *pool, const struct tscf_addr *wish, uint64_t now, struct tscf_addr *out);
/** Take @p addr back; it was given by this pool. */
void server_pool_give(struct server_pool *pool, const struct tscf_addr *addr, uint64_t now);

/** @p addr, which is given, is that of this client. */
void server_pool_settle(struct server_pool *pool, const struct tscf_addr *addr,
			const uint8_t client[SERVER_CLIENT_ID_SIZE]);
/**
 * Find the address that was settled on @p client last, given or not.
 *
 * @return whether there is one, with it in *out.
 */
bool server_pool_recall(struct server_pool *pool, const uint8_t client[SERVER_CLIENT_ID_SIZE], struct tscf_addr *out);
/** Give its last holder @p addr again, at once, retired or not.  @return whether it is of this pool and nobody has it.
 */
bool server_pool_take_again(struct server_pool *pool, const struct tscf_addr *addr);
/**
 * An address of a client that was there before the server was started; those remembered first are given to others
 * first.  Before any thread uses the pool.
 *
 * @return whether it is of this pool.
 */
bool server_pool_remember(struct server_pool *pool, const struct tscf_addr *addr,
			  const uint8_t client[SERVER_CLIENT_ID_SIZE]);

#endif
