/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/address/lease.h"

#include "common/packet/message.h"

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
	struct server_address *a;

	HASH_FIND_BYHASHVALUE(hh, table->by_addr, addr, sizeof(*addr), hash(table, addr), a);
	return a ? a->lease : NULL;
}

bool server_lease_has(const struct server_lease *lease, const struct tscf_addr *addr)
{
	return tscf_addr_equal(&lease->address[tscf_family_index(addr->family)].addr, addr);
}

struct tscf_prefix server_lease_prefix(const struct server_lease *lease, int family)
{
	const struct server_address *a = &lease->address[tscf_family_index(family)];
	struct tscf_prefix prefix = {.addr = a->addr};

	if (a->pool)
		prefix.length = server_pool_prefix(a->pool).length;
	return prefix;
}

const char *server_lease_format(const struct server_lease *lease, char *buf)
{
	struct tscf_addrs addrs;

	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		addrs.of[i] = lease->address[i].addr;
	return tscf_addrs_format(&addrs, buf);
}

static bool is_elsewhere(const struct server_leases *table, const struct tscf_addr *addr)
{
	return table->steering && tscf_tun_steering_worker(addr, table->parts) != table->part;
}

/** Give back an address, and remove its steering entry if it has one. */
static void give_address(struct server_leases *table, struct server_pool *pool, const struct tscf_addr *addr,
			 uint64_t now)
{
	if (is_elsewhere(table, addr))
		tscf_tun_steering_clear(table->steering, addr);
	server_pool_give(pool, addr, now);
}

void server_lease_narrow(struct server_leases *table, struct server_lease *lease, unsigned mtu)
{
	const unsigned before = lease->mtu;
	const bool ipv6 = lease->address[tscf_family_index(AF_INET6)].addr.family != 0;
	const unsigned least = ipv6 ? TSCF_MTU_FLOOR_IPV6 : TSCF_MTU_FLOOR_IPV4;

	lease->mtu = mtu != 0 && mtu < least ? least : mtu;
	if (lease->mtu != before && table->narrowed)
		table->narrowed(table->context, lease, before);
}

/** Give back the addresses of the lease, and free it. */
static void give_back(struct server_leases *table, struct server_lease *lease, uint64_t now)
{
	server_lease_narrow(table, lease, 0);
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		struct server_address *a = &lease->address[i];

		if (a->addr.family == 0)
			continue;
		give_address(table, a->pool, &a->addr, now);
		HASH_DELETE(hh, table->by_addr, a);
	}
	free(lease);
}

/** The address in @p a has been taken from its pool: steer its packets to this worker if they would go to another.
 * @return 0, or -errno with the address given back. */
static int keep_address(struct server_leases *table, struct server_lease *lease, struct server_address *a,
			const struct tscf_addr *addr, uint64_t now)
{
	int err = is_elsewhere(table, addr) ? tscf_tun_steering_set(table->steering, addr, table->part) : 0;

	if (err < 0) {
		server_pool_give(a->pool, addr, now);
		return err;
	}
	a->addr = *addr;
	a->lease = lease;
	HASH_ADD_BYHASHVALUE(hh, table->by_addr, addr, sizeof(a->addr), hash(table, addr), a);
	if (a->hh.tbl)
		return 0;
	/* Out of memory. */
	a->addr.family = 0;
	give_address(table, a->pool, addr, now);
	return -ENOMEM;
}

/** The address that a lease prefers in one family. */
struct wanted {
	const uint8_t *client_id;     /**< prefer the address that this client had; or NULL */
	const struct tscf_addr *wish; /**< prefer this address; or NULL */
	bool exactly;                 /**< take `wish` or none */
};

static int find_address(const struct server_leases *table, const struct server_pools *pools, int family,
			const struct wanted *wanted, uint64_t now, struct server_pool **pool, struct tscf_addr *out)
{
	const struct tscf_addr *wish = wanted->wish && wanted->wish->family ? wanted->wish : NULL;

	if (wanted->exactly) {
		*out = *wish;
		return server_pools_take_again(pools, wish, pool);
	}
	if (wanted->client_id && server_pools_recall(pools, family, wanted->client_id, out) &&
	    server_pools_take_again(pools, out, pool) == 0)
		return 0;
	return server_pools_take(pools, family, wish, table->part, now, pool, out);
}

static int take_address(struct server_leases *table, struct server_lease *lease, int family,
			const struct wanted *wanted, uint64_t now)
{
	struct server_address *a = &lease->address[tscf_family_index(family)];
	struct tscf_addr addr;
	int err = find_address(table, lease->pools, family, wanted, now, &a->pool, &addr);

	return err < 0 ? err : keep_address(table, lease, a, &addr, now);
}

static struct server_lease *lease_begin(const struct server_pools *pools, bool encrypted)
{
	struct server_lease *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return NULL;
	lease->pools = pools;
	lease->encrypted = encrypted;
	lease->holders = 1;
	return lease;
}

/** Take an address of each family for @p lease, which is freed if there is none.  @return 0 or -errno. */
static int take_all(struct server_leases *table, struct server_lease *lease, const struct wanted wanted[TSCF_FAMILIES],
		    uint64_t now)
{
	int err = 0;

	for (unsigned i = 0; i < TSCF_FAMILIES && err == 0; i++)
		if (wanted[i].exactly || server_pools_have(lease->pools, tscf_family(i)))
			err = take_address(table, lease, tscf_family(i), &wanted[i], now);
	if (err < 0)
		give_back(table, lease, now);
	return err;
}

int server_lease_new(struct server_leases *table, const struct server_pools *pools, bool encrypted,
		     const uint8_t *client_id, const struct tscf_addrs *wishes, uint64_t now, struct server_lease **out)
{
	struct wanted wanted[TSCF_FAMILIES];
	int err;

	*out = lease_begin(pools, encrypted);
	if (!*out)
		return -ENOMEM;
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		wanted[i] = (struct wanted){.client_id = client_id, .wish = wishes ? &wishes->of[i] : NULL};
	err = take_all(table, *out, wanted, now);
	if (err < 0)
		*out = NULL;
	return err;
}

int server_lease_grant(struct server_leases *table, const struct server_pools *pools, const uint8_t *client_id,
		       const struct tscf_addrs *wishes, const struct tscf_addrs *granted, uint64_t now,
		       struct server_lease **out)
{
	struct wanted wanted[TSCF_FAMILIES];
	int err;

	*out = lease_begin(pools, false);
	if (!*out)
		return -ENOMEM;
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		const bool exactly = granted->of[i].family != 0;

		wanted[i] = (struct wanted){
		    .client_id = client_id, .wish = exactly ? &granted->of[i] : &wishes->of[i], .exactly = exactly};
	}
	err = take_all(table, *out, wanted, now);
	if (err < 0)
		*out = NULL;
	return err;
}

int server_lease_take(struct server_leases *table, const struct server_pools *pools,
		      const struct tscf_addr addresses[TSCF_FAMILIES], uint64_t now, struct server_lease **out)
{
	struct server_lease *lease = lease_begin(pools, false);
	int err = 0;

	if (!lease)
		return -ENOMEM;
	for (unsigned i = 0; i < TSCF_FAMILIES && err == 0; i++) {
		struct wanted wanted = {.wish = &addresses[i], .exactly = true};

		if (addresses[i].family != 0)
			err = take_address(table, lease, tscf_family(i), &wanted, now);
	}
	if (err < 0) {
		give_back(table, lease, now);
		return err;
	}
	*out = lease;
	return 0;
}

void server_lease_settle(struct server_lease *lease, const uint8_t client_id[SERVER_CLIENT_ID_SIZE])
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (lease->address[i].addr.family != 0)
			server_pool_settle(lease->address[i].pool, &lease->address[i].addr, client_id);
}

void server_lease_hold(struct server_lease *lease)
{
	lease->holders++;
}

void server_lease_drop(struct server_leases *table, struct server_lease *lease, uint64_t now)
{
	if (--lease->holders == 0)
		give_back(table, lease, now);
}
