/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * quota.h - what each client uses of its limits (settings/limits.h): its tunnels, and its packets in a second.
 *
 * A client that has proved its identity has one quota for all its tunnels, whichever workers they are with.  A client
 * without an identity has one for each plain tunnel and its encrypted one.  Rates are token buckets: a packet that
 * finds too few tokens is dropped.  Taking tokens costs two atomic operations and no lock; a rate without a limit costs
 * one comparison.
 */
#ifndef TSCF_SERVER_QUOTA_H
#define TSCF_SERVER_QUOTA_H

#include "tscf-server/settings/client_limits.h"

#include "common/auth/proof.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/** A bucket holds what passes in this time, and never less than SERVER_QUOTA_BYTES and SERVER_QUOTA_PACKETS. */
#define SERVER_QUOTA_MS      250
#define SERVER_QUOTA_BYTES   65536
#define SERVER_QUOTA_PACKETS 128
/** How often the log names a client whose packets are dropped. */
#define SERVER_QUOTA_SAY_MS 60000

/**
 * A token bucket as a point in time: when it is full again.  Times are in units of 1/64 ns.
 */
struct server_bucket {
	_Atomic uint64_t cost;  /**< of a packet, or of a byte; 0: no limit */
	_Atomic uint64_t depth; /**< how far `full` may be in the future */
	_Atomic uint64_t full;
};

enum server_direction { SERVER_UP, SERVER_DOWN, SERVER_DIRECTIONS };
enum server_quota_kind { SERVER_QUOTA_PLAIN, SERVER_QUOTA_ENCRYPTED, SERVER_QUOTA_KINDS };

struct server_quota {
	char name[TSCF_PROOF_NAME]; /**< "": the client has no identity */
	unsigned holders;           /**< sessions; under the lock of all quotas */
	/** Tunnels; most 0: no limit. */
	atomic_uint most[SERVER_QUOTA_KINDS], used[SERVER_QUOTA_KINDS];
	/** Most entries of one plain tunnel and its encrypted one; 0: no limit. */
	atomic_uint bindings;
	atomic_bool rated[SERVER_DIRECTIONS]; /**< there is a rate in that direction */
	struct server_bucket packets[SERVER_DIRECTIONS], bytes[SERVER_DIRECTIONS];
	/** Bytes in a second that the RADIUS server allows; 0: it sets no limit.  Written under the lock of all quotas.
	 */
	_Atomic uint32_t granted[SERVER_DIRECTIONS];
	_Atomic uint64_t say_next; /**< ms: when the log may name the client again */
	struct server_quota *prev, *next;
	UT_hash_handle hh; /**< by name, if it has one */
};

/** The quotas of all clients, shared by the workers. */
struct server_quotas;

/** @return an empty table, or NULL when out of memory. */
struct server_quotas *server_quotas_new(void);
/** Free the table, which has no quota any more; NULL is allowed. */
void server_quotas_free(struct server_quotas *quotas);
/** From now on the limits of all clients are those of @p limits, which is held; NULL: there are none. */
void server_quotas_change(struct server_quotas *quotas, struct server_client_limits *limits);

/**
 * Hold the quota of a client.
 *
 * @param quotas  NULL: no limits are kept
 * @param who     NULL: it has proved no identity, and gets a quota of its own
 * @return the quota, or NULL: no limits are kept, or memory is out.
 */
struct server_quota *server_quota_hold(struct server_quotas *quotas, const struct tscf_client_name *who);
/** Hold @p quota once more; NULL is allowed.  @return @p quota. */
struct server_quota *server_quota_share(struct server_quotas *quotas, struct server_quota *quota);
/**
 * The RADIUS server allows the client so many bytes in a second, from now on and for all its tunnels; 0: it sets no
 * limit.  In each direction the stricter of this and the client's limits holds.  It ends with the last hold.
 *
 * @param quota  NULL: nothing is done
 */
void server_quota_grant(struct server_quotas *quotas, struct server_quota *quota, uint32_t up, uint32_t down);
/**
 * The same for a tunnel that comes from the store or from another worker, and for which it was allowed earlier: a
 * stricter grant that the client has already stays.
 */
void server_quota_grant_again(struct server_quotas *quotas, struct server_quota *quota, uint32_t up, uint32_t down);
/** @return what the RADIUS server allows in that direction, as above; 0 for NULL. */
uint32_t server_quota_granted(const struct server_quota *quota, enum server_direction direction);
/** Drop one hold; the last one frees.  NULL is allowed. */
void server_quota_drop(struct server_quotas *quotas, struct server_quota *quota);

/**
 * Count one more tunnel of that kind.
 *
 * @param quota   NULL: there is no limit
 * @param always  also beyond the limit: the tunnel is there already, or replaces another one
 * @return whether it may be there.
 */
bool server_quota_claim(struct server_quota *quota, enum server_quota_kind kind, bool always);
/** @return whether the client has as many tunnels of that kind as it may have. */
bool server_quota_full(const struct server_quota *quota, enum server_quota_kind kind);
/** Count one tunnel less. */
void server_quota_release(struct server_quota *quota, enum server_quota_kind kind);

/** The binding tables have no room for the client: the log says so now and then.  NULL is allowed. */
void server_quota_say_bindings(struct server_quota *quota, uint64_t now);

/** The same as server_quota_exceeded, for a client that has a rate in that direction. */
const char *server_quota_take(struct server_quota *quota, enum server_direction direction, unsigned packets,
			      uint32_t bytes, uint64_t now);

/**
 * Take the tokens for inner packets.
 *
 * @param quota  NULL: there is no limit
 * @param bytes  of all of them together
 * @return NULL: they may pass; or the name of the rate that they exceed.
 */
static inline const char *server_quota_exceeded(struct server_quota *quota, enum server_direction direction,
						unsigned packets, uint32_t bytes, uint64_t now)
{
	if (!quota || !atomic_load_explicit(&quota->rated[direction], memory_order_relaxed))
		return NULL;
	return server_quota_take(quota, direction, packets, bytes, now);
}

#endif
