/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/icmp_error.h"

#include "common/base/bytes.h"
#include "common/packet/checksum.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define IPV4_HEADER    20U
#define IPV6_HEADER    40U
#define ICMP_HEADER    8U
#define IPV4_ERROR_MAX 576U
#define HOPS           64
/** Offsets of the checksums. */
#define IPV4_CHECKSUM 10
#define ICMP_CHECKSUM 2
/** The TOS of the kernel's own ICMP errors: internetwork control (RFC 1812, 4.3.2.5). */
#define TOS_CONTROL 0xc0

static bool is_group(const struct tscf_addr *a)
{
	if (a->family == AF_INET6)
		return a->bytes[0] == 0xff;
	/* Multicast, reserved, and limited broadcast. */
	return a->bytes[0] >= 224;
}

/** Every ICMP message except requests and replies is an error. */
static bool is_icmp_error(const uint8_t *data, const struct tscf_packet_info *info)
{
	uint8_t type = data[info->transport];

	if (info->protocol == IPPROTO_ICMPV6)
		return type < ICMP6_ECHO_REQUEST || type == 137; /* redirect */
	if (info->protocol != IPPROTO_ICMP)
		return false;
	return type != ICMP_ECHOREPLY && type != ICMP_ECHO && (type < ICMP_TIMESTAMP || type > ICMP_ADDRESSREPLY);
}

static bool is_answered(const uint8_t *data, const struct tscf_packet_info *info)
{
	return info->first && !info->quotes && !is_icmp_error(data, info) && !is_group(&info->source) &&
	       !is_group(&info->destination) && !tscf_addr_is_any(&info->source);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t build_v4(const uint8_t *data, const struct tscf_packet_info *info, const struct tscf_addr *from,
			 uint8_t *out)
{
	uint32_t quote = smaller(info->total, IPV4_ERROR_MAX - IPV4_HEADER - ICMP_HEADER);
	uint32_t length = IPV4_HEADER + ICMP_HEADER + quote;
	uint8_t *icmp = out + IPV4_HEADER;

	memset(out, 0, IPV4_HEADER + ICMP_HEADER);
	out[0] = 0x45;
	out[1] = TOS_CONTROL;
	tscf_put_u16(out + 2, (uint16_t)length);
	out[6] = 0x40; /* DF */
	out[8] = HOPS;
	out[9] = IPPROTO_ICMP;
	memcpy(out + 12, from->bytes, 4);
	memcpy(out + 16, info->source.bytes, 4);
	tscf_checksum_put(out + IPV4_CHECKSUM, tscf_checksum_add(out, IPV4_HEADER));
	icmp[0] = ICMP_DEST_UNREACH;
	icmp[1] = ICMP_PKT_FILTERED;
	memcpy(icmp + ICMP_HEADER, data, quote);
	tscf_checksum_put(icmp + ICMP_CHECKSUM, tscf_checksum_add(icmp, ICMP_HEADER + quote));
	return length;
}

static uint32_t build_v6(const uint8_t *data, const struct tscf_packet_info *info, const struct tscf_addr *from,
			 uint8_t *out)
{
	uint32_t quote = smaller(info->total, TSCF_ICMP_ERROR_MAX - IPV6_HEADER - ICMP_HEADER);
	uint32_t length = ICMP_HEADER + quote;
	uint8_t *icmp = out + IPV6_HEADER;

	memset(out, 0, IPV6_HEADER + ICMP_HEADER);
	out[0] = 0x60 | TOS_CONTROL >> 4;
	tscf_put_u16(out + 4, (uint16_t)length);
	out[6] = IPPROTO_ICMPV6;
	out[7] = HOPS;
	memcpy(out + 8, from->bytes, 16);
	memcpy(out + 24, info->source.bytes, 16);
	icmp[0] = ICMP6_DST_UNREACH;
	icmp[1] = ICMP6_DST_UNREACH_ADMIN;
	memcpy(icmp + ICMP_HEADER, data, quote);
	tscf_checksum_put(icmp + ICMP_CHECKSUM,
			  tscf_checksum_add(icmp, length) + tscf_checksum_pseudo(out, IPPROTO_ICMPV6, length));
	return IPV6_HEADER + length;
}

uint32_t tscf_icmp_prohibited(const uint8_t *data, const struct tscf_packet_info *info, const struct tscf_addr *from,
			      uint8_t out[TSCF_ICMP_ERROR_MAX])
{
	if (from->family != info->source.family || !is_answered(data, info))
		return 0;
	return (from->family == AF_INET6 ? build_v6 : build_v4)(data, info, from, out);
}
