/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pmtu_routes.h - clients whose outer path carries less than the devices: a route of its own, with that MTU, leads to
 * each of their addresses.
 *
 * So the kernel does the rest, as on any router: it fragments what may be fragmented, and tells the senders of what may
 * not (RFC 1191, RFC 4443).  tscf(7), "MTU".
 */
#ifndef TSCF_SERVER_PMTU_ROUTES_H
#define TSCF_SERVER_PMTU_ROUTES_H

#include "tscf-server/context.h"

/** Begin to follow the leases of @p worker, whose devices are there.  Errors are logged.  @return 0 or -errno. */
int server_pmtu_routes_open(struct server_worker *worker);
/** All leases are gone. */
void server_pmtu_routes_close(struct server_worker *worker);

#endif
