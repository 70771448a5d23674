/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet_ipv6.c - IPv6 and its extension headers (RFC 8200). */
#include "common/packet/packet_parts.h"

#define IPV6_HEADER     40
#define EXTENSION_UNIT  8
#define EXTENSIONS_MAX  8
#define FRAGMENT_HEADER 8
#define FRAGMENT_OFFSET 0xfff8

/** The extension headers that hosts skip to find the upper layer; ESP hides the upper layer, so ESP counts as one. */
static bool is_extension(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
		return true;
	default:
		return false;
	}
}

/** Size of the extension header that begins with the bytes @p h.  Only AH counts in units of 4 bytes (RFC 4302). */
static uint32_t extension_size(uint8_t protocol, const uint8_t *h)
{
	switch (protocol) {
	case IPPROTO_FRAGMENT:
		return FRAGMENT_HEADER;
	case IPPROTO_AH:
		return (h[1] + 2U) * 4;
	default:
		return (h[1] + 1U) * EXTENSION_UNIT;
	}
}

/** Read the fragment header @p h; by the IP length, @p size bytes follow it.  No honest sender adds a second one. */
static enum tscf_packet_error read_fragment(const uint8_t *h, uint32_t size, bool again, struct tscf_packet_info *info)
{
	const uint16_t place = tscf_get_u16(h + 2);

	if (again)
		return TSCF_PACKET_MALFORMED;
	info->protocol = h[0];
	info->fragment_id = tscf_get_u32(h + 4);
	return tscf_packet_place(info, place & FRAGMENT_OFFSET, size, place & 1);
}

/** Follow the headers, from @p next on, to the upper layer.  @p total is the length in the IP header. */
static enum tscf_packet_error follow(const struct tscf_packet_input *in, uint32_t total, uint8_t next,
				     struct tscf_packet_info *info)
{
	uint32_t offset = IPV6_HEADER;
	bool fragment_seen = false;

	info->first = true;
	for (unsigned count = 0; is_extension(next); count++) {
		const uint8_t *h = tscf_bytes_at(&in->bytes, offset, EXTENSION_UNIT);
		uint32_t size;

		if (count == EXTENSIONS_MAX || (next == IPPROTO_HOPOPTS && count > 0))
			return TSCF_PACKET_MALFORMED;
		if (!h)
			return tscf_packet_short(in, info);
		size = extension_size(next, h);
		if (!tscf_bytes_at(&in->bytes, offset, size))
			return tscf_packet_short(in, info);
		offset += size;
		if (next == IPPROTO_FRAGMENT) {
			enum tscf_packet_error error = read_fragment(h, total - offset, fragment_seen, info);

			if (error)
				return error;
			fragment_seen = true;
		}
		next = h[0];
		if (!info->first)
			break;
	}
	info->protocol = next;
	info->transport = (uint16_t)offset;
	return TSCF_PACKET_OK;
}

enum tscf_packet_error tscf_packet_ipv6(struct tscf_packet_input *in, struct tscf_packet_info *info)
{
	const uint8_t *h = tscf_bytes_at(&in->bytes, 0, IPV6_HEADER);
	enum tscf_packet_error error;
	uint32_t payload;

	if (!h)
		return TSCF_PACKET_TRUNCATED;
	payload = tscf_get_u16(h + 4);
	/* A jumbogram's length is in its hop-by-hop header (RFC 2675); no tunnel carries one. */
	if (payload == 0 && h[6] == IPPROTO_HOPOPTS)
		return TSCF_PACKET_MALFORMED;
	error = tscf_packet_limit(in, IPV6_HEADER + payload, info);
	if (error)
		return error;

	info->source = tscf_addr_v6(h + 8);
	info->destination = tscf_addr_v6(h + 24);
	/* IPv4-mapped addresses are for programs only: on the wire one could pass for the address of an IPv4 client. */
	if (info->source.family != AF_INET6 || info->destination.family != AF_INET6)
		return TSCF_PACKET_MALFORMED;
	info->tos = (uint8_t)(h[0] << 4 | h[1] >> 4);
	error = follow(in, IPV6_HEADER + payload, h[6], info);
	if (error || !info->first)
		return error;
	return tscf_packet_upper(in, info);
}
