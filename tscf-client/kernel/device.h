/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.h - keeps a tunnel's device as the client wants it: up, with its MTU, addresses and settings.  Changes by
 * other programs are undone.
 */
#ifndef TSCF_CLIENT_DEVICE_H
#define TSCF_CLIENT_DEVICE_H

#include "common/linux/netlink.h"

struct device_wanted {
	int index;
	const char *name;
	unsigned mtu;               /**< 0: not set up yet; nothing is wanted */
	struct tscf_addrs internal; /**< its addresses */
	bool ipv6;                  /**< carries IPv6 even without an IPv6 address */
};

/**
 * Compare the device with @p wanted and restore what is missing; correct settings are not touched.
 *
 * @return how many settings were restored, or -errno: -ENODEV if the device is gone.
 */
int device_restore(struct tscf_netlink *nl, const struct device_wanted *wanted);

#endif
