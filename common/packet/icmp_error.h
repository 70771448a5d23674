/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp_error.h - the answer to a packet that is not let through, so that its program sees an error instead of silence.
 *
 * "Communication administratively prohibited": ICMP type 3 code 13 (RFC 1812, 5.2.7.1), ICMPv6 type 1 code 1 (RFC 4443,
 * 3.1).  Pure.
 */
#ifndef TSCF_ICMP_ERROR_H
#define TSCF_ICMP_ERROR_H

#include "common/packet/packet.h"

/** The least that IPv6 carries; of IPv4 it is 576 (RFC 1812, 4.3.2.3). */
#define TSCF_ICMP_ERROR_MAX 1280

/**
 * Build the answer to the packet @p info at @p data, with as much of that as is usual.  It is at most twice as large as
 * the packet.
 *
 * @param from  who says it, of the packet's family
 * @return its length, or 0: such a packet is not answered (an error itself, a later fragment, one to or from a group or
 * nobody)
 */
uint32_t tscf_icmp_prohibited(const uint8_t *data, const struct tscf_packet_info *info, const struct tscf_addr *from,
			      uint8_t out[TSCF_ICMP_ERROR_MAX]);

#endif
