/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/shut.h"

#include "tscf-server/address/allocator.h"

#include "common/linux/netlink.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

/** Every other route to the same network is preferred. */
#define METRIC UINT32_MAX

static struct tscf_route route_of(const struct server_pool *pool)
{
	return (struct tscf_route){.destination = server_pool_prefix(pool),
				   .table = RT_TABLE_MAIN,
				   .metric = METRIC,
				   .type = TSCF_ROUTE_PROHIBIT};
}

int server_shut_add(struct tscf_netlink *nl, const struct server_pool *pool)
{
	const struct tscf_route route = route_of(pool);

	return tscf_route_add(nl, &route);
}

void server_shut_remove(struct tscf_netlink *nl, const struct server_pool *pool)
{
	const struct tscf_route route = route_of(pool);

	tscf_route_del(nl, &route);
}

/** Our routes of table main. */
struct routes {
	struct tscf_route_found *list;
	int count;
};

static bool has(const struct routes *routes, const struct tscf_route *route)
{
	for (int i = 0; i < routes->count; i++) {
		const struct tscf_route *r = &routes->list[i].route;

		if (r->type == TSCF_ROUTE_PROHIBIT && r->metric == METRIC &&
		    tscf_prefix_equal(&r->destination, &route->destination))
			return true;
	}
	return false;
}

/** @return how many were added, or -errno. */
static int restore_pools(struct tscf_netlink *nl, const struct routes *routes, const struct server_pools *pools)
{
	const struct server_pool *pool = NULL;
	int added = 0, err = 0;

	while (err == 0 && (pool = server_pools_next(pools, pool))) {
		const struct tscf_route route = route_of(pool);

		if (has(routes, &route))
			continue;
		err = tscf_route_add(nl, &route);
		added++;
	}
	return err < 0 ? err : added;
}

int server_shut_restore(const struct server *server, struct tscf_netlink *nl)
{
	struct routes routes = {.list = NULL};
	int added = 0, n = 0;

	routes.count = tscf_route_list(nl, RT_TABLE_MAIN, true, &routes.list);
	if (routes.count < 0)
		return routes.count;
	for (const struct server_allocator *a = server->allocators; a && n >= 0; a = a->next) {
		n = restore_pools(nl, &routes, &a->plain_pools);
		added += n;
		if (n >= 0)
			n = restore_pools(nl, &routes, &a->encrypted_pools);
		added += n;
	}
	free(routes.list);
	return n < 0 ? n : added;
}

static bool keeps_guarded(const struct server *server)
{
	if (!server->store)
		return false;
	for (unsigned n = 0; n < server->worker_count; n++)
		for (const struct server_session *s = server->workers[n].state->sessions.confirmed; s; s = s->next)
			if (s->guarded)
				return true;
	return false;
}

static void remove_pools(struct tscf_netlink *nl, const struct server_pools *pools)
{
	const struct server_pool *pool = NULL;

	while ((pool = server_pools_next(pools, pool)))
		server_shut_remove(nl, pool);
}

void server_shut_end(const struct server *server)
{
	struct tscf_netlink *nl;

	if (keeps_guarded(server) || tscf_netlink_open(&nl) < 0)
		return;
	for (const struct server_allocator *a = server->allocators; a; a = a->next) {
		remove_pools(nl, &a->plain_pools);
		remove_pools(nl, &a->encrypted_pools);
	}
	tscf_netlink_close(nl);
}
