/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * xfrm_block.h - which packets may leave by which device, whatever led them there: what policy rules cannot promise.
 *
 * A packet whose device the program has chosen (SO_BINDTODEVICE, IP_PKTINFO, IP_UNICAST_IF, IP_MULTICAST_IF, all of
 * them for everybody) is sent even if every rule prohibits it: IPv4 then takes its destination for a neighbour.  Table
 * local, with broadcasts and IPv6 multicast, comes before any rule; and rules can be deleted by others.  IPsec policies
 * (NETLINK_XFRM) are asked after the route is known, whatever led to it.  Like rules they outlive the daemon.
 *
 * IPv6 tells a policy no device but one that the program has named: there a device selects nothing else.
 */
#ifndef TSCF_XFRM_BLOCK_H
#define TSCF_XFRM_BLOCK_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Priorities of ours: together with the mask of the mark they are what we know our policies by. */
#define TSCF_XFRM_PRIORITY_FIRST 7453
#define TSCF_XFRM_PRIORITY_LAST  7553

/** Ports that are @p port in the bits of @p mask, which is contiguous from the highest on; mask 0: all. */
struct tscf_port_bits {
	uint16_t port, mask;
};

/** A policy for packets that leave.  What is not given matches everything. */
struct tscf_xfrm_policy {
	int family;
	uint32_t priority; /**< the lowest that matches decides */
	bool block;        /**< or else let pass */
	int device;        /**< index of the interface; 0: any */
	uint32_t mark, mask;
	struct tscf_prefix source, destination; /**< length 0: any */
	uint8_t protocol;                       /**< IPPROTO_*; 0: any */
	struct tscf_port_bits source_port, destination_port;
};

bool tscf_xfrm_policy_equal(const struct tscf_xfrm_policy *a, const struct tscf_xfrm_policy *b);

/**
 * Split the ports from @p low to @p high into as few as possible.  @return their number, or -ENOSPC for over @p max.
 */
int tscf_port_bits_split(uint16_t low, uint16_t high, struct tscf_port_bits *out, unsigned max);

/**
 * Make the kernel's policies that have our priorities and bits of @p own_mask alone in the masks of their marks, by
 * whatever process they were set, those of @p wanted: first what is missing is added, in that order, then what is too
 * much is deleted; what is there is left alone, so that there is no gap.
 *
 * @param missing  gets how many had to be added
 * @return 0 or -errno.
 */
int tscf_xfrm_sync(uint32_t own_mask, const struct tscf_xfrm_policy *wanted, unsigned count, unsigned *missing);

/** @return a non-blocking descriptor that is readable when policies have changed (netlink.h reads it away), or -errno.
 */
int tscf_xfrm_watch(void);

#endif
