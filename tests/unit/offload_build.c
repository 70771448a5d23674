/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/offload_build.h"

#include <stddef.h>
#include <string.h>

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

void set16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

void set32(uint8_t *p, uint32_t value)
{
	set16(p, (uint16_t)(value >> 16));
	set16(p + 2, (uint16_t)value);
}

/** @return the sum, carries added back, not complemented. */
static uint32_t slow_sum(const uint8_t *data, uint32_t length, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	if (length % 2)
		sum += (uint32_t)data[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint16_t slow_checksum(const uint8_t *data, uint32_t length, uint32_t begin)
{
	return (uint16_t)~slow_sum(data, length, begin);
}

static uint32_t pseudo(const uint8_t *ip, uint8_t protocol, uint32_t upper)
{
	if (ip[0] >> 4 == 4)
		return slow_sum(ip + 12, 8, protocol + upper);
	return slow_sum(ip + 8, 32, protocol + (upper >> 16) + (upper & 0xffff));
}

static const char *judge_ip(const uint8_t *data, uint32_t length, uint32_t *header, uint8_t *protocol)
{
	if (data[0] >> 4 == 6) {
		*header = 40;
		*protocol = data[6];
		return get16(data + 4) + 40U == length ? NULL : "IPv6 length";
	}
	*header = (data[0] & 15U) * 4;
	*protocol = data[9];
	if (get16(data + 2) != length)
		return "IPv4 length";
	return slow_checksum(data, *header, 0) == 0 ? NULL : "IPv4 header checksum";
}

const char *slow_judge(const uint8_t *data, uint32_t length)
{
	uint32_t header;
	uint8_t protocol;
	const char *wrong = judge_ip(data, length, &header, &protocol);

	if (wrong)
		return wrong;
	if (protocol == PROTOCOL_UDP && get16(data + header + 4) != length - header)
		return "UDP length";
	if (protocol == PROTOCOL_UDP && get16(data + header + 6) == 0)
		return "UDP without checksum";
	if (slow_checksum(data + header, length - header, pseudo(data, protocol, length - header)) != 0)
		return "transport checksum";
	return NULL;
}

uint32_t offload_header(const struct offload_shape *shape)
{
	return (shape->ipv6 ? 40U : 20U + shape->ip_options) + (shape->udp ? 8U : 20U + shape->tcp_options);
}

static uint32_t build_ip(uint8_t *ip, const struct offload_shape *shape, uint32_t total)
{
	const uint8_t protocol = shape->udp ? PROTOCOL_UDP : PROTOCOL_TCP;
	const uint32_t header = 20U + shape->ip_options;

	if (shape->ipv6) {
		static const uint8_t addresses[32] = {0x20, 1, 0xd, 0xb8, [15] = 1, 0x20, 1, 0xd, 0xb8, [31] = 2};

		set32(ip, 0x62345678);
		set16(ip + 4, (uint16_t)(total - 40));
		ip[6] = protocol;
		ip[7] = 63;
		memcpy(ip + 8, addresses, sizeof(addresses));
		return 40;
	}
	ip[0] = (uint8_t)(0x40 | header / 4);
	ip[1] = 0x2a;
	set16(ip + 2, (uint16_t)total);
	set16(ip + 4, (uint16_t)(OFFLOAD_ID + shape->id));
	set16(ip + 6, shape->no_df ? 0 : OFFLOAD_IPV4_DF);
	ip[8] = 63;
	ip[9] = protocol;
	memcpy(ip + 12, "\x0a\x01\x02\x03\xc0\x00\x02\x09", 8);
	memset(ip + 20, 1, shape->ip_options); /* no operation */
	set16(ip + 10, 0);
	set16(ip + 10, slow_checksum(ip, header, 0));
	return header;
}

static void build_transport(uint8_t *at, const struct offload_shape *shape)
{
	set16(at, shape->sport ? shape->sport : 5060);
	set16(at + 2, 6050);
	if (shape->udp) {
		set16(at + 4, (uint16_t)(8 + shape->payload));
		return;
	}
	set32(at + 4, OFFLOAD_SEQ + shape->seq);
	set32(at + 8, 0x01020304);
	at[12] = (uint8_t)((20 + shape->tcp_options) / 4 << 4);
	at[13] = shape->flags | ACK;
	set16(at + 14, 0x7fff);
	memset(at + 20, 1, shape->tcp_options);
}

/** The pattern is made once, as some tests need a hundred thousand packets. */
static void fill_payload(uint8_t *at, uint8_t fill, uint32_t size)
{
	static uint8_t pattern[256 + 65536];

	if (pattern[1] == 0)
		for (uint32_t i = 0; i < sizeof(pattern); i++)
			pattern[i] = (uint8_t)(i * 7 + i / 251);
	memcpy(at, pattern + fill, size);
}

/** Everything but the transport checksum. */
static uint32_t build(struct offload_packet *p, const struct offload_shape *shape)
{
	p->header = offload_header(shape);
	p->length = p->header + shape->payload;
	memset(p->data, 0, p->header);
	p->ip_header = build_ip(p->data, shape, p->length);
	build_transport(p->data + p->ip_header, shape);
	fill_payload(p->data + p->header, shape->fill, shape->payload);
	return p->ip_header + (shape->udp ? 6 : 16);
}

void offload_plain(struct offload_packet *p, const struct offload_shape *shape)
{
	const uint32_t check = build(p, shape), upper = p->length - p->ip_header;
	const uint32_t sum = pseudo(p->data, shape->udp ? PROTOCOL_UDP : PROTOCOL_TCP, upper);
	const uint16_t checksum = slow_checksum(p->data + p->ip_header, upper, sum);

	set16(p->data + check, shape->udp && checksum == 0 ? 0xffff : checksum);
}

void offload_super(struct offload_packet *p, const struct offload_shape *shape, uint16_t gso_size,
		   struct virtio_net_hdr *vnet)
{
	const uint32_t check = build(p, shape), upper = p->length - p->ip_header;
	const uint8_t tcp_type = shape->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	const uint32_t sum = pseudo(p->data, shape->udp ? PROTOCOL_UDP : PROTOCOL_TCP, upper);

	set16(p->data + check, (uint16_t)slow_sum(NULL, 0, sum));
	*vnet = (struct virtio_net_hdr){
	    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	    .gso_type = shape->udp ? VIRTIO_NET_HDR_GSO_UDP_L4 : tcp_type,
	    .hdr_len = 1, /* nobody may believe it */
	    .gso_size = gso_size,
	    .csum_start = (uint16_t)p->ip_header,
	    .csum_offset = shape->udp ? 6 : 16,
	};
	if (shape->flags & CWR)
		vnet->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
}
