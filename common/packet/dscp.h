/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dscp.h - which packets are real-time traffic: a set of DSCPs (RFC 2474).
 *
 * Wherever packets wait, real-time packets have their own queue and overtake the others.
 */
#ifndef TSCF_DSCP_H
#define TSCF_DSCP_H

#include <stdbool.h>
#include <stdint.h>

/** The default, as bits: CS5 (40), VA (VOICE-ADMIT, 44, RFC 5865), EF (46, RFC 3246), CS6 (48). */
#define TSCF_URGENT_DSCPS (1ULL << 40 | 1ULL << 44 | 1ULL << 46 | 1ULL << 48)

/** Media by default, as bits: EF (46). */
#define TSCF_MEDIA_DSCPS (1ULL << 46)

/** @return whether a packet with this TOS byte or traffic class is in the set @p dscps. */
static inline bool tscf_dscp_is_in(uint64_t dscps, uint8_t tos)
{
	return dscps >> (tos >> 2) & 1;
}

#endif
