/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet_upper.c - lengths, fragments and upper-layer headers: common to IPv4 and IPv6. */
#include "common/packet/packet_parts.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stddef.h>

#define DATAGRAM_MAX 65535
#define PORTS_SIZE   4
#define ICMP_SIZE    8

enum tscf_packet_error tscf_packet_limit(struct tscf_packet_input *in, uint32_t total, struct tscf_packet_info *info)
{
	if (total > in->bytes.length) {
		if (!in->quote)
			return TSCF_PACKET_TRUNCATED;
		total = in->bytes.length;
	}
	in->bytes.length = total;
	info->total = total;
	return TSCF_PACKET_OK;
}

enum tscf_packet_error tscf_packet_place(struct tscf_packet_info *info, uint32_t offset, uint32_t size, bool more)
{
	info->fragment = offset > 0 || more;
	info->first = offset == 0;
	if (!info->fragment)
		return TSCF_PACKET_OK;
	if (more && size % 8 > 0)
		return TSCF_PACKET_MALFORMED;
	if (offset + size > DATAGRAM_MAX)
		return TSCF_PACKET_MALFORMED;
	/* A fragment at offset 1 (in units of 8 bytes) would replace the TCP flags that a filter has seen. */
	if (offset == 8 && info->protocol == IPPROTO_TCP)
		return TSCF_PACKET_MALFORMED;
	return TSCF_PACKET_OK;
}

enum tscf_packet_error tscf_packet_short(const struct tscf_packet_input *in, const struct tscf_packet_info *info)
{
	return info->fragment && !in->quote ? TSCF_PACKET_MALFORMED : TSCF_PACKET_TRUNCATED;
}

/** @return whether the upper layer is the ICMP of this IP version. */
static bool is_icmp(const struct tscf_packet_info *info)
{
	return info->protocol == (info->version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/** @return the smallest size of the upper-layer header, 0 if nothing of it is read here. */
static uint32_t upper_size(const struct tscf_packet_info *info)
{
	if (is_icmp(info))
		return ICMP_SIZE;
	switch (info->protocol) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return 12;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return 8;
	default:
		return 0;
	}
}

/**
 * @return whether the message quotes a packet; in ICMPv6 all types with the high bit clear do, unknown ones included
 * (RFC 4443, 2.1).
 */
static bool is_error(uint8_t version, uint8_t type)
{
	if (version == 6)
		return !(type & ICMP6_INFOMSG_MASK);
	switch (type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return true;
	default:
		return false;
	}
}

static enum tscf_packet_error read_icmp(const uint8_t *h, bool quote, struct tscf_packet_info *info)
{
	const uint8_t request = info->version == 4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	const uint8_t reply = info->version == 4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;

	info->quotes = is_error(info->version, h[0]);
	/* An error must not be answered with an error (RFC 1122, 3.2.2; RFC 4443, 2.4), so quotes do not nest. */
	if (info->quotes && quote)
		return TSCF_PACKET_MALFORMED;
	if (h[0] == request)
		info->source_port = tscf_get_u16(h + 4);
	else if (h[0] == reply)
		info->destination_port = tscf_get_u16(h + 4);
	return TSCF_PACKET_OK;
}

enum tscf_packet_error tscf_packet_upper(const struct tscf_packet_input *in, struct tscf_packet_info *info)
{
	uint32_t size = upper_size(info);
	const uint8_t *h;

	if (size == 0)
		return TSCF_PACKET_OK;
	if ((in->quote || info->fragment) && !is_icmp(info))
		size = PORTS_SIZE;
	h = tscf_bytes_at(&in->bytes, info->transport, size);
	if (!h)
		return tscf_packet_short(in, info);
	if (is_icmp(info))
		return read_icmp(h, in->quote, info);
	info->source_port = tscf_get_u16(h);
	info->destination_port = tscf_get_u16(h + 2);
	return TSCF_PACKET_OK;
}

bool tscf_packet_begins_tcp(const uint8_t *data, const struct tscf_packet_info *info)
{
	return data[info->transport + offsetof(struct tcphdr, th_flags)] & TH_SYN;
}
