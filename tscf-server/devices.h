/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * devices.h - the pair of TUN devices: packets that clients send in clear leave on one, packets that they send
 * encrypted leave on the other, so that a firewall can tell the two apart.
 */
#ifndef TSCF_SERVER_DEVICES_H
#define TSCF_SERVER_DEVICES_H

#include "tscf-server/context.h"

/**
 * Create both devices with queues for each worker, give them addresses from the pools of all interfaces, and bring them
 * up.  They disappear, with their addresses and routes, when the last worker is closed.  Errors are logged.
 *
 * @return 0, or -errno.
 */
int server_devices_open(struct server *server);

/** Give the devices the server's own addresses in the ranges of one more interface.  Errors are logged.  @return 0 or
 * -errno. */
int server_devices_number(const struct server *server, const struct server_allocator *allocator);
/** Remove these addresses from the devices, as far as they are there. */
void server_devices_unnumber(const struct server *server, const struct server_allocator *allocator);
/** Like server_devices_number, for one more range of encrypted or plain tunnels. */
int server_devices_number_range(const struct server *server, bool encrypted, const struct server_pool *pool);

#endif
