/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lease.h - internal addresses in use, and the sessions that use them.
 *
 * A tunnel has one lease: an address of each family for which there are pools.  The lease of a plain tunnel may have
 * two users: the plain session, and the encrypted session that it reserved (its partner), which may outlive it.  The
 * addresses go back to their pools when the last session that holds the lease is gone.
 */
#ifndef TSCF_SERVER_LEASE_H
#define TSCF_SERVER_LEASE_H

#include "tscf-server/address/pools.h"

#include "common/base/siphash.h"
#include "common/linux/tun_steering.h"

#include <stdbool.h>
#include <stdint.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define SERVER_LOCK_SIZE 32

struct server_session;

struct server_lease;

/** One address of a lease. */
struct server_address {
	struct tscf_addr addr; /**< family 0: none of this family */
	struct server_pool *pool;
	struct server_lease *lease;
	UT_hash_handle hh;
};

struct server_lease {
	struct server_address address[TSCF_FAMILIES];
	const struct server_pools *pools; /**< the pools that the addresses are from */
	bool encrypted;                   /**< of an encrypted tunnel */
	unsigned holders;                 /**< sessions that hold it, unconfirmed ones included */
	struct server_session *plain;     /**< the session that clear packets go to; NULL: none now */
	struct server_session
	    *encrypted_session; /**< the owner of an encrypted address, or the partner of a plain one; or NULL */
	/** The client that has a plain address: the same client at the same outer address may get it again. */
	uint8_t client_id[SERVER_CLIENT_ID_SIZE];
	struct tscf_addr client;
	/** SHA-256 of the key that lifts shields of this address. */
	uint8_t shield_lock[SERVER_LOCK_SIZE];
	bool locked;
	bool shared;  /**< another client has the same identifier (rival.h) */
	unsigned mtu; /**< largest inner packet that its tunnel carries; 0: as the device */
};

struct server_leases {
	/** Index of the worker that owns this table, the number of workers, and the steering that has to know of
	 * addresses from another worker's part. */
	unsigned part, parts;
	const struct tscf_tun_steering *steering; /**< NULL: there is one worker */
	struct server_address *by_addr;
	struct tscf_siphash_key secret;
	/** Called when lease->mtu has changed from @p before, and when a lease with its own MTU is freed (mtu is 0
	 * then).  May be NULL. */
	void (*narrowed)(void *context, const struct server_lease *lease, unsigned before);
	void *context;
};

/** @return 0, or -errno. */
int server_leases_init(struct server_leases *table);
/** @return the lease of @p addr, or NULL if it is in no lease. */
struct server_lease *server_lease_find(const struct server_leases *table, const struct tscf_addr *addr);
/** @return whether @p addr is one of the lease. */
bool server_lease_has(const struct server_lease *lease, const struct tscf_addr *addr);
/** @return the address of @p family in the lease, with the length of its pool's prefix; family 0: it has none. */
struct tscf_prefix server_lease_prefix(const struct server_lease *lease, int family);
/** Write the addresses into @p buf of TSCF_ADDRS_TEXT bytes, as tscf_addrs_format.  @return buf. */
const char *server_lease_format(const struct server_lease *lease, char *buf);

/**
 * Take an address of each family that @p pools have: the ones that this client had before, if they are free.  The lease
 * has one holder.
 *
 * @param client_id  or NULL.
 * @param wishes  addresses to take if they are free; or NULL.
 * @return 0 with the lease in *out, -EADDRNOTAVAIL if no address of a family is left, or -ENOMEM.
 */
int server_lease_new(struct server_leases *table, const struct server_pools *pools, bool encrypted,
		     const uint8_t *client_id, const struct tscf_addrs *wishes, uint64_t now,
		     struct server_lease **out);
/**
 * The same, but of each family that @p granted has, exactly that address.
 *
 * @return as server_lease_new.
 */
int server_lease_grant(struct server_leases *table, const struct server_pools *pools, const uint8_t *client_id,
		       const struct tscf_addrs *wishes, const struct tscf_addrs *granted, uint64_t now,
		       struct server_lease **out);
/**
 * Set the largest inner packet that the tunnel of @p lease carries.
 *
 * @param mtu bytes of an inner packet; raised to the minimum that IP allows (RFC 791, RFC 8200). 0: as the device.
 */
void server_lease_narrow(struct server_leases *table, struct server_lease *lease, unsigned mtu);
/**
 * Take exactly these addresses (family 0: none), if they are in @p pools and free.
 *
 * @return as server_lease_new.
 */
int server_lease_take(struct server_leases *table, const struct server_pools *pools,
		      const struct tscf_addr addresses[TSCF_FAMILIES], uint64_t now, struct server_lease **out);
/** Record that the addresses belong to this client, which gets them again later. */
void server_lease_settle(struct server_lease *lease, const uint8_t client_id[SERVER_CLIENT_ID_SIZE]);
/** Add a holder. */
void server_lease_hold(struct server_lease *lease);
/** Remove a holder; the last one gives the addresses back and frees the lease. */
void server_lease_drop(struct server_leases *table, struct server_lease *lease, uint64_t now);

#endif
