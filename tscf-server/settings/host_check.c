/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/settings/host_check.h"

#include "common/linux/netlink.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- services --- */

static void warn_of_services(const struct server_config *c)
{
	bool sip = false;

	for (const struct server_interface_config *i = c->interfaces; i; i = i->next) {
		if (!i->enabled)
			continue;
		if (!(i->services & SERVER_SERVICE_DTTE))
			tscf_warning("interface %s: DTTE is not among its assigned-services: there are no encrypted "
				     "tunnels, and encrypted-only sockets of its clients cannot send",
				     i->name);
		sip |= (i->services & SERVER_SERVICE_SIP) != 0;
	}
	if (c->sip_servers.count > 0 && !sip)
		tscf_warning("sip-server is given, and SIP is not among the assigned-services: no client gets it");
}

/* --- networks of this host --- */

/** The routes of one table, without those of our own devices. */
struct host_routes {
	struct tscf_route_found *list;
	int count; /**< or -errno */
};

/**
 * @return whether clients of @p pool may not be reached because of the route: it leads to a network of this host, or
 * it is more specific than the pool.  A wider route by a gateway, such as the default route, does no harm.
 */
static bool takes_from(const struct tscf_route_found *found, const struct tscf_prefix *pool)
{
	const struct tscf_route *r = &found->route;

	if (r->device == 0 || r->type != TSCF_ROUTE_DEVICE || !tscf_prefix_overlap(&r->destination, pool))
		return false;
	return r->destination.length >= pool->length || (!found->special && r->destination.length > 0);
}

/** @return the name of a device that takes addresses from @p pool, in @p device, and its prefix; or NULL. */
static const struct tscf_prefix *rival_of(const struct server_config *c, const struct host_routes *routes,
					  const struct tscf_prefix *pool, char device[IF_NAMESIZE])
{
	for (int i = 0; i < routes->count; i++) {
		const struct tscf_route_found *found = &routes->list[i];

		if (!takes_from(found, pool) || !if_indextoname((unsigned)found->route.device, device))
			continue;
		if (strcmp(device, c->plain_dev) != 0 && strcmp(device, c->encrypted_dev) != 0)
			return &found->route.destination;
	}
	return NULL;
}

static void warn_of_rivals(const struct server_config *c, const struct host_routes tables[2], const char *interface,
			   const struct server_prefixes *pools)
{
	char device[IF_NAMESIZE], x[TSCF_ADDR_TEXT], y[TSCF_ADDR_TEXT];

	for (unsigned i = 0; i < pools->count; i++) {
		const struct tscf_prefix *rival = rival_of(c, &tables[0], &pools->list[i], device);

		if (!rival)
			rival = rival_of(c, &tables[1], &pools->list[i], device);
		if (rival)
			tscf_warning("interface %s: pool %s overlaps %s, which this host has at %s: clients with such "
				     "addresses cannot be reached; choose another pool",
				     interface, tscf_prefix_format(&pools->list[i], x), tscf_prefix_format(rival, y),
				     device);
	}
}

static void warn_of_networks(const struct server_config *c)
{
	static const uint32_t numbers[2] = {RT_TABLE_MAIN, RT_TABLE_LOCAL};
	struct host_routes tables[2] = {{NULL, 0}, {NULL, 0}};
	struct tscf_netlink *nl;

	if (tscf_netlink_open(&nl) < 0)
		return;
	for (unsigned i = 0; i < 2; i++)
		tables[i].count = tscf_route_list(nl, numbers[i], false, &tables[i].list);
	for (const struct server_interface_config *i = c->interfaces; i; i = i->next) {
		if (!i->enabled)
			continue;
		warn_of_rivals(c, tables, i->name, &i->pool);
		warn_of_rivals(c, tables, i->name, &i->encrypted_pool);
	}
	for (unsigned i = 0; i < 2; i++)
		free(tables[i].list);
	tscf_netlink_close(nl);
}

/* --- forwarding --- */

static bool has_pools(const struct server_config *c, int family)
{
	for (const struct server_interface_config *i = c->interfaces; i; i = i->next)
		for (unsigned n = 0; i->enabled && n < i->pool.count; n++)
			if (i->pool.list[n].addr.family == family)
				return true;
	return false;
}

const char *server_host_keeps(unsigned family_index)
{
	static const struct {
		const char *name, *path;
	} settings[TSCF_FAMILIES] = {
	    {"net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"},
	    {"net.ipv6.conf.all.forwarding", "/proc/sys/net/ipv6/conf/all/forwarding"},
	};
	FILE *f = fopen(settings[family_index].path, "re");
	bool off = f && fgetc(f) == '0';

	if (f)
		fclose(f);
	return off ? settings[family_index].name : NULL;
}

static void warn_without_forwarding(const struct server_config *c)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		const char *setting = has_pools(c, tscf_family(i)) ? server_host_keeps(i) : NULL;

		if (setting)
			tscf_warning("%s is 0: clients reach this host and nothing behind it", setting);
	}
}

void server_config_warn(const struct server_config *c)
{
	warn_of_services(c);
	warn_of_networks(c);
	warn_without_forwarding(c);
}
