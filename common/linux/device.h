/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.h - keeps a tunnel's device as its owner wants it: its name, up, its carrier, MTU, addresses and settings.
 * Changes by other programs are undone; what is right is not touched.
 *
 * All functions return how many things were restored, or -errno: -ENODEV if the device is gone, -EEXIST if its name is
 * taken.
 */
#ifndef TSCF_DEVICE_H
#define TSCF_DEVICE_H

#include "common/linux/netlink.h"

struct tscf_device_wanted {
	int index;
	const char *name;
	unsigned mtu;
	bool ipv6;   /**< carries IPv6 */
	bool router; /**< sends no redirects */
	bool exempt; /**< what comes in is delivered although IPsec policies of others want it to come by IPsec */
};

/** Compare the link and its settings with @p wanted, and restore them. */
int tscf_device_restore(struct tscf_netlink *nl, const struct tscf_device_wanted *wanted);

/** The same for one address of the device; the kernel adds the route to its network. */
int tscf_device_restore_address(struct tscf_netlink *nl, int index, const struct tscf_prefix *address);

/** The same, and for the route to the network of the address, which the kernel adds with the address only. */
int tscf_device_restore_network(struct tscf_netlink *nl, int index, const struct tscf_prefix *address);

#endif
