/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * xfrm_block.h - packets with a mark leave by named devices or not at all: what policy rules cannot promise.
 *
 * A packet whose device the program has chosen (SO_BINDTODEVICE, IP_PKTINFO, IP_UNICAST_IF, IP_MULTICAST_IF, all of
 * them for everybody) is sent even if every rule prohibits it: IPv4 then takes its destination for a neighbour.  And
 * table local, with broadcasts and IPv6 multicast, comes before any rule.  IPsec policies (NETLINK_XFRM) are asked
 * after the route is known, whatever led to it: one that blocks the mark, and one for each device that is an exception.
 * Like rules they outlive the daemon.
 */
#ifndef TSCF_XFRM_BLOCK_H
#define TSCF_XFRM_BLOCK_H

#include <stdint.h>

/**
 * Set the block for @p mark under @p mask, in both families; one that is there already is changed without a gap.
 *
 * @param devices  interface indexes that remain open; loopback does as well.
 * @return 0 or -errno.
 */
int tscf_xfrm_block_set(uint32_t mark, uint32_t mask, const int *devices, unsigned count);

/** Take away everything that was set for @p mark under @p mask, by whatever process.  @return 0 or -errno. */
int tscf_xfrm_block_clear(uint32_t mark, uint32_t mask);

#endif
