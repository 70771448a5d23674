/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * barrier.h - packets that may leave only by our devices, even if the policy rules are gone or were not consulted
 * (xfrm_block.h).
 *
 *     packets of encrypted-only sockets, by their mark: by the encrypted device or loopback only
 *     IPv4 packets from an internal address: by our devices or loopback only
 *     IPv4 packets that a policy makes encrypted-only, by ports and remote address: the same
 *     IPv4 packets without a level to a service route, if the default level is encrypted-only: the same
 *
 * What passes by our devices also passes the IPsec policies of other programs, which have higher numbers of priority: a
 * policy for all packets, as IPsec gateways have, would else drop it or encrypt it a second time.  IPv6 packets from an
 * internal address are exempt from them for the same reason.
 *
 * The client sees the packet on our device and checks that it is the right one (decide.h).  The barrier cannot express
 * a policy for certain users, nor any policy after one that exempts certain users.  Pure.
 */
#ifndef TSCF_CLIENT_BARRIER_H
#define TSCF_CLIENT_BARRIER_H

#include "common/linux/xfrm_block.h"
#include "tscf-client/kernel/routing.h"

#define BARRIER_MAX 512

struct barrier {
	unsigned count;
	struct tscf_xfrm_policy list[BARRIER_MAX];
};

/** Compute the policies that should exist; those that do not fit are left out. */
void barrier_plan(const struct client_config *config, const struct routing_facts *facts, struct barrier *out);
/** Keep only the entries that refuse by mark and by policy, which need no daemon. */
void barrier_keep(struct barrier *b);

#endif
