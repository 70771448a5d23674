/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delivery.h - by which device a packet that came down is given to the kernel.
 *
 * Whichever tunnel it came by, it is delivered on the device to which the host's return route points: that of a packet
 * from the internal address to its sender, without a mark, since packets that come in have none.  So whoever checks the
 * reverse path (rp_filter, "fib" of nftables, a firewall's own) finds it right, and a socket that is bound to that
 * device hears what comes by either tunnel.  Pure.
 */
#ifndef TSCF_CLIENT_DELIVERY_H
#define TSCF_CLIENT_DELIVERY_H

#include "tscf-client/kernel/routing.h"
#include "tscf-client/settings/config.h"

#include <stdbool.h>
#include <stdint.h>

/** What the policy rules say of packets without mark, owner, protocol and ports. */
struct delivery {
	struct tscf_addrs encrypted; /**< the encrypted internal address: always on the encrypted device */
	bool rest;                   /**< whether that is where all others go whom no policy names */
	unsigned count;
	struct delivery_policy {
		struct tscf_prefix remote; /**< family 0: any */
		bool encrypted;
	} policies[POLICIES_MAX];
};

/** What holds while the rules are those of @p facts. */
void delivery_plan(const struct client_config *config, const struct routing_facts *facts, struct delivery *out);

/** @return whether the packet at @p data, a whole IP header at least, belongs on the encrypted device. */
bool delivery_encrypted(const struct delivery *d, const uint8_t *data);

#endif
