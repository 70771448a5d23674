/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet_parts.h - internal interface between the parts of the packet parser.
 *
 * packet.c is the entry and IPv4, packet_ipv6.c is IPv6 with its extension headers, packet_upper.c has what both share:
 * fragments and upper-layer headers.
 */
#ifndef TSCF_PACKET_PARTS_H
#define TSCF_PACKET_PARTS_H

#include "common/base/bytes.h"
#include "common/packet/packet.h"

/** The packet that is being parsed. */
struct tscf_packet_input {
	struct tscf_bytes bytes; /**< the bytes given; once the IP length is known, only those of the packet */
	bool quote;              /**< quoted by an ICMP error: may be cut short anywhere */
};

/** Cut the input to @p total bytes, the length in the IP header. */
enum tscf_packet_error tscf_packet_limit(struct tscf_packet_input *in, uint32_t total, struct tscf_packet_info *info);

/**
 * Note the position of a fragment in its datagram: @p size bytes at @p offset, @p more if others follow.
 * info->protocol must be set.
 *
 * @return OK, or MALFORMED if no reassembly could use the fragment or it would overwrite a header (RFC 791, 1858, 3128,
 * 8200).
 */
enum tscf_packet_error tscf_packet_place(struct tscf_packet_info *info, uint32_t offset, uint32_t size, bool more);

/** @return the error for headers that continue past the end: in a first fragment that is an attack (RFC 1858, 7112). */
enum tscf_packet_error tscf_packet_short(const struct tscf_packet_input *in, const struct tscf_packet_info *info);

/** Read the ports, or the values used instead of ports, from the header at info->transport. */
enum tscf_packet_error tscf_packet_upper(const struct tscf_packet_input *in, struct tscf_packet_info *info);

/** Parse from the IPv6 header on. */
enum tscf_packet_error tscf_packet_ipv6(struct tscf_packet_input *in, struct tscf_packet_info *info);

#endif
