/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.h - a tunnel's device as the client wants it: up, of its MTU, with its addresses and settings; and putting
 * back what others have changed.
 */
#ifndef TSCF_CLIENT_DEVICE_H
#define TSCF_CLIENT_DEVICE_H

#include "common/linux/netlink.h"

struct device_wanted {
	int index;
	const char *name;
	unsigned mtu;               /**< 0: not set up yet; nothing is wanted */
	struct tscf_addrs internal; /**< its addresses */
	bool ipv6;                  /**< carries IPv6 without an address of its own, too */
};

/**
 * Compare the device with what is wanted and put back what is missing; what is right is not touched.
 *
 * @return how much was put back, or -errno: -ENODEV if the device is gone.
 */
int device_restore(struct tscf_netlink *nl, const struct device_wanted *wanted);

#endif
