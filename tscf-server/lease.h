/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lease.h - internal addresses in use, and which sessions use them.
 *
 * The address of a plain tunnel may have two users: the plain session, and the encrypted session that was reserved by
 * it (its partner), which may outlive it.  The address goes back to its pool when the last session that holds it is
 * gone.
 */
#ifndef TSCF_SERVER_LEASE_H
#define TSCF_SERVER_LEASE_H

#include "pool.h"

#include "common/siphash.h"

#include <stdbool.h>
#include <stdint.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define SERVER_CLIENT_ID_SIZE 16
#define SERVER_LOCK_SIZE      32

struct server_session;

struct server_lease {
	struct tscf_addr addr;
	struct server_pool *pool;
	bool encrypted;               /**< of an encrypted tunnel */
	unsigned holders;             /**< sessions that hold it, unconfirmed ones included */
	struct server_session *plain; /**< whom clear packets go to; NULL: none now */
	struct server_session
	    *encrypted_session; /**< the owner of an encrypted address, or the partner of a plain one; or NULL */
	/** Who has a plain address: the same client at the same outer address may have it again. */
	uint8_t client_id[SERVER_CLIENT_ID_SIZE];
	struct tscf_addr client;
	/** SHA-256 of the key that lifts shields of this address. */
	uint8_t shield_lock[SERVER_LOCK_SIZE];
	bool locked;
	UT_hash_handle hh;
};

struct server_leases {
	struct server_lease *by_addr;
	struct tscf_siphash_key secret;
};

/** @return 0, or -errno. */
int server_leases_init(struct server_leases *table);
/** @return the lease of @p addr, or NULL if nobody has it. */
struct server_lease *server_lease_find(const struct server_leases *table, const struct tscf_addr *addr);
/**
 * Take an address from @p pool, @p wish if that is free; one holder.
 *
 * @return 0 with the lease in *out, -EADDRNOTAVAIL, or -ENOMEM.
 */
int server_lease_new(struct server_leases *table, struct server_pool *pool, bool encrypted,
		     const struct tscf_addr *wish, uint64_t now, struct server_lease **out);
/** One holder more. */
void server_lease_hold(struct server_lease *lease);
/** One holder less; the last one gives the address back and frees the lease. */
void server_lease_drop(struct server_leases *table, struct server_lease *lease, uint64_t now);

#endif
