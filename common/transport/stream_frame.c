/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/stream_frame.h"

#include "common/base/bytes.h"
#include "common/packet/copy.h"
#include "common/packet/message.h"

#include <errno.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40

static int ipv4_length(const uint8_t *data, uint32_t available)
{
	uint32_t header, total;

	if (available < 4)
		return 0;
	header = (data[0] & 0x0fU) * 4;
	total = tscf_get_u16(data + 2);
	return header >= IPV4_HEADER && total >= header ? (int)total : -EPROTO;
}

static int ipv6_length(const uint8_t *data, uint32_t available)
{
	uint32_t total;

	if (available < 6)
		return 0;
	total = IPV6_HEADER + tscf_get_u16(data + 4);
	return total <= TSCF_PACKET_MAX ? (int)total : -EPROTO;
}

/* The inner packet of a copy says how long it is. */
static int copy_length(const uint8_t *data, uint32_t available)
{
	enum tscf_kind kind;
	int inner;

	if (data[0] != TSCF_COPY_FIRST_BYTE)
		return -EPROTO;
	if (available <= TSCF_COPY_HEADER)
		return 0;
	data += TSCF_COPY_HEADER;
	available -= TSCF_COPY_HEADER;
	kind = tscf_kind_of(data[0]);
	if (kind != TSCF_KIND_IPV4 && kind != TSCF_KIND_IPV6)
		return -EPROTO;
	inner = kind == TSCF_KIND_IPV4 ? ipv4_length(data, available) : ipv6_length(data, available);
	if (inner <= 0)
		return inner;
	return inner <= TSCF_COPY_INNER_MAX ? TSCF_COPY_HEADER + inner : -EPROTO;
}

int tscf_frame_length(const uint8_t *data, uint32_t available)
{
	int length;

	if (available == 0)
		return 0;
	switch (tscf_kind_of(data[0])) {
	case TSCF_KIND_IPV4:
		return ipv4_length(data, available);
	case TSCF_KIND_IPV6:
		return ipv6_length(data, available);
	case TSCF_KIND_REDUNDANCY:
		return copy_length(data, available);
	case TSCF_KIND_CONTROL:
		length = tscf_message_length(data, available);
		return length < 0 ? -EPROTO : length;
	default:
		return -EPROTO;
	}
}

int tscf_frame_run(uint8_t *data, uint32_t length, struct tscf_packet *out)
{
	int first = tscf_frame_length(data, length), next;
	uint32_t end;

	if (first <= 0)
		return first;
	if ((uint32_t)first > length)
		return 0;
	end = (uint32_t)first;
	do {
		next = tscf_frame_length(data + end, length - end);
		if (next <= 0 || next > first || (uint32_t)next > length - end)
			break;
		end += (uint32_t)next;
	} while (next == first);
	out->data = data;
	out->length = end;
	out->gso_size = end > (uint32_t)first ? (uint32_t)first : 0;
	return (int)end;
}
