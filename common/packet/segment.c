/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/segment.h"

#include "common/packet/checksum.h"
#include "common/packet/header_fields.h"
#include "common/packet/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static inline void put16(uint8_t *at, uint16_t as_in_memory)
{
	memcpy(at, &as_in_memory, sizeof(as_in_memory));
}

/** A checksum of 0 is sent as 0xffff: both are zero in ones' complement, and in UDP (RFC 768) 0 means no checksum. */
static inline uint16_t complement(uint64_t sum)
{
	const uint16_t checksum = (uint16_t)~tscf_checksum_fold(sum);

	return checksum ? checksum : 0xffff;
}

/** The checksum field holds the sum of the pseudo-header, so the sum over everything from csum_start includes it. */
static int complete_checksum(const struct virtio_net_hdr *vnet, uint8_t *data, uint32_t length)
{
	const uint32_t start = vnet->csum_start, field = start + vnet->csum_offset;

	if (field + 2 > length)
		return -EINVAL;
	put16(data + field, complement(tscf_checksum_add(data + start, length - start)));
	return 0;
}

/** Find the headers, and check that the virtio header agrees with them. */
static int find_headers(struct tscf_segmenter *s, const struct virtio_net_hdr *vnet)
{
	const uint8_t type = vnet->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	struct tscf_packet_info info;
	uint32_t header;

	if (tscf_packet_parse(s->data, s->length, &info) != TSCF_PACKET_OK || info.total != s->length || info.fragment)
		return -EINVAL;
	s->ipv4 = info.version == 4;
	s->tcp = info.protocol == IPPROTO_TCP;
	s->transport = info.transport;
	if (s->tcp) {
		if (type != (s->ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6))
			return -EINVAL;
		header = (s->data[s->transport + TSCF_TCP_OFFSET] >> 4) * 4U;
		if (header < TSCF_TCP_HEADER)
			return -EINVAL;
	} else {
		if (info.protocol != IPPROTO_UDP || vnet->gso_type != VIRTIO_NET_HDR_GSO_UDP_L4)
			return -EINVAL;
		header = TSCF_UDP_HEADER;
	}
	s->header = s->transport + header;
	if (s->header >= s->length || (!s->ipv4 && s->transport != TSCF_IPV6_HEADER))
		return -EINVAL;
	if (vnet->csum_start != s->transport || vnet->csum_offset != (s->tcp ? TSCF_TCP_CHECK : TSCF_UDP_CHECK))
		return -EINVAL;
	return 0;
}

static void prepare_tcp(struct tscf_segmenter *s)
{
	uint8_t *tcp = s->headers + s->transport;
	uint32_t sequence;

	memcpy(&sequence, tcp + TSCF_TCP_SEQ, sizeof(sequence));
	s->sequence = ntohl(sequence);
	s->first_flags = tcp[TSCF_TCP_FLAGS] & TSCF_FLAG_CWR;
	s->last_flags = tcp[TSCF_TCP_FLAGS] & (TSCF_FLAG_FIN | TSCF_FLAG_PSH);
	s->flags = tcp[TSCF_TCP_FLAGS] & (uint8_t) ~(TSCF_FLAG_CWR | TSCF_FLAG_FIN | TSCF_FLAG_PSH);
	memset(tcp + TSCF_TCP_SEQ, 0, sizeof(sequence));
	tcp[TSCF_TCP_FLAGS] = 0;
	put16(tcp + TSCF_TCP_CHECK, 0);
}

/** Clear the header fields that differ between the segments, and sum up the rest once. */
static void prepare_headers(struct tscf_segmenter *s)
{
	uint8_t *h = s->headers, *transport = h + s->transport;
	uint16_t id;

	memcpy(h, s->data, s->header);
	if (s->ipv4) {
		memcpy(&id, h + TSCF_IPV4_ID, sizeof(id));
		s->id = ntohs(id);
		put16(h + TSCF_IPV4_TOTAL, 0);
		put16(h + TSCF_IPV4_ID, 0);
		put16(h + TSCF_IPV4_CHECK, 0);
		s->ip_sum = tscf_checksum_add(h, s->transport);
	}
	if (s->tcp) {
		prepare_tcp(s);
	} else {
		put16(transport + TSCF_UDP_LENGTH, 0);
		put16(transport + TSCF_UDP_CHECK, 0);
	}
	s->transport_sum = tscf_checksum_pseudo(h, s->tcp ? IPPROTO_TCP : IPPROTO_UDP, 0) +
			   tscf_checksum_add(transport, s->header - s->transport);
}

int tscf_segment_begin(struct tscf_segmenter *s, const struct virtio_net_hdr *vnet, uint8_t *data, uint32_t length,
		       uint32_t limit)
{
	const bool needs_checksum = vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	int err;

	s->data = data;
	s->length = length;
	s->next = 0;
	s->whole = vnet->gso_type == VIRTIO_NET_HDR_GSO_NONE;
	if (s->whole)
		return needs_checksum ? complete_checksum(vnet, data, length) : 0;
	if (!needs_checksum || vnet->gso_size == 0)
		return -EINVAL;
	err = find_headers(s, vnet);
	if (err < 0)
		return err;
	if (s->tcp && limit <= s->header)
		return -EMSGSIZE;
	s->payload = vnet->gso_size;
	if (s->tcp && s->payload > limit - s->header)
		s->payload = limit - s->header;
	if (s->payload > length - s->header)
		s->payload = length - s->header;
	s->next = s->header;
	prepare_headers(s);
	return 0;
}

static inline void write_ip(struct tscf_segmenter *s, uint8_t *out, uint32_t size)
{
	const uint16_t total = htons((uint16_t)size), id = htons(s->id);

	if (!s->ipv4) {
		put16(out + TSCF_IPV6_PAYLOAD, htons((uint16_t)(size - TSCF_IPV6_HEADER)));
		return;
	}
	put16(out + TSCF_IPV4_TOTAL, total);
	put16(out + TSCF_IPV4_ID, id);
	tscf_checksum_put(out + TSCF_IPV4_CHECK, s->ip_sum + total + id);
	s->id++;
}

static inline void write_tcp(struct tscf_segmenter *s, uint8_t *tcp, uint32_t payload, uint64_t sum)
{
	const bool first = s->next == s->header, last = s->next + payload == s->length;
	const uint32_t sequence = htonl(s->sequence);
	const uint8_t flags = s->flags | (first ? s->first_flags : 0) | (last ? s->last_flags : 0);

	memcpy(tcp + TSCF_TCP_SEQ, &sequence, sizeof(sequence));
	tcp[TSCF_TCP_FLAGS] = flags;
	/* The flags are the second byte of their 16-bit word. */
	put16(tcp + TSCF_TCP_CHECK, complement(sum + sequence + htons(flags)));
	s->sequence += payload;
}

static inline void write_udp(uint8_t *udp, uint32_t payload, uint64_t sum)
{
	const uint16_t length = htons((uint16_t)(TSCF_UDP_HEADER + payload));

	put16(udp + TSCF_UDP_LENGTH, length);
	put16(udp + TSCF_UDP_CHECK, complement(sum + length));
}

/** Write one segment of @p payload bytes to @p out. */
static void write_segment(struct tscf_segmenter *s, uint8_t *out, uint32_t payload)
{
	uint8_t *transport = out + s->transport;
	uint64_t sum = s->transport_sum + htonl(s->header - s->transport + payload);

	memcpy(out, s->headers, s->header);
	sum += tscf_checksum_copy(out + s->header, s->data + s->next, payload);
	write_ip(s, out, s->header + payload);
	if (s->tcp)
		write_tcp(s, transport, payload, sum);
	else
		write_udp(transport, payload, sum);
	s->next += payload;
}

static bool take_whole(struct tscf_segmenter *s, struct tscf_gso_batch *batch)
{
	if (s->next == s->length)
		return false;
	*batch = (struct tscf_gso_batch){s->data, 1, s->length, s->length};
	s->next = s->length;
	return true;
}

bool tscf_segment_next(struct tscf_segmenter *s, uint8_t *out, uint32_t room, uint32_t most,
		       struct tscf_gso_batch *batch)
{
	uint32_t used = 0;

	if (s->whole)
		return take_whole(s, batch);
	*batch = (struct tscf_gso_batch){.data = out, .size = s->header + s->payload};
	while (batch->count < most && s->next < s->length) {
		const uint32_t left = s->length - s->next;
		const uint32_t payload = left < s->payload ? left : s->payload;

		if (s->header + payload > room - used)
			break;
		write_segment(s, out + used, payload);
		batch->last = s->header + payload;
		used += batch->last;
		batch->count++;
	}
	return batch->count > 0;
}
