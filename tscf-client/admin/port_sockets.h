/* SPDX-License-Identifier: GPL-3.0-or-later */
/* port_sockets.h - which sockets have a local port: for a user who names a port and no protocol, or the wrong one. */
#ifndef TSCF_CLIENT_PORT_SOCKETS_H
#define TSCF_CLIENT_PORT_SOCKETS_H

#include <stdint.h>
#include <stdio.h>

/** The sockets of this network namespace with one local port. */
struct port_sockets {
	struct port_socket *list; /**< owned */
	unsigned count;
};

/** Find the TCP and UDP sockets with local port @p port, of every user.  @return 0 or -errno. */
int port_sockets_find(uint16_t port, struct port_sockets *out);
void port_sockets_free(struct port_sockets *p);

/**
 * @return IPPROTO_UDP or IPPROTO_TCP if all sockets that this user may change have that protocol, and there are some;
 * else 0.
 */
uint8_t port_sockets_protocol(const struct port_sockets *p);
/** Print one line for each: protocol, addresses, process and program, or that it is of another user. */
void port_sockets_show(const struct port_sockets *p, FILE *out);

#endif
