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

/**
 * Create one device again, with its name, and its interface index if that is free.  It has no address and is down.
 *
 * @param parts  set up for all workers, by their numbers
 * @return 0, or -errno with all parts closed.
 */
int server_devices_make(const struct server *server, struct tscf_tun parts[], const char *name, int index);

/**
 * Compare one device with what it should be (device.h), and the routes of shut.h, and put back what is missing.
 *
 * @return how many things were put back, or -errno.
 */
int server_devices_restore(const struct server *server, struct tscf_netlink *nl, bool encrypted);

/** Give the devices the server's own addresses in the ranges of one more interface.  Errors are logged.  @return 0 or
 * -errno. */
int server_devices_number(const struct server *server, const struct server_allocator *allocator);
/** Remove these addresses from the devices, as far as they are there. */
void server_devices_unnumber(const struct server *server, const struct server_allocator *allocator);
/** Like server_devices_number, for one more range of encrypted or plain tunnels. */
int server_devices_number_range(const struct server *server, bool encrypted, const struct server_pool *pool);

#endif
