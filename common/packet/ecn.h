/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ecn.h - DSCP and ECN of inner packets and of the outer ones that carry them (RFC 6040).
 *
 * Outer header: the inner TOS byte as it is, DSCP and ECN ("normal mode", section 4.1).  A router on the way may then
 * mark the outer packet instead of dropping it, and the mark is brought back to the inner packet here (section 4.2). On
 * streams nothing is mapped: the outer packets are not those of the inner ones.
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

/** RFC 6040, figure 4.  @return the ECN field that the inner packet goes on with, or -1: it is dropped. */
int tscf_ecn_combine(unsigned inner, unsigned outer);

/** Write @p ecn into the whole IP header at @p packet, and mend the checksum of an IPv4 one (RFC 1624). */
void tscf_ecn_set(uint8_t *packet, unsigned ecn);

/**
 * Give the inner @p packet what has been done to the outer one that it came in.
 *
 * @return false if it must be dropped: a router says "congestion", and the inner packet has no way to pass that on.
 */
static inline bool tscf_ecn_decapsulate(uint8_t *packet, uint8_t outer_tos)
{
	unsigned inner = tscf_tos_of(packet) & TSCF_ECN_MASK, outer = outer_tos & TSCF_ECN_MASK;
	int ecn;

	/* Nothing was done to it: all but very few. */
	if (outer == inner || outer == TSCF_ECN_NOT_ECT)
		return true;
	ecn = tscf_ecn_combine(inner, outer);
	if (ecn >= 0 && (unsigned)ecn != inner)
		tscf_ecn_set(packet, (unsigned)ecn);
	return ecn >= 0;
}

#endif
