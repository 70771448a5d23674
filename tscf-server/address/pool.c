/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/address/pool.h"

#include "common/base/bytes.h"
#include "common/base/siphash.h"
#include "common/linux/tun_steering.h"
#include "common/packet/binding.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/** How many returned addresses are remembered while other addresses were never given. */
#define REMEMBER 65536

/** An address that was given at least once and is remembered. */
struct entry {
	uint64_t host;
	bool used;
	bool settled;      /* it was the last address of `client` here, and is in by_client */
	uint64_t reusable; /* when it may be given again, if not in use */
	uint8_t client[SERVER_CLIENT_ID_SIZE];
	struct entry *prev, *next;
	UT_hash_handle hh, hh_client;
};

/** The addresses that belong to one worker. */
struct part {
	uint64_t fresh;         /* from here on, addresses without an entry were never given; > last: there are none */
	struct entry *returned; /* not in use, in the order in which they came back */
	unsigned returned_count;
};

struct server_pool {
	struct server_pool *_Atomic next;
	struct tscf_prefix prefix;
	_Atomic bool retired;
	/* Hosts are numbered from the network address, which is 0. */
	uint64_t own;
	uint64_t first, last; /* for clients; first > last: none */
	pthread_mutex_t lock; /* protects the members below except the constants */
	struct entry *entries, *by_client;
	_Atomic uint64_t used;
	struct tscf_siphash_key secret;
	unsigned parts;
	struct part part[];
};

/** @return the number of host bits in an address. */
static unsigned host_bits(const struct tscf_prefix *prefix)
{
	return (unsigned)(8 * tscf_addr_size(prefix->addr.family)) - prefix->length;
}

static void set_range(struct server_pool *pool)
{
	unsigned bits = host_bits(&pool->prefix);
	uint64_t all_ones = bits == 0 ? 0 : UINT64_MAX >> (64 - bits);
	bool point_to_point = bits <= 1;

	pool->own = point_to_point ? 0 : 1;
	pool->first = pool->own + 1;
	pool->last = all_ones - (point_to_point ? 0 : 1);
}

static struct part *part_of(struct server_pool *pool, uint64_t host);

/** Start each part at its first address. */
static void set_parts(struct server_pool *pool)
{
	for (unsigned n = 0; n < pool->parts; n++)
		pool->part[n].fresh = UINT64_MAX;
	for (uint64_t host = pool->first; host <= pool->last && host - pool->first < pool->parts; host++)
		part_of(pool, host)->fresh = host;
}

/** An adaptive lock: it is held for less time than it takes to sleep and wake up.  @return 0 or -errno. */
static int lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;
	int err = pthread_mutexattr_init(&attributes);

	if (err != 0)
		return -err;
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
	err = pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return -err;
}

int server_pool_new(const struct tscf_prefix *prefix, unsigned parts, struct server_pool **out)
{
	struct server_pool *pool;
	int err;

	if (tscf_addr_size(prefix->addr.family) == 0 || host_bits(prefix) > 64)
		return -EAFNOSUPPORT;
	pool = calloc(1, sizeof(*pool) + parts * sizeof(pool->part[0]));
	if (!pool)
		return -ENOMEM;
	err = tscf_siphash_key_init(&pool->secret);
	if (err == 0)
		err = lock_init(&pool->lock);
	if (err < 0) {
		free(pool);
		return err;
	}
	pool->prefix = *prefix;
	tscf_prefix_normalize(&pool->prefix);
	pool->parts = parts;
	set_range(pool);
	set_parts(pool);
	*out = pool;
	return 0;
}

void server_pool_free(struct server_pool *pool)
{
	struct entry *e, *next;

	if (!pool)
		return;
	HASH_CLEAR(hh_client, pool->by_client);
	HASH_ITER(hh, pool->entries, e, next) {
		HASH_DELETE(hh, pool->entries, e);
		free(e);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/** The bytes of an address that can hold a host number: the last 4 or 8. */
static uint8_t *tail(struct tscf_addr *addr)
{
	return addr->family == AF_INET ? addr->bytes : addr->bytes + 8;
}

static struct tscf_addr address_of(const struct server_pool *pool, uint64_t host)
{
	struct tscf_addr addr = pool->prefix.addr;

	if (addr.family == AF_INET)
		tscf_put_u32(tail(&addr), tscf_get_u32(tail(&addr)) | (uint32_t)host);
	else
		tscf_put_u64(tail(&addr), tscf_get_u64(tail(&addr)) | host);
	return addr;
}

/** @return the host number of @p addr, which the prefix contains. */
static uint64_t host_of(const struct server_pool *pool, const struct tscf_addr *addr)
{
	struct tscf_addr network = pool->prefix.addr, a = *addr;

	if (a.family == AF_INET)
		return tscf_get_u32(tail(&a)) - tscf_get_u32(tail(&network));
	return tscf_get_u64(tail(&a)) - tscf_get_u64(tail(&network));
}

struct server_pool *server_pool_next(const struct server_pool *pool)
{
	return pool->next;
}

void server_pool_set_next(struct server_pool *pool, struct server_pool *next)
{
	pool->next = next;
}

struct tscf_prefix server_pool_own(const struct server_pool *pool)
{
	return (struct tscf_prefix){.addr = address_of(pool, pool->own), .length = pool->prefix.length};
}

struct tscf_prefix server_pool_prefix(const struct server_pool *pool)
{
	return pool->prefix;
}

void server_pool_retire(struct server_pool *pool, bool retired)
{
	pool->retired = retired;
}

bool server_pool_retired(const struct server_pool *pool)
{
	return pool->retired;
}

uint64_t server_pool_capacity(const struct server_pool *pool)
{
	return pool->first > pool->last ? 0 : pool->last - pool->first + 1;
}

static struct part *part_of(struct server_pool *pool, uint64_t host)
{
	struct tscf_addr addr = address_of(pool, host);

	return &pool->part[tscf_tun_steering_worker(&addr, pool->parts)];
}

uint64_t server_pool_used(const struct server_pool *pool)
{
	return pool->used;
}

static unsigned hash(const struct server_pool *pool, uint64_t host)
{
	return (unsigned)tscf_siphash(&pool->secret, &host, sizeof(host));
}

static struct entry *find(struct server_pool *pool, uint64_t host)
{
	struct entry *e;

	HASH_FIND_BYHASHVALUE(hh, pool->entries, &host, sizeof(host), hash(pool, host), e);
	return e;
}

/** @return an unused entry for an address that has none, or NULL when out of memory. */
static struct entry *entry_new(struct server_pool *pool, uint64_t host)
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
	*out = address_of(pool, e->host);
	return 0;
}

static int take_fresh(struct server_pool *pool, uint64_t host, struct tscf_addr *out)
{
	struct entry *e = entry_new(pool, host);

	return e ? use(pool, e, out) : -ENOMEM;
}

static int take_returned(struct server_pool *pool, struct entry *e, struct tscf_addr *out)
{
	struct part *part = part_of(pool, e->host);

	DL_DELETE(part->returned, e);
	part->returned_count--;
	return use(pool, e, out);
}

/** @return whether @p addr is for clients, with its host number in *host. */
static bool is_host(const struct server_pool *pool, const struct tscf_addr *addr, uint64_t *host)
{
	if (!tscf_prefix_contains(&pool->prefix, addr))
		return false;
	*host = host_of(pool, addr);
	return *host >= pool->first && *host <= pool->last;
}

/** @return whether the wish could be granted. */
static bool take_wish(struct server_pool *pool, const struct tscf_addr *wish, uint64_t now, struct tscf_addr *out)
{
	struct entry *e;
	uint64_t host;

	if (!is_host(pool, wish, &host))
		return false;
	e = find(pool, host);
	if (!e)
		return part_of(pool, host)->returned_count <= 2 * REMEMBER / pool->parts &&
		       take_fresh(pool, host, out) == 0;
	if (e->used || now < e->reusable)
		return false;
	return take_returned(pool, e, out) == 0;
}

/** @return whether there is an address that was never given; part->fresh is then that address. */
static bool have_fresh(struct server_pool *pool, struct part *part)
{
	/* Each address that was given by a wish is skipped only once in total. */
	while (part->fresh <= pool->last && find(pool, part->fresh))
		part->fresh += pool->parts;
	return part->fresh <= pool->last;
}

static int take_of(struct server_pool *pool, struct part *part, uint64_t now, struct tscf_addr *out)
{
	struct entry *oldest = part->returned;
	bool returned = oldest && now >= oldest->reusable;

	if (returned && part->returned_count > REMEMBER / pool->parts)
		return take_returned(pool, oldest, out);
	if (have_fresh(pool, part))
		return take_fresh(pool, part->fresh, out);
	return returned ? take_returned(pool, oldest, out) : -EADDRNOTAVAIL;
}

static int take_any(struct server_pool *pool, unsigned part, uint64_t now, struct tscf_addr *out)
{
	int err = -EADDRNOTAVAIL;

	for (unsigned n = 0; n < pool->parts && err == -EADDRNOTAVAIL; n++)
		err = take_of(pool, &pool->part[(part + n) % pool->parts], now, out);
	return err;
}

int server_pool_take(struct server_pool *pool, unsigned part, uint64_t now, struct tscf_addr *out)
{
	int err;

	pthread_mutex_lock(&pool->lock);
	err = take_any(pool, part, now, out);
	pthread_mutex_unlock(&pool->lock);
	return err;
}

bool server_pool_grant(struct server_pool *pool, const struct tscf_addr *wish, uint64_t now, struct tscf_addr *out)
{
	bool granted;

	pthread_mutex_lock(&pool->lock);
	granted = take_wish(pool, wish, now, out);
	pthread_mutex_unlock(&pool->lock);
	return granted;
}

void server_pool_give(struct server_pool *pool, const struct tscf_addr *addr, uint64_t now)
{
	struct entry *e;

	if (!tscf_prefix_contains(&pool->prefix, addr))
		return;
	pthread_mutex_lock(&pool->lock);
	e = find(pool, host_of(pool, addr));
	if (e && e->used) {
		struct part *part = part_of(pool, e->host);

		e->used = false;
		e->reusable = now + TSCF_TOMBSTONE_MS;
		DL_APPEND(part->returned, e);
		part->returned_count++;
		pool->used--;
	}
	pthread_mutex_unlock(&pool->lock);
}

/* --- whose they were --- */

static unsigned hash_client(const struct server_pool *pool, const uint8_t *client)
{
	return (unsigned)tscf_siphash(&pool->secret, client, SERVER_CLIENT_ID_SIZE);
}

static struct entry *find_client(struct server_pool *pool, const uint8_t *client)
{
	struct entry *e;

	HASH_FIND_BYHASHVALUE(hh_client, pool->by_client, client, SERVER_CLIENT_ID_SIZE, hash_client(pool, client), e);
	return e;
}

static void unsettle(struct server_pool *pool, struct entry *e)
{
	if (e && e->settled)
		HASH_DELETE(hh_client, pool->by_client, e);
	if (e)
		e->settled = false;
}

static void settle(struct server_pool *pool, struct entry *e, const uint8_t *client)
{
	if (e->settled && memcmp(e->client, client, sizeof(e->client)) == 0)
		return;
	unsettle(pool, e);
	unsettle(pool, find_client(pool, client));
	memcpy(e->client, client, sizeof(e->client));
	HASH_ADD_BYHASHVALUE(hh_client, pool->by_client, client, sizeof(e->client), hash_client(pool, client), e);
	/* Without memory the client counts as new next time. */
	e->settled = e->hh_client.tbl != NULL;
}

void server_pool_settle(struct server_pool *pool, const struct tscf_addr *addr,
			const uint8_t client[SERVER_CLIENT_ID_SIZE])
{
	struct entry *e;

	pthread_mutex_lock(&pool->lock);
	e = find(pool, host_of(pool, addr));
	if (e && e->used)
		settle(pool, e, client);
	pthread_mutex_unlock(&pool->lock);
}

bool server_pool_recall(struct server_pool *pool, const uint8_t client[SERVER_CLIENT_ID_SIZE], struct tscf_addr *out)
{
	struct entry *e;

	pthread_mutex_lock(&pool->lock);
	e = find_client(pool, client);
	if (e)
		*out = address_of(pool, e->host);
	pthread_mutex_unlock(&pool->lock);
	return e != NULL;
}

bool server_pool_take_again(struct server_pool *pool, const struct tscf_addr *addr)
{
	struct tscf_addr out;
	struct entry *e;
	uint64_t host;
	bool taken;

	if (!is_host(pool, addr, &host))
		return false;
	pthread_mutex_lock(&pool->lock);
	e = find(pool, host);
	taken = e ? !e->used && take_returned(pool, e, &out) == 0 : take_fresh(pool, host, &out) == 0;
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

bool server_pool_remember(struct server_pool *pool, const struct tscf_addr *addr,
			  const uint8_t client[SERVER_CLIENT_ID_SIZE])
{
	struct part *part;
	struct entry *e;
	uint64_t host;

	if (!is_host(pool, addr, &host))
		return false;
	part = part_of(pool, host);
	e = find(pool, host) ? NULL : entry_new(pool, host);
	if (!e)
		return true;
	DL_APPEND(part->returned, e);
	part->returned_count++;
	settle(pool, e, client);
	return true;
}
