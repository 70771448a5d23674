/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet_parts.h - what the parts of the packet parser share with each other, and with nobody else.
 *
 * packet.c is the entry and IPv4, packet_ipv6.c is IPv6 with its extension headers, packet_upper.c is what
 * fragments and upper-layer headers of both have in common.
 */
#ifndef TSCF_PACKET_PARTS_H
#define TSCF_PACKET_PARTS_H

#include "common/base/bytes.h"
#include "common/packet/packet.h"

/** The packet that is being parsed. */
struct tscf_packet_input {
	struct tscf_bytes bytes; /**< what was given; once the IP length is known, what belongs to the packet */
	bool quote;              /**< quoted by an ICMP error: may end anywhere */
};

/** Cut the input to the @p total bytes that the IP header tells. */
enum tscf_packet_error tscf_packet_limit(struct tscf_packet_input *in, uint32_t total, struct tscf_packet_info *info);

/**
 * Note where in its datagram a packet lies: @p size bytes at @p offset, @p more following.  info->protocol must be set.
 *
 * @return OK, or MALFORMED if no reassembly could use it or it would overwrite a header (RFC 791, 1858, 3128, 8200).
 */
enum tscf_packet_error tscf_packet_place(struct tscf_packet_info *info, uint32_t offset, uint32_t size, bool more);

/** What it means that headers go on past the end: in a first fragment that is no accident (RFC 1858, 7112). */
enum tscf_packet_error tscf_packet_short(const struct tscf_packet_input *in, const struct tscf_packet_info *info);

/** Read the ports, and what stands in for them, from the header at info->transport. */
enum tscf_packet_error tscf_packet_upper(const struct tscf_packet_input *in, struct tscf_packet_info *info);

/** Parse from the IPv6 header on. */
enum tscf_packet_error tscf_packet_ipv6(struct tscf_packet_input *in, struct tscf_packet_info *info);

#endif
