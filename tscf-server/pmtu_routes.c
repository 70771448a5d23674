/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/pmtu_routes.h"

#include "common/base/log.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

/** Replace the route to @p addr with MTU @p before by one with MTU @p now; 0: no route. */
static int change_route(struct tscf_netlink *nl, const struct tscf_addr *addr, int device, unsigned before,
			unsigned now)
{
	struct tscf_route route = {
	    .destination = {.addr = *addr, .length = (uint8_t)(8 * tscf_addr_size(addr->family))},
	    .table = RT_TABLE_MAIN,
	    .device = device,
	    .type = TSCF_ROUTE_DEVICE,
	};
	int err = 0;

	if (before != 0) {
		route.mtu = before;
		err = tscf_route_del(nl, &route);
		/* Another program has removed the route already. */
		if (err == -ESRCH)
			err = 0;
	}
	route.mtu = now;
	return err == 0 && now != 0 ? tscf_route_add(nl, &route) : err;
}

/** Change the route to one address of @p lease, which has the MTU @p before; 0: no route. */
static void follow(struct server_worker *worker, const struct server_lease *lease, const struct tscf_addr *addr,
		   unsigned before)
{
	const struct tscf_tun *tun = lease->encrypted ? &worker->encrypted.tun : &worker->plain.tun;
	int err = change_route(worker->netlink, addr, tun->index, before, lease->mtu);
	char text[TSCF_ADDR_TEXT];

	if (err < 0)
		tscf_warning("%s: the route to %s cannot have the MTU %u: %s", tun->name, tscf_addr_format(addr, text),
			     lease->mtu, strerror(-err));
}

static void narrowed(void *context, const struct server_lease *lease, unsigned before)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (lease->address[i].addr.family != 0)
			follow(context, lease, &lease->address[i].addr, before);
}

int server_pmtu_routes_open(struct server_worker *worker)
{
	int err = tscf_netlink_open(&worker->netlink);

	if (err < 0) {
		tscf_error("cannot open netlink for routes: %s", strerror(-err));
		return err;
	}
	worker->state->leases.narrowed = narrowed;
	worker->state->leases.context = worker;
	return 0;
}

void server_pmtu_routes_renew(struct server_worker *worker, bool encrypted)
{
	for (const struct server_address *a = worker->state->leases.by_addr; a; a = a->hh.next)
		if (a->lease->encrypted == encrypted && a->lease->mtu != 0)
			follow(worker, a->lease, &a->addr, 0);
}

void server_pmtu_routes_close(struct server_worker *worker)
{
	if (!worker->netlink)
		return;
	worker->state->leases.narrowed = NULL;
	tscf_netlink_close(worker->netlink);
	worker->netlink = NULL;
}
