/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delivery.h - the device on which a packet from a tunnel is given to the kernel.
 *
 * Whichever tunnel it came through, the packet is delivered on the device of the host's return route: the route from
 * the internal address to the sender, without a mark, since incoming packets have none.  So every check of the reverse
 * path (rp_filter, "fib" of nftables, a firewall's own) passes, and a socket bound to that device receives packets of
 * either tunnel.  Pure.
 */
#ifndef TSCF_CLIENT_DELIVERY_H
#define TSCF_CLIENT_DELIVERY_H

#include "tscf-client/kernel/routing.h"
#include "tscf-client/settings/config.h"

#include <stdbool.h>
#include <stdint.h>

/** How the policy rules route packets without mark, owner, protocol and ports. */
struct delivery {
	struct tscf_addrs encrypted; /**< the encrypted internal address: always on the encrypted device */
	bool rest;                   /**< whether packets that no policy names use it, too */
	unsigned count;
	struct delivery_policy {
		struct tscf_prefix remote; /**< family 0: any */
		bool encrypted;
	} policies[POLICIES_MAX];
};

/** Compute the delivery for the rules of @p facts. */
void delivery_plan(const struct client_config *config, const struct routing_facts *facts, struct delivery *out);

/** @return whether the packet at @p data, a whole IP header at least, belongs on the encrypted device. */
bool delivery_encrypted(const struct delivery *d, const uint8_t *data);

#endif
