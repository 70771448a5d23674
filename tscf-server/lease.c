/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lease.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(sizeof(struct tscf_addr) == 17, "padding would be hashed");

int server_leases_init(struct server_leases *table)
{
	*table = (struct server_leases){0};
	return tscf_siphash_key_init(&table->secret);
}

static unsigned hash(const struct server_leases *table, const struct tscf_addr *addr)
{
	return (unsigned)tscf_siphash(&table->secret, addr, sizeof(*addr));
}

struct server_lease *server_lease_find(const struct server_leases *table, const struct tscf_addr *addr)
{
	struct server_lease *lease;

	HASH_FIND_BYHASHVALUE(hh, table->by_addr, addr, sizeof(*addr), hash(table, addr), lease);
	return lease;
}

int server_lease_new(struct server_leases *table, struct server_pool *pool, bool encrypted,
		     const struct tscf_addr *wish, uint64_t now, struct server_lease **out)
{
	struct server_lease *lease = calloc(1, sizeof(*lease));
	int err;

	if (!lease)
		return -ENOMEM;
	err = server_pool_take(pool, wish, now, &lease->addr);
	if (err < 0) {
		free(lease);
		return err;
	}
	lease->pool = pool;
	lease->encrypted = encrypted;
	lease->holders = 1;
	HASH_ADD_BYHASHVALUE(hh, table->by_addr, addr, sizeof(lease->addr), hash(table, &lease->addr), lease);
	if (!lease->hh.tbl) { /* out of memory */
		server_pool_give(pool, &lease->addr, now);
		free(lease);
		return -ENOMEM;
	}
	*out = lease;
	return 0;
}

void server_lease_hold(struct server_lease *lease)
{
	lease->holders++;
}

void server_lease_drop(struct server_leases *table, struct server_lease *lease, uint64_t now)
{
	if (--lease->holders > 0)
		return;
	server_pool_give(lease->pool, &lease->addr, now);
	HASH_DELETE(hh, table->by_addr, lease);
	free(lease);
}
