/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pool.h - internal addresses for tunnels, out of one IPv4 prefix.
 *
 * The first host address is the server's own.  A /31 has one address for clients (RFC 3021), a /32 none; of all others
 * the network and the broadcast address are never given.  An address that came back is given again as late as possible,
 * and not before TSCF_TOMBSTONE_MS: until then packets for its last holder may still arrive.
 *
 * Every operation is O(1), amortised.  Memory grows with the addresses in use and those that came back lately, not with
 * the prefix.
 */
#ifndef TSCF_SERVER_POOL_H
#define TSCF_SERVER_POOL_H

#include "common/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct server_pool;

/** @return 0 with the pool in *out, -EAFNOSUPPORT if @p prefix is no IPv4 prefix, or -ENOMEM. */
int server_pool_new(const struct tscf_prefix *prefix, struct server_pool **out);
void server_pool_free(struct server_pool *pool);

/** @return the server's own address with the length of the prefix, as a device wants it. */
struct tscf_prefix server_pool_own(const struct server_pool *pool);
/** @return the prefix, its host bits clear. */
struct tscf_prefix server_pool_prefix(const struct server_pool *pool);
/** @return how many addresses there are for clients. */
uint64_t server_pool_capacity(const struct server_pool *pool);
/** @return how many of them are given. */
uint64_t server_pool_used(const struct server_pool *pool);

/**
 * Give an address: @p wish if that is given and free, else any.
 *
 * @param wish may be NULL, or any address at all.
 * @return 0 with the address in *out, -EADDRNOTAVAIL when none is free, or -ENOMEM.
 */
int server_pool_take(struct server_pool *pool, const struct tscf_addr *wish, uint64_t now, struct tscf_addr *out);
/** Take @p addr back; it was given by this pool. */
void server_pool_give(struct server_pool *pool, const struct tscf_addr *addr, uint64_t now);

#endif
