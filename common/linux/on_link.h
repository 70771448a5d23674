/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * on_link.h - the networks that this host is connected to, and its addresses.
 */
#ifndef TSCF_ON_LINK_H
#define TSCF_ON_LINK_H

#include "common/base/addr.h"

#include <net/if.h>

/** A network that a device is connected to. */
struct tscf_on_link {
	struct tscf_prefix prefix; /**< without host bits */
	char device[IF_NAMESIZE];
};

/**
 * Read the networks of all devices that are up, the loopback device included, in this network namespace.  Single
 * addresses and link-local networks of IPv6 are left out.
 *
 * @param most  room in @p out
 * @return their number, at most @p most, or -errno.
 */
int tscf_on_link_read(struct tscf_on_link *out, unsigned most);

/**
 * Look for a device of this network namespace that has @p addr.
 *
 * @param except  names of two devices that do not count
 * @param device  out: its name, if there is one
 * @return 1 if there is one, 0, or -errno.
 */
int tscf_addr_device(const struct tscf_addr *addr, const char *const except[2], char device[IF_NAMESIZE]);

#endif
