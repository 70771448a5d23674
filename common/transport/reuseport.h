/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reuseport.h - one outer port, several sockets, each for a part of all sources.
 *
 * The kernel gives a datagram (or a new connection) to the socket that the source's address asks for, of IPv6 its /64,
 * whatever the port: so the tunnels of one client end at one worker, whatever their transports, and there its limits
 * are counted (tscf_addr_source).  Which one that is does not change while the number of sockets stays.
 */
#ifndef TSCF_REUSEPORT_H
#define TSCF_REUSEPORT_H

#include "common/base/addr.h"

/** Which of how many sockets at the same place; count 0 or 1: it is alone there. */
struct tscf_reuseport {
	unsigned index, count;
};

/**
 * Bind @p fd to @p local.  The sockets of one place are bound in the order of their index, and none is closed while
 * others are used.  The first one is -EADDRINUSE if any other process, another server included, has the place.
 *
 * @return 0 or -errno.
 */
int tscf_reuseport_bind(int fd, const union tscf_endpoint *local, const struct tscf_reuseport *spread);
/** After that, and after listen() where there is one: with the last socket the sources are spread.  @return 0 or
 * -errno. */
int tscf_reuseport_join(int fd, const struct tscf_reuseport *spread);

/** @return the index of the socket that gets what comes from @p addr. */
unsigned tscf_reuseport_index(const struct tscf_addr *addr, unsigned count);

#endif
