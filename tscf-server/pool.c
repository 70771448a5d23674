/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pool.h"

#include "common/binding.h"
#include "common/bytes.h"
#include "common/siphash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/** How many addresses that came back are remembered while there are others that were never given. */
#define REMEMBER 65536

/** An address that has been given at least once, and whose past counts. */
struct entry {
	uint32_t host;
	bool used;
	uint64_t reusable; /* from this time on, if not used */
	struct entry *prev, *next;
	UT_hash_handle hh;
};

struct server_pool {
	struct tscf_prefix prefix;
	uint32_t network;
	uint32_t own;
	uint32_t first, last; /* for clients; first > last: none */
	uint64_t fresh;       /* from here on addresses without an entry were never given; > last: there are none */
	struct entry *entries;
	struct entry *returned; /* not used, in the order in which they came back */
	unsigned returned_count;
	uint64_t used;
	struct tscf_siphash_key secret;
};

static void set_range(struct server_pool *pool)
{
	uint32_t mask = pool->prefix.length == 0 ? 0 : UINT32_MAX << (32 - pool->prefix.length);
	bool point_to_point = pool->prefix.length >= 31;

	pool->network = tscf_get_u32(pool->prefix.addr.bytes);
	pool->own = point_to_point ? pool->network : pool->network + 1;
	pool->first = pool->own + 1;
	pool->last = (pool->network | ~mask) - (point_to_point ? 0 : 1);
	if (pool->prefix.length == 32)
		pool->first = UINT32_MAX, pool->last = 0;
	pool->fresh = pool->first;
}

int server_pool_new(const struct tscf_prefix *prefix, struct server_pool **out)
{
	struct server_pool *pool;
	int err;

	if (prefix->addr.family != AF_INET || prefix->length > 32)
		return -EAFNOSUPPORT;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	err = tscf_siphash_key_init(&pool->secret);
	if (err < 0) {
		free(pool);
		return err;
	}
	pool->prefix = *prefix;
	tscf_prefix_normalize(&pool->prefix);
	set_range(pool);
	*out = pool;
	return 0;
}

void server_pool_free(struct server_pool *pool)
{
	struct entry *e, *next;

	if (!pool)
		return;
	HASH_ITER(hh, pool->entries, e, next)
	{
		HASH_DELETE(hh, pool->entries, e);
		free(e);
	}
	free(pool);
}

static struct tscf_addr address_of(uint32_t host)
{
	uint8_t bytes[4];

	tscf_put_u32(bytes, host);
	return tscf_addr_v4(bytes);
}

struct tscf_prefix server_pool_own(const struct server_pool *pool)
{
	return (struct tscf_prefix){.addr = address_of(pool->own), .length = pool->prefix.length};
}

struct tscf_prefix server_pool_prefix(const struct server_pool *pool)
{
	return pool->prefix;
}

uint64_t server_pool_capacity(const struct server_pool *pool)
{
	return pool->first > pool->last ? 0 : (uint64_t)pool->last - pool->first + 1;
}

uint64_t server_pool_used(const struct server_pool *pool)
{
	return pool->used;
}

static unsigned hash(const struct server_pool *pool, uint32_t host)
{
	return (unsigned)tscf_siphash(&pool->secret, &host, sizeof(host));
}

static struct entry *find(struct server_pool *pool, uint32_t host)
{
	struct entry *e;

	HASH_FIND_BYHASHVALUE(hh, pool->entries, &host, sizeof(host), hash(pool, host), e);
	return e;
}

/** @return an unused entry for an address that has none, or NULL when out of memory. */
static struct entry *entry_new(struct server_pool *pool, uint32_t host)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->host = host;
	HASH_ADD_BYHASHVALUE(hh, pool->entries, host, sizeof(e->host), hash(pool, host), e);
	if (!e->hh.tbl) { /* out of memory */
		free(e);
		return NULL;
	}
	return e;
}

static int use(struct server_pool *pool, struct entry *e, struct tscf_addr *out)
{
	e->used = true;
	pool->used++;
	*out = address_of(e->host);
	return 0;
}

static int take_fresh(struct server_pool *pool, uint32_t host, struct tscf_addr *out)
{
	struct entry *e = entry_new(pool, host);

	return e ? use(pool, e, out) : -ENOMEM;
}

static int take_returned(struct server_pool *pool, struct entry *e, struct tscf_addr *out)
{
	DL_DELETE(pool->returned, e);
	pool->returned_count--;
	return use(pool, e, out);
}

/** @return whether the wish could be granted. */
static bool take_wish(struct server_pool *pool, const struct tscf_addr *wish, uint64_t now, struct tscf_addr *out)
{
	struct entry *e;
	uint32_t host;

	if (wish->family != AF_INET)
		return false;
	host = tscf_get_u32(wish->bytes);
	if (host < pool->first || host > pool->last)
		return false;
	e = find(pool, host);
	if (!e)
		return pool->returned_count <= 2 * REMEMBER && take_fresh(pool, host, out) == 0;
	if (e->used || now < e->reusable)
		return false;
	return take_returned(pool, e, out) == 0;
}

/** @return whether there is an address that was never given; pool->fresh is it then. */
static bool have_fresh(struct server_pool *pool)
{
	/* Each address that was given by a wish is passed over once, ever. */
	while (pool->fresh <= pool->last && find(pool, (uint32_t)pool->fresh))
		pool->fresh++;
	return pool->fresh <= pool->last;
}

int server_pool_take(struct server_pool *pool, const struct tscf_addr *wish, uint64_t now, struct tscf_addr *out)
{
	struct entry *oldest = pool->returned;
	bool returned = oldest && now >= oldest->reusable;

	if (wish && take_wish(pool, wish, now, out))
		return 0;
	if (returned && pool->returned_count > REMEMBER)
		return take_returned(pool, oldest, out);
	if (have_fresh(pool))
		return take_fresh(pool, (uint32_t)pool->fresh, out);
	return returned ? take_returned(pool, oldest, out) : -EADDRNOTAVAIL;
}

void server_pool_give(struct server_pool *pool, const struct tscf_addr *addr, uint64_t now)
{
	struct entry *e = find(pool, tscf_get_u32(addr->bytes));

	if (!e || !e->used)
		return;
	e->used = false;
	e->reusable = now + TSCF_TOMBSTONE_MS;
	DL_APPEND(pool->returned, e);
	pool->returned_count++;
	pool->used--;
}
