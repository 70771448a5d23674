/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/quota.h"

#include "common/base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/** Units of time of a bucket: fine enough for 10 GB in a second, and large enough for years. */
#define UNITS_PER_MS     64000000ULL
#define UNITS_PER_SECOND (1000 * UNITS_PER_MS)

struct server_quotas {
	pthread_mutex_t lock;
	struct server_client_limits *limits;
	struct server_quota *list;    /**< all */
	struct server_quota *by_name; /**< of clients that have an identity */
};

struct server_quotas *server_quotas_new(void)
{
	struct server_quotas *quotas = calloc(1, sizeof(*quotas));

	if (quotas)
		pthread_mutex_init(&quotas->lock, NULL);
	return quotas;
}

void server_quotas_free(struct server_quotas *quotas)
{
	if (!quotas)
		return;
	server_client_limits_drop(quotas->limits);
	pthread_mutex_destroy(&quotas->lock);
	free(quotas);
}

/* --- limits --- */

static void set_bucket(struct server_bucket *b, uint64_t rate, uint64_t least)
{
	uint64_t cost = rate == 0 ? 0 : UNITS_PER_SECOND / rate > 0 ? UNITS_PER_SECOND / rate : 1;
	uint64_t depth = SERVER_QUOTA_MS * UNITS_PER_MS;

	if (depth < cost * least)
		depth = cost * least;
	atomic_store_explicit(&b->depth, depth, memory_order_relaxed);
	atomic_store_explicit(&b->cost, cost, memory_order_relaxed);
	/* What was taken under another rate does not count. */
	atomic_store_explicit(&b->full, 0, memory_order_relaxed);
}

/** @return the smaller of two limits, of which 0 is none. */
static uint64_t stricter(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static void set_bytes(struct server_quota *q, enum server_direction direction, const struct server_rate *rate)
{
	const uint64_t bytes = stricter(rate->bytes, server_quota_granted(q, direction));

	set_bucket(&q->bytes[direction], bytes, SERVER_QUOTA_BYTES);
	atomic_store_explicit(&q->rated[direction], rate->packets || bytes, memory_order_relaxed);
}

static void set_rate(struct server_quota *q, enum server_direction direction, const struct server_rate *rate)
{
	set_bucket(&q->packets[direction], rate->packets, SERVER_QUOTA_PACKETS);
	set_bytes(q, direction, rate);
}

static void set_limits(struct server_quota *q, const struct server_limits *limits)
{
	atomic_store_explicit(&q->most[SERVER_QUOTA_PLAIN], limits->tunnels, memory_order_relaxed);
	atomic_store_explicit(&q->most[SERVER_QUOTA_ENCRYPTED], limits->encrypted_tunnels, memory_order_relaxed);
	atomic_store_explicit(&q->bindings, limits->bindings, memory_order_relaxed);
	set_rate(q, SERVER_UP, &limits->up);
	set_rate(q, SERVER_DOWN, &limits->down);
}

static struct server_limits limits_of(const struct server_quotas *quotas, const struct server_quota *q)
{
	return server_client_limits_of(quotas->limits, q->name[0] ? q->name : NULL);
}

void server_quotas_change(struct server_quotas *quotas, struct server_client_limits *limits)
{
	struct server_client_limits *before;
	struct server_quota *q;

	pthread_mutex_lock(&quotas->lock);
	before = quotas->limits;
	quotas->limits = server_client_limits_hold(limits);
	DL_FOREACH(quotas->list, q) {
		struct server_limits own = limits_of(quotas, q);

		set_limits(q, &own);
	}
	pthread_mutex_unlock(&quotas->lock);
	server_client_limits_drop(before);
}

/* --- holding --- */

/** Make the quota of a client, under the lock. */
static struct server_quota *quota_new(struct server_quotas *quotas, const char *name)
{
	struct server_quota *q = calloc(1, sizeof(*q));
	struct server_limits own = server_client_limits_of(quotas->limits, name);

	if (!q)
		return NULL;
	set_limits(q, &own);
	if (name) {
		memcpy(q->name, name, strlen(name) + 1);
		HASH_ADD_STR(quotas->by_name, name, q);
		if (!q->hh.tbl) { /* out of memory */
			free(q);
			return NULL;
		}
	}
	DL_APPEND(quotas->list, q);
	return q;
}

struct server_quota *server_quota_hold(struct server_quotas *quotas, const struct tscf_client_name *who)
{
	struct server_quota *q = NULL;

	if (!quotas)
		return NULL;
	pthread_mutex_lock(&quotas->lock);
	if (who)
		HASH_FIND_STR(quotas->by_name, who->name, q);
	if (!q)
		q = quota_new(quotas, who ? who->name : NULL);
	if (q)
		q->holders++;
	pthread_mutex_unlock(&quotas->lock);
	return q;
}

struct server_quota *server_quota_share(struct server_quotas *quotas, struct server_quota *quota)
{
	if (!quota)
		return NULL;
	pthread_mutex_lock(&quotas->lock);
	quota->holders++;
	pthread_mutex_unlock(&quotas->lock);
	return quota;
}

void server_quota_drop(struct server_quotas *quotas, struct server_quota *quota)
{
	if (!quota)
		return;
	pthread_mutex_lock(&quotas->lock);
	if (--quota->holders == 0) {
		if (quota->name[0])
			HASH_DEL(quotas->by_name, quota);
		DL_DELETE(quotas->list, quota);
		free(quota);
	}
	pthread_mutex_unlock(&quotas->lock);
}

/* --- what the RADIUS server allows --- */

uint32_t server_quota_granted(const struct server_quota *quota, enum server_direction direction)
{
	return quota ? atomic_load_explicit(&quota->granted[direction], memory_order_relaxed) : 0;
}

/** Under the lock.  The bucket of a rate that does not change keeps what was taken. */
static void set_granted(struct server_quota *q, enum server_direction direction, const struct server_rate *rate,
			uint32_t bytes)
{
	if (bytes == server_quota_granted(q, direction))
		return;
	atomic_store_explicit(&q->granted[direction], bytes, memory_order_relaxed);
	set_bytes(q, direction, rate);
}

/** @param again whether what was granted before holds where it is stricter. */
static void grant(struct server_quotas *quotas, struct server_quota *quota, uint32_t up, uint32_t down, bool again)
{
	struct server_limits own;

	if (!quota)
		return;
	pthread_mutex_lock(&quotas->lock);
	own = limits_of(quotas, quota);
	if (again) {
		up = (uint32_t)stricter(up, server_quota_granted(quota, SERVER_UP));
		down = (uint32_t)stricter(down, server_quota_granted(quota, SERVER_DOWN));
	}
	set_granted(quota, SERVER_UP, &own.up, up);
	set_granted(quota, SERVER_DOWN, &own.down, down);
	pthread_mutex_unlock(&quotas->lock);
}

void server_quota_grant(struct server_quotas *quotas, struct server_quota *quota, uint32_t up, uint32_t down)
{
	grant(quotas, quota, up, down, false);
}

void server_quota_grant_again(struct server_quotas *quotas, struct server_quota *quota, uint32_t up, uint32_t down)
{
	grant(quotas, quota, up, down, true);
}

/* --- tunnels --- */

bool server_quota_claim(struct server_quota *quota, enum server_quota_kind kind, bool always)
{
	unsigned most;

	if (!quota)
		return true;
	most = atomic_load_explicit(&quota->most[kind], memory_order_relaxed);
	if (atomic_fetch_add(&quota->used[kind], 1) < most || most == 0 || always)
		return true;
	atomic_fetch_sub(&quota->used[kind], 1);
	return false;
}

bool server_quota_full(const struct server_quota *quota, enum server_quota_kind kind)
{
	unsigned most = quota ? atomic_load_explicit(&quota->most[kind], memory_order_relaxed) : 0;

	return most > 0 && atomic_load(&quota->used[kind]) >= most;
}

void server_quota_release(struct server_quota *quota, enum server_quota_kind kind)
{
	if (quota)
		atomic_fetch_sub(&quota->used[kind], 1);
}

/* --- the log --- */

/** @return whether it is time to name the client again. */
static bool may_say(struct server_quota *q, uint64_t now)
{
	uint64_t next = atomic_load_explicit(&q->say_next, memory_order_relaxed);

	return now >= next && atomic_compare_exchange_strong(&q->say_next, &next, now + SERVER_QUOTA_SAY_MS);
}

static const char *name_of(const struct server_quota *q)
{
	return q->name[0] ? q->name : "a client without an identity";
}

void server_quota_say_bindings(struct server_quota *quota, uint64_t now)
{
	if (quota && may_say(quota, now))
		tscf_warning("%s: its limit of bindings is reached: all its packets travel encrypted", name_of(quota));
}

/* --- packets --- */

static bool take(struct server_bucket *b, uint64_t count, uint64_t now)
{
	uint64_t cost = atomic_load_explicit(&b->cost, memory_order_relaxed) * count, full, next;
	uint64_t depth = atomic_load_explicit(&b->depth, memory_order_relaxed);

	if (cost == 0)
		return true;
	full = atomic_load_explicit(&b->full, memory_order_relaxed);
	do {
		next = (full > now ? full : now) + cost;
		if (next - now > depth)
			return false;
	} while (
	    !atomic_compare_exchange_weak_explicit(&b->full, &full, next, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static const char *exceed(struct server_quota *q, enum server_direction direction, const char *rate, uint64_t now)
{
	if (may_say(q, now))
		tscf_warning("%s: packets %s it are dropped: its limit of %s is reached", name_of(q),
			     direction == SERVER_UP ? "from" : "to", rate);
	return rate;
}

const char *server_quota_take(struct server_quota *quota, enum server_direction direction, unsigned packets,
			      uint32_t bytes, uint64_t now)
{
	const uint64_t at = now * UNITS_PER_MS;

	if (!take(&quota->packets[direction], packets, at))
		return exceed(quota, direction, "packets-per-second", now);
	if (!take(&quota->bytes[direction], bytes, at))
		return exceed(quota, direction, "bytes-per-second", now);
	return NULL;
}
