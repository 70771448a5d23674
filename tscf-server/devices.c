/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/devices.h"

#include "tscf-server/shut.h"

#include "common/base/log.h"
#include "common/linux/device.h"
#include "common/linux/netlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int set_sysctl(const char *device, const char *key, const char *value)
{
	int err = tscf_link_sysctl("ipv4", device, key, value);

	if (err < 0)
		tscf_error("%s: cannot set net.ipv4.conf.%s.%s to %s: %s", device, device, key, value, strerror(-err));
	return err;
}

/** @param parts the parts of all workers. */
static int open_device(const struct server *server, struct tscf_tun *parts[], const char *name, int index)
{
	const struct tscf_tun_steering *steering = server->steering.program >= 0 ? &server->steering : NULL;
	int err = tscf_tun_open_parts(parts, server->worker_count, name, index, true, steering);

	if (err < 0)
		return err;
	for (unsigned n = 0; n < server->worker_count; n++)
		parts[n]->mtu = server->config->mtu;
	/* The route to a client's address is by one device, but its packets may come in by the other (loose reverse
	 * path filter).  Packets from one client to another leave by the device that they came in by; the kernel shall
	 * not send redirects for them. */
	err = set_sysctl(name, "rp_filter", "2");
	return err < 0 ? err : set_sysctl(name, "send_redirects", "0");
}

/** The same at the start; errors are logged. */
static int open_first(const struct server *server, struct tscf_tun *parts[], const char *name)
{
	int err = open_device(server, parts, name, 0);

	if (err == -EBUSY)
		tscf_error("%s: a device of that name exists already (another tscf-server, or a tscf-client?)", name);
	else if (err < 0)
		tscf_error("%s: cannot create the TUN device: %s", name, tscf_tun_strerror(err));
	return err;
}

static int open_netlink(struct tscf_netlink **nl)
{
	int err = tscf_netlink_open(nl);

	if (err < 0)
		tscf_error("cannot open netlink for addresses: %s", strerror(-err));
	return err;
}

static int shut(struct tscf_netlink *nl, const struct server_pool *pool)
{
	struct tscf_prefix prefix = server_pool_prefix(pool);
	char text[TSCF_ADDR_TEXT];
	int err = server_shut_add(nl, pool);

	if (err < 0)
		tscf_error("cannot add the route that refuses packets to %s when there is no device: %s",
			   tscf_prefix_format(&prefix, text), strerror(-err));
	return err;
}

static int add_address(struct tscf_netlink *nl, const struct server_device *device, const struct server_pool *pool)
{
	struct tscf_prefix own = server_pool_own(pool);
	char text[TSCF_ADDR_TEXT];
	int err;

	/* IPv6 may be off for new devices; an IPv6 address configured here means that it is wanted on this one. */
	if (own.addr.family == AF_INET6)
		tscf_link_sysctl("ipv6", device->tun.name, "disable_ipv6", "0");
	err = tscf_addr_add(nl, device->tun.index, &own);
	if (err < 0)
		tscf_error("%s: cannot add address %s: %s", device->tun.name, tscf_prefix_format(&own, text),
			   strerror(-err));
	return err < 0 ? err : shut(nl, pool);
}

static int add_addresses(struct tscf_netlink *nl, const struct server_device *device, const struct server_pools *pools)
{
	const struct server_pool *pool = NULL;
	int err = 0;

	while (err == 0 && (pool = server_pools_next(pools, pool)))
		err = add_address(nl, device, pool);
	return err;
}

/** Give both devices the server's own addresses in the ranges of an interface. */
static int number_stock(struct tscf_netlink *nl, const struct server *server, const struct server_allocator *allocator)
{
	const struct server_worker *first = &server->workers[0];
	int err = add_addresses(nl, &first->plain, &allocator->plain_pools);

	return err < 0 ? err : add_addresses(nl, &first->encrypted, &allocator->encrypted_pools);
}

static int bring_up(struct tscf_netlink *nl, const struct server_device *device, unsigned mtu)
{
	int err = tscf_link_up(nl, device->tun.index, mtu);

	if (err < 0)
		tscf_error("%s: cannot be brought up with MTU %u: %s", device->tun.name, mtu, strerror(-err));
	return err;
}

static int number_devices(struct server *server, struct tscf_netlink *nl)
{
	const struct server_worker *first = &server->workers[0];
	unsigned mtu = server->config->mtu;
	int err = 0;

	for (const struct server_allocator *allocator = server->allocators; allocator && err == 0;
	     allocator = allocator->next)
		err = number_stock(nl, server, allocator);
	if (err == 0)
		err = bring_up(nl, &first->plain, mtu);
	if (err == 0)
		err = bring_up(nl, &first->encrypted, mtu);
	return err;
}

int server_devices_open(struct server *server)
{
	struct tscf_tun *plain[TSCF_WORKERS_MAX], *encrypted[TSCF_WORKERS_MAX];
	struct tscf_netlink *nl;
	int err;

	for (unsigned n = 0; n < server->worker_count; n++) {
		plain[n] = &server->workers[n].plain.tun;
		encrypted[n] = &server->workers[n].encrypted.tun;
	}
	err = open_first(server, plain, server->config->plain_dev);
	if (err == 0)
		err = open_first(server, encrypted, server->config->encrypted_dev);
	if (err < 0)
		return err;
	err = open_netlink(&nl);
	if (err < 0)
		return err;
	err = number_devices(server, nl);
	tscf_netlink_close(nl);
	return err;
}

int server_devices_make(const struct server *server, struct tscf_tun parts[], const char *name, int index)
{
	struct tscf_tun *each[TSCF_WORKERS_MAX];
	int err;

	for (unsigned n = 0; n < server->worker_count; n++)
		each[n] = &parts[n];
	err = open_device(server, each, name, index);
	return err == -EBUSY ? open_device(server, each, name, 0) : err;
}

/** @return how many addresses and networks were put back, or -errno. */
static int restore_pools(struct tscf_netlink *nl, int index, const struct server_pools *pools)
{
	const struct server_pool *pool = NULL;
	int restored = 0, n = 0;

	while (n >= 0 && (pool = server_pools_next(pools, pool))) {
		const struct tscf_prefix own = server_pool_own(pool);

		n = tscf_device_restore_network(nl, index, &own);
		restored += n;
	}
	return n < 0 ? n : restored;
}

static bool carries_ipv6(const struct server *server, bool encrypted)
{
	bool carries = false;

	for (const struct server_allocator *a = server->allocators; a && !carries; a = a->next)
		carries = server_pools_have(encrypted ? &a->encrypted_pools : &a->plain_pools, AF_INET6);
	return carries;
}

int server_devices_restore(const struct server *server, struct tscf_netlink *nl, bool encrypted)
{
	const struct server_watched_device *w = &server->device_watch.device[encrypted];
	const struct tscf_device_wanted wanted = {.index = w->index,
						  .name = w->name,
						  .mtu = server->config->mtu,
						  .ipv6 = carries_ipv6(server, encrypted),
						  .router = true};
	int restored = server_shut_restore(server, nl), n = 0;

	/* What refuses packets comes first. */
	if (restored >= 0)
		n = tscf_device_restore(nl, &wanted);
	for (const struct server_allocator *a = server->allocators; a && restored >= 0 && n >= 0; a = a->next) {
		restored += n;
		n = restore_pools(nl, w->index, encrypted ? &a->encrypted_pools : &a->plain_pools);
	}
	if (restored < 0 || n < 0)
		return restored < 0 ? restored : n;
	return restored + n;
}

int server_devices_number(const struct server *server, const struct server_allocator *allocator)
{
	struct tscf_netlink *nl;
	int err = open_netlink(&nl);

	if (err < 0)
		return err;
	err = number_stock(nl, server, allocator);
	tscf_netlink_close(nl);
	return err;
}

static void remove_addresses(struct tscf_netlink *nl, const struct server_device *device,
			     const struct server_pools *pools)
{
	const struct server_pool *pool = NULL;

	while ((pool = server_pools_next(pools, pool))) {
		struct tscf_prefix own = server_pool_own(pool);

		tscf_addr_del(nl, device->tun.index, &own);
		server_shut_remove(nl, pool);
	}
}

void server_devices_unnumber(const struct server *server, const struct server_allocator *allocator)
{
	const struct server_worker *first = &server->workers[0];
	struct tscf_netlink *nl;

	if (open_netlink(&nl) < 0)
		return;
	remove_addresses(nl, &first->plain, &allocator->plain_pools);
	remove_addresses(nl, &first->encrypted, &allocator->encrypted_pools);
	tscf_netlink_close(nl);
}

int server_devices_number_range(const struct server *server, bool encrypted, const struct server_pool *pool)
{
	const struct server_worker *first = &server->workers[0];
	struct tscf_netlink *nl;
	int err = open_netlink(&nl);

	if (err < 0)
		return err;
	err = add_address(nl, encrypted ? &first->encrypted : &first->plain, pool);
	tscf_netlink_close(nl);
	return err;
}
