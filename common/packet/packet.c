/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet.c - entry to the packet parser, and IPv4. */
#include "common/packet/packet.h"

#include "common/packet/packet_parts.h"

#define IPV4_HEADER 20
#define IPV4_MORE   0x2000
#define IPV4_OFFSET 0x1fff
#define ICMP_HEADER 8

static enum tscf_packet_error parse_ipv4(struct tscf_packet_input *in, struct tscf_packet_info *info)
{
	const uint8_t *h = tscf_bytes_at(&in->bytes, 0, IPV4_HEADER);
	enum tscf_packet_error error;
	uint32_t header, total;
	uint16_t place;

	if (!h)
		return TSCF_PACKET_TRUNCATED;
	header = (h[0] & 0x0fU) * 4;
	total = tscf_get_u16(h + 2);
	if (header < IPV4_HEADER || total < header)
		return TSCF_PACKET_MALFORMED;
	error = tscf_packet_limit(in, total, info);
	if (error)
		return error;
	if (!tscf_bytes_at(&in->bytes, 0, header))
		return TSCF_PACKET_TRUNCATED;

	place = tscf_get_u16(h + 6);
	info->source = tscf_addr_v4(h + 12);
	info->destination = tscf_addr_v4(h + 16);
	info->fragment_id = tscf_get_u16(h + 4);
	info->transport = (uint16_t)header;
	info->protocol = h[9];
	info->tos = h[1];
	error = tscf_packet_place(info, (place & IPV4_OFFSET) * 8U, total - header, place & IPV4_MORE);
	if (error || !info->first)
		return error;
	return tscf_packet_upper(in, info);
}

static enum tscf_packet_error parse(struct tscf_packet_input *in, struct tscf_packet_info *info)
{
	const uint8_t *first = tscf_bytes_at(&in->bytes, 0, 1);

	*info = (struct tscf_packet_info){0};
	if (!first)
		return TSCF_PACKET_TRUNCATED;
	info->version = first[0] >> 4;
	switch (info->version) {
	case 4:
		return parse_ipv4(in, info);
	case 6:
		return tscf_packet_ipv6(in, info);
	default:
		return TSCF_PACKET_VERSION;
	}
}

enum tscf_packet_error tscf_packet_parse(const uint8_t *data, uint32_t length, struct tscf_packet_info *info)
{
	struct tscf_packet_input in = {.bytes = {data, length}, .quote = false};

	return parse(&in, info);
}

enum tscf_packet_error tscf_packet_parse_quote(const uint8_t *data, const struct tscf_packet_info *outer,
					       struct tscf_packet_info *quote)
{
	const struct tscf_bytes whole = {data, outer->total};
	const uint32_t offset = outer->transport + ICMP_HEADER;
	const uint8_t *inner = tscf_bytes_at(&whole, offset, 1);
	struct tscf_packet_input in = {.quote = true};
	enum tscf_packet_error error;

	if (!outer->quotes)
		return TSCF_PACKET_MALFORMED;
	if (!inner)
		return TSCF_PACKET_TRUNCATED;
	in.bytes = (struct tscf_bytes){inner, whole.length - offset};
	error = parse(&in, quote);
	if (quote->version != outer->version)
		return TSCF_PACKET_VERSION;
	return error;
}
