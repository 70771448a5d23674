/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * checksum.h - the Internet checksum (RFC 1071), in parts and over long buffers.
 *
 * A sum is kept unfolded in 64 bits and adds words as they lie in memory (RFC 1071 section 2 (B): the byte order does
 * not matter).  So a field that is not among the summed bytes is added in network byte order: htons(x), htonl(x).  Sums
 * of parts are added with +; each part but the last must have an even number of bytes.  A sum of less than 4 GB of data
 * does not overflow.
 */
#ifndef TSCF_CHECKSUM_H
#define TSCF_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** @return the sum of @p length bytes; an odd last byte counts as if a zero byte followed. */
uint64_t tscf_checksum_add(const void *data, size_t length);

/** Copy @p length bytes, which must not overlap.  @return their sum, as tscf_checksum_add would. */
uint64_t tscf_checksum_copy(void *to, const void *from, size_t length);

/**
 * @return the sum of the pseudo-header (RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1) for @p length bytes of
 * upper-layer header and payload.  @p ip is a whole IPv4 or IPv6 header (20 or 40 bytes); only its addresses are used.
 */
uint64_t tscf_checksum_pseudo(const uint8_t *ip, uint8_t protocol, uint32_t length);

/**
 * @return the sum folded to 16 bits, to be stored as it is (memcpy); its complement is the checksum.  0xffff for data
 * that includes its own correct checksum; 0 only if all bytes were zero.
 */
static inline uint16_t tscf_checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/**
 * Store the checksum of the data with this sum in @p field: two bytes of the packet, which count as zero in the sum.
 */
static inline void tscf_checksum_put(uint8_t *field, uint64_t sum)
{
	const uint16_t checksum = (uint16_t)~tscf_checksum_fold(sum);

	memcpy(field, &checksum, sizeof(checksum));
}

#endif
