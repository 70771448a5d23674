/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * on_link.h - the networks that this host is connected to.
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

#endif
