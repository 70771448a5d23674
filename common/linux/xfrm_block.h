/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * xfrm_block.h - which packets may leave by which device, however they were routed: policy rules cannot ensure this.
 *
 * If the program has chosen the device of a packet (SO_BINDTODEVICE, IP_PKTINFO, IP_UNICAST_IF, IP_MULTICAST_IF: no
 * privilege needed), the packet is sent even if every rule prohibits it: IPv4 then treats its destination as a
 * neighbour.  Table local, with broadcasts and IPv6 multicast, comes before any rule; and other programs can delete
 * rules.  The kernel checks IPsec policies (NETLINK_XFRM) after the route is known, however it was found.  Like rules
 * they outlive the daemon.
 *
 * In IPv6 a policy sees a device only if the program has named one: otherwise a policy with a device does not match.
 */
#ifndef TSCF_XFRM_BLOCK_H
#define TSCF_XFRM_BLOCK_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Our priorities: together with the mask of the mark they identify our policies. */
#define TSCF_XFRM_PRIORITY_FIRST 7453
#define TSCF_XFRM_PRIORITY_LAST  7553

/** Ports that equal @p port in the bits of @p mask, which is contiguous from the highest bit on; mask 0: all ports. */
struct tscf_port_bits {
	uint16_t port, mask;
};

/** A policy for outgoing packets.  A member that is not set matches everything. */
struct tscf_xfrm_policy {
	int family;
	uint32_t priority; /**< the matching policy with the lowest priority decides */
	bool block;        /**< true: block; false: let pass */
	int device;        /**< index of the interface; 0: any */
	uint32_t mark, mask;
	struct tscf_prefix source, destination; /**< length 0: any */
	uint8_t protocol;                       /**< IPPROTO_*; 0: any */
	struct tscf_port_bits source_port, destination_port;
};

/** @return whether all members are the same. */
bool tscf_xfrm_policy_equal(const struct tscf_xfrm_policy *a, const struct tscf_xfrm_policy *b);

/**
 * Split the ports from @p low to @p high into as few items as possible.  @return their number, or -ENOSPC for over @p
 * max.
 */
int tscf_port_bits_split(uint16_t low, uint16_t high, struct tscf_port_bits *out, unsigned max);

/**
 * Make our policies in the kernel equal to @p wanted.  Ours are those with our priorities and only bits of @p own_mask
 * in the masks of their marks, whichever process set them.  First missing policies are added, in the order of @p
 * wanted, then surplus ones are deleted; existing ones are left alone, so that there is no gap.
 *
 * @param missing  set to the number of policies that were added
 * @return 0 or -errno.
 */
int tscf_xfrm_sync(uint32_t own_mask, const struct tscf_xfrm_policy *wanted, unsigned count, unsigned *missing);

/**
 * @return a non-blocking descriptor that is readable when policies have changed (netlink.h discards the notices), or
 * -errno.
 */
int tscf_xfrm_watch(void);

#endif
