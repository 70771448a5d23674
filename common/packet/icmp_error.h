/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp_error.h - the ICMP error for a blocked packet, so that the sending program sees an error instead of silence.
 *
 * "Communication administratively prohibited": ICMP type 3 code 13 (RFC 1812, 5.2.7.1), ICMPv6 type 1 code 1 (RFC 4443,
 * 3.1).  Pure.
 */
#ifndef TSCF_ICMP_ERROR_H
#define TSCF_ICMP_ERROR_H

#include "common/packet/packet.h"

/** The smallest MTU of IPv6; for IPv4 the limit is 576 (RFC 1812, 4.3.2.3). */
#define TSCF_ICMP_ERROR_MAX 1280

/**
 * Build the answer to the packet @p info at @p data.  It quotes as much of the packet as is usual, and is at most twice
 * as large as the packet.
 *
 * @param from  source address of the answer, of the packet's family
 * @return its length, or 0: such a packet is not answered (an ICMP error itself, a later fragment, a packet to or from
 * a multicast, broadcast or unspecified address)
 */
uint32_t tscf_icmp_prohibited(const uint8_t *data, const struct tscf_packet_info *info, const struct tscf_addr *from,
			      uint8_t out[TSCF_ICMP_ERROR_MAX]);

#endif
