/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shut.h - routes that refuse packets to clients' addresses when the devices are not there.
 *
 * Without them such packets would follow this host's default route, in clear, as long as the server does not run or
 * another program has removed its devices.  The route to a device is always preferred to them.
 */
#ifndef TSCF_SERVER_SHUT_H
#define TSCF_SERVER_SHUT_H

#include "tscf-server/address/pool.h"
#include "tscf-server/context.h"

/** Refuse packets to the addresses of @p pool; a server that was killed may have left the route.  @return 0 or -errno.
 */
int server_shut_add(struct tscf_netlink *nl, const struct server_pool *pool);
/** Remove that route, if it is there. */
void server_shut_remove(struct tscf_netlink *nl, const struct server_pool *pool);

/** Add the routes that another program has removed.  @return how many, or -errno. */
int server_shut_restore(const struct server *server, struct tscf_netlink *nl);

/**
 * The server ends.  Remove the routes, unless the store keeps sessions that may have encrypted-only sockets: then what
 * is sent to these is refused until the server is back.
 */
void server_shut_end(const struct server *server);

#endif
