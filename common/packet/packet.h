/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet.h - the facts about an inner packet that the route decision needs.
 *
 * Pure parsing of hostile input: bounds are checked before every read, there is no recursion, and loops are bounded.
 * IPv4 (RFC 791) with options, IPv6 (RFC 8200) with extension headers, TCP, UDP, SCTP, DCCP and UDP-Lite ports, ICMP
 * (RFC 792) and ICMPv6 (RFC 4443) with the packets that their errors quote.
 */
#ifndef TSCF_PACKET_H
#define TSCF_PACKET_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Why a packet was refused; each reason has its counter. */
enum tscf_packet_error {
	TSCF_PACKET_OK = 0,
	TSCF_PACKET_TRUNCATED, /**< shorter than its headers or its length field say */
	TSCF_PACKET_MALFORMED, /**< a field has an illegal value */
	TSCF_PACKET_VERSION,   /**< neither IPv4 nor IPv6 */
};

struct tscf_packet_info {
	struct tscf_addr source, destination;
	uint32_t total;       /**< length from the IP header; at most the bytes given */
	uint32_t fragment_id; /**< IPv4 identification (16 bits) or IPv6 fragment identification */
	uint16_t transport;   /**< offset of the upper-layer header (or of the fragment's payload) */
	uint16_t source_port; /**< host order; 0 if there are none */
	uint16_t destination_port;
	uint8_t version;  /**< 4 or 6 */
	uint8_t protocol; /**< of the upper layer, after all extension headers; IPPROTO_NONE if there is none */
	uint8_t tos;      /**< DSCP and ECN */
	bool fragment;    /**< part of a fragmented datagram */
	bool first;       /**< has the upper-layer header: not a fragment, or the first one */
	bool quotes;      /**< an ICMP error: parse the quoted packet with tscf_packet_parse_quote */
};

/**
 * Parse one whole inner packet of @p length bytes.
 *
 * Ports: TCP, UDP, UDP-Lite, SCTP and DCCP have their own.  An ICMP echo request has its identifier as source port, an
 * echo reply as destination port, so that an echo conversation is a flow like any other.  A later fragment has no
 * ports.  These packets are malformed: a first fragment too short to hold its ports (RFC 1858's tiny fragment), a TCP
 * fragment at offset 1, a fragment that ends beyond 65535 bytes, a fragment that is not the last and whose length is
 * not a multiple of 8 bytes.  An unfragmented packet must hold the smallest possible header of its upper layer.
 * IPv4-mapped addresses in IPv6 are malformed.  Trailing bytes after the IP length are allowed and not part of the
 * packet.  IPv6 jumbograms are malformed.  At most 8 extension headers are followed, more are malformed.
 *
 * @return TSCF_PACKET_OK with @p info filled, or the reason.
 */
enum tscf_packet_error tscf_packet_parse(const uint8_t *data, uint32_t length, struct tscf_packet_info *info);

/** @return whether the TCP packet @p info at @p data, which is not a later fragment, begins a connection (SYN). */
bool tscf_packet_begins_tcp(const uint8_t *data, const struct tscf_packet_info *info);

/**
 * Parse the packet quoted by the ICMP error @p outer (outer->quotes) at @p data.  A quote is usually cut short: only
 * its headers up to the ports need to be there.  A quoted ICMP error is malformed.  Offsets in
 * @p quote count from the first byte of the quoted packet.
 *
 * @return TSCF_PACKET_OK with @p quote filled, or the reason.
 */
enum tscf_packet_error tscf_packet_parse_quote(const uint8_t *data, const struct tscf_packet_info *outer,
					       struct tscf_packet_info *quote);

#endif
