/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reuseport.h - several sockets share one outer port, each for a part of all sources.
 *
 * The kernel chooses the socket for a datagram (or a new connection) by the source's address, of IPv6 by its /64, and
 * ignores the port.  So the tunnels of one client end at one worker, whatever their transports, and that worker counts
 * its limits (tscf_addr_source).  The choice for a source does not change while the number of sockets stays the same.
 */
#ifndef TSCF_REUSEPORT_H
#define TSCF_REUSEPORT_H

#include "common/base/addr.h"

/**
 * The index of this socket, and the number of sockets that share its address and port; count 0 or 1: it does not share.
 */
struct tscf_reuseport {
	unsigned index, count;
};

/**
 * Bind @p fd to @p local.  The sockets that share @p local are bound in the order of their index, and none is closed
 * while others are used.  For the first one the result is -EADDRINUSE if another process, another server included, uses
 * @p local.
 *
 * @return 0 or -errno.
 */
int tscf_reuseport_bind(int fd, const union tscf_endpoint *local, const struct tscf_reuseport *r);
/**
 * Call this after that, and after listen() if there is one.  When the last socket has joined, the kernel spreads the
 * sources.
 * @return 0 or -errno.
 */
int tscf_reuseport_join(int fd, const struct tscf_reuseport *r);

/** @return the index of the socket that receives what comes from @p addr. */
unsigned tscf_reuseport_index(const struct tscf_addr *addr, unsigned count);

#endif
