/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ecn.h - DSCP and ECN of inner packets and of the outer packets that carry them (RFC 6040).
 *
 * The outer header gets the inner TOS byte unchanged, DSCP and ECN ("normal mode", section 4.1).  A router on the path
 * may then mark the outer packet instead of dropping it; the mark is copied back to the inner packet here (section
 * 4.2).  On streams nothing is mapped: an outer packet does not correspond to one inner packet.
 *
 * Pure; the packets have been parsed (packet.h).
 */
#ifndef TSCF_ECN_H
#define TSCF_ECN_H

#include <stdbool.h>
#include <stdint.h>

/** The ECN field, the two low bits of the TOS byte (RFC 3168). */
#define TSCF_ECN_MASK    0x03U
#define TSCF_ECN_NOT_ECT 0U
#define TSCF_ECN_ECT_1   1U
#define TSCF_ECN_ECT_0   2U
#define TSCF_ECN_CE      3U

/** @return the TOS byte of the IPv4 packet, or the traffic class of the IPv6 packet, at @p packet. */
static inline uint8_t tscf_tos_of(const uint8_t *packet)
{
	return packet[0] >> 4 == 6 ? (uint8_t)(packet[0] << 4 | packet[1] >> 4) : packet[1];
}

/** RFC 6040, figure 4.  @return the ECN field for the inner packet, or -1: the packet must be dropped. */
int tscf_ecn_combine(unsigned inner, unsigned outer);

/** Write @p ecn into the whole IP header at @p packet, and update the checksum of an IPv4 header (RFC 1624). */
void tscf_ecn_set(uint8_t *packet, unsigned ecn);

/**
 * Copy the ECN mark of the outer packet to the inner @p packet.
 *
 * @return false if the packet must be dropped: a router reports congestion, and the inner packet cannot carry that
 * mark.
 */
static inline bool tscf_ecn_decapsulate(uint8_t *packet, uint8_t outer_tos)
{
	unsigned inner = tscf_tos_of(packet) & TSCF_ECN_MASK, outer = outer_tos & TSCF_ECN_MASK;
	int ecn;

	/* No router marked it: true for nearly all packets. */
	if (outer == inner || outer == TSCF_ECN_NOT_ECT)
		return true;
	ecn = tscf_ecn_combine(inner, outer);
	if (ecn >= 0 && (unsigned)ecn != inner)
		tscf_ecn_set(packet, (unsigned)ecn);
	return ecn >= 0;
}

#endif
