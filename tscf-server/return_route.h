/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * return_route.h - notices that packets of clients go to the service network and nothing comes back.
 *
 * The usual cause is that the service network has no route to the clients' addresses, which the server cannot see; all
 * it sees is the silence.  Each worker looks at the packets of its own clients: the answers come back to it.
 */
#ifndef TSCF_SERVER_RETURN_ROUTE_H
#define TSCF_SERVER_RETURN_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

/** For so long at least ... */
#define SERVER_RETURN_ROUTE_MS 30000
/** ... so many packets must have gone out ... */
#define SERVER_RETURN_ROUTE_SENT 20
/** ... and not more than this come in: the host itself answers some requests of reverse_path.h. */
#define SERVER_RETURN_ROUTE_STRAY 4

/** Zero at first. */
struct server_return_route {
	uint64_t since;          /**< monotonic ms: when the numbers were these; 0: never looked */
	uint64_t sent, received; /**< packets to and from the devices */
	bool missing;            /**< nothing has come back since it was said */
};

/**
 * Look at the packets that were sent to the devices and received from them so far.
 *
 * @return whether it is to be said now that none come back; it is said once, until some do.
 */
bool server_return_route_missing(struct server_return_route *r, uint64_t sent, uint64_t received, uint64_t now);

#endif
