/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/packet_build.h"

#include "common/base/bytes.h"

#include <netinet/in.h>
#include <string.h>

void build_bytes(struct build *b, const void *bytes, uint32_t length)
{
	memcpy(b->data + b->length, bytes, length);
	b->length += length;
}

void build_zero(struct build *b, uint32_t length)
{
	memset(b->data + b->length, 0, length);
	b->length += length;
}

void build_ipv4(struct build *b, uint8_t protocol, uint16_t place, uint32_t options)
{
	static const uint8_t addresses[] = {10, 1, 2, 3, 192, 0, 2, 9};
	uint8_t h[12] = {0};

	b->length = 0;
	h[0] = (uint8_t)(0x40 | (20 + options) / 4);
	h[1] = BUILD_TOS;
	tscf_put_u16(h + 4, BUILD_ID);
	tscf_put_u16(h + 6, place);
	h[8] = 64;
	h[9] = protocol;
	build_bytes(b, h, sizeof(h));
	build_bytes(b, addresses, sizeof(addresses));
	build_zero(b, options);
}

void build_ipv6(struct build *b, uint8_t next)
{
	static const uint8_t source[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	static const uint8_t destination[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};
	uint8_t h[8] = {0x60 | BUILD_TOS >> 4, (BUILD_TOS & 15) << 4, [6] = next, [7] = 64};

	b->length = 0;
	build_bytes(b, h, sizeof(h));
	build_bytes(b, source, sizeof(source));
	build_bytes(b, destination, sizeof(destination));
}

void build_extension(struct build *b, uint8_t type, uint8_t next, uint32_t size)
{
	uint8_t h[2] = {next, (uint8_t)(type == IPPROTO_AH ? size / 4 - 2 : size / 8 - 1)};

	build_bytes(b, h, sizeof(h));
	build_zero(b, size - 2);
}

void build_fragment(struct build *b, uint8_t next, uint16_t offset, bool more)
{
	uint8_t h[8] = {next};

	tscf_put_u16(h + 2, (uint16_t)(offset | more));
	tscf_put_u32(h + 4, 0xa0000000U | BUILD_ID);
	build_bytes(b, h, sizeof(h));
}

void build_ports(struct build *b, uint32_t size)
{
	uint8_t h[4];

	tscf_put_u16(h, BUILD_SPORT);
	tscf_put_u16(h + 2, BUILD_DPORT);
	build_bytes(b, h, sizeof(h));
	build_zero(b, size - 4);
}

void build_icmp(struct build *b, uint8_t type)
{
	uint8_t h[8] = {type};

	tscf_put_u16(h + 4, BUILD_ID);
	build_bytes(b, h, sizeof(h));
}

void build_finish(struct build *b)
{
	if (b->data[0] >> 4 == 4)
		tscf_put_u16(b->data + 2, (uint16_t)b->length);
	else
		tscf_put_u16(b->data + 4, (uint16_t)(b->length - 40));
}
