/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pmtu_routes.h - clients whose outer path carries smaller packets than the devices: each of their addresses gets its
 * own route with that MTU.
 *
 * The kernel then does the rest, as on any router: it fragments packets that may be fragmented, and sends ICMP errors
 * for those that may not (RFC 1191, RFC 4443). tscf(7), "MTU".
 */
#ifndef TSCF_SERVER_PMTU_ROUTES_H
#define TSCF_SERVER_PMTU_ROUTES_H

#include "tscf-server/context.h"

/** Begin to follow the leases of @p worker, whose devices exist already.  Errors are logged.  @return 0 or -errno. */
int server_pmtu_routes_open(struct server_worker *worker);
/** The kernel has lost the routes of plain or encrypted tunnels with their device: add them again. */
void server_pmtu_routes_renew(struct server_worker *worker, bool encrypted);
/** Stop following; all leases are gone. */
void server_pmtu_routes_close(struct server_worker *worker);

#endif
