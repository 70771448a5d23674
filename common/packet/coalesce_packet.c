/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/coalesce_packet.h"

#include "common/base/bytes.h"
#include "common/packet/batch.h"
#include "common/packet/checksum.h"
#include "common/packet/coalesce.h"
#include "common/packet/header_fields.h"

#include <netinet/in.h>
#include <string.h>

/** Spreads the ports and the host part of the source over the tag; a collision only costs a comparison. */
static inline uint32_t flow_tag(const struct tscf_candidate *p)
{
	uint32_t ports, source;

	memcpy(&ports, p->data + p->ip_header, sizeof(ports));
	memcpy(&source, p->data + (p->ip_header == TSCF_IPV4_HEADER ? TSCF_IPV4_SOURCE : TSCF_IPV6_SOURCE + 12),
	       sizeof(source));
	return (ports * 0x9e3779b1U ^ source) * 0x85ebca6bU + p->tcp;
}

static enum tscf_candidate_class read_tcp(struct tscf_candidate *p)
{
	const uint8_t *tcp = p->data + p->ip_header;
	uint32_t header;

	if (p->length - p->ip_header < TSCF_TCP_HEADER)
		return TSCF_CANDIDATE_BARRIER;
	p->tag = flow_tag(p);
	header = p->ip_header + (tcp[TSCF_TCP_OFFSET] >> 4) * 4U;
	p->header = (uint16_t)header;
	p->push = tcp[TSCF_TCP_FLAGS] & TSCF_FLAG_PSH;
	if (header < p->ip_header + (uint32_t)TSCF_TCP_HEADER || header >= p->length || tcp[TSCF_TCP_OFFSET] & 0x0f)
		return TSCF_CANDIDATE_SINGLE;
	p->payload = (uint16_t)(p->length - header);
	return (tcp[TSCF_TCP_FLAGS] & ~(TSCF_FLAG_PSH | TSCF_FLAG_ECE)) == TSCF_FLAG_ACK ? TSCF_CANDIDATE_MERGE
											 : TSCF_CANDIDATE_SINGLE;
}

static enum tscf_candidate_class read_udp(struct tscf_candidate *p)
{
	const uint8_t *udp = p->data + p->ip_header;

	if (p->length - p->ip_header < TSCF_UDP_HEADER)
		return TSCF_CANDIDATE_BARRIER;
	p->tag = flow_tag(p);
	p->header = p->ip_header + TSCF_UDP_HEADER;
	p->push = false;
	if (p->length == p->header || tscf_get_u16(udp + TSCF_UDP_LENGTH) != p->length - p->ip_header ||
	    tscf_get_u16(udp + TSCF_UDP_CHECK) == 0)
		return TSCF_CANDIDATE_SINGLE;
	p->payload = p->length - p->header;
	return TSCF_CANDIDATE_MERGE;
}

static enum tscf_candidate_class read_upper(struct tscf_candidate *p, uint8_t protocol, unsigned kinds)
{
	const bool ipv4 = p->ip_header == TSCF_IPV4_HEADER;
	enum tscf_candidate_class class;
	unsigned kind;

	p->tcp = protocol == IPPROTO_TCP;
	if (p->tcp) {
		class = read_tcp(p);
		kind = ipv4 ? TSCF_COALESCE_TCP4 : TSCF_COALESCE_TCP6;
	} else {
		class = read_udp(p);
		kind = TSCF_COALESCE_UDP;
	}
	return class == TSCF_CANDIDATE_MERGE && !(kinds & kind) ? TSCF_CANDIDATE_SINGLE : class;
}

static enum tscf_candidate_class read_ipv4(struct tscf_candidate *p, unsigned kinds)
{
	const uint8_t *ip = p->data;

	if (ip[0] != TSCF_IPV4_PLAIN || (tscf_get_u16(ip + TSCF_IPV4_FRAGMENT) & ~TSCF_IPV4_DF) != 0 ||
	    tscf_get_u16(ip + TSCF_IPV4_TOTAL) != p->length)
		return TSCF_CANDIDATE_BARRIER;
	p->ip_header = TSCF_IPV4_HEADER;
	if (ip[TSCF_IPV4_PROTOCOL] != IPPROTO_TCP && ip[TSCF_IPV4_PROTOCOL] != IPPROTO_UDP)
		return TSCF_CANDIDATE_APART;
	return read_upper(p, ip[TSCF_IPV4_PROTOCOL], kinds);
}

static enum tscf_candidate_class read_ipv6(struct tscf_candidate *p, unsigned kinds)
{
	const uint8_t *ip = p->data;

	if (p->length < TSCF_IPV6_HEADER || tscf_get_u16(ip + TSCF_IPV6_PAYLOAD) != p->length - TSCF_IPV6_HEADER)
		return TSCF_CANDIDATE_BARRIER;
	p->ip_header = TSCF_IPV6_HEADER;
	if (ip[TSCF_IPV6_NEXT] == IPPROTO_ICMPV6 || ip[TSCF_IPV6_NEXT] == IPPROTO_ESP)
		return TSCF_CANDIDATE_APART;
	if (ip[TSCF_IPV6_NEXT] != IPPROTO_TCP && ip[TSCF_IPV6_NEXT] != IPPROTO_UDP)
		return TSCF_CANDIDATE_BARRIER;
	return read_upper(p, ip[TSCF_IPV6_NEXT], kinds);
}

enum tscf_candidate_class tscf_candidate_read(uint8_t *data, uint32_t length, unsigned kinds, struct tscf_candidate *p)
{
	p->data = data;
	if (length < TSCF_IPV4_HEADER || length > TSCF_PACKET_MAX)
		return TSCF_CANDIDATE_BARRIER;
	p->length = (uint16_t)length;
	switch (data[0] >> 4) {
	case 4:
		return read_ipv4(p, kinds);
	case 6:
		return read_ipv6(p, kinds);
	default:
		return TSCF_CANDIDATE_BARRIER;
	}
}

bool tscf_candidate_same_flow(const struct tscf_candidate *a, const struct tscf_candidate *b)
{
	if (a->ip_header != b->ip_header || a->tcp != b->tcp)
		return false;
	/*
	 * Without options both addresses and both ports are contiguous; with constant sizes the compiler calls no
	 * function.
	 */
	if (a->ip_header == TSCF_IPV4_HEADER)
		return memcmp(a->data + TSCF_IPV4_SOURCE, b->data + TSCF_IPV4_SOURCE, 8 + 4) == 0;
	return memcmp(a->data + TSCF_IPV6_SOURCE, b->data + TSCF_IPV6_SOURCE, 32 + 4) == 0;
}

/**
 * Like the kernel: with DF the identification may stay the same, as it has no meaning then (RFC 6864); else it must
 * count.
 */
static bool ipv4_follows(struct tscf_candidate_batch *batch, const uint8_t *head, const uint8_t *ip)
{
	const uint16_t distance = (uint16_t)(tscf_get_u16(ip + TSCF_IPV4_ID) - tscf_get_u16(head + TSCF_IPV4_ID));

	if (ip[TSCF_IPV4_TOS] != head[TSCF_IPV4_TOS] || ip[TSCF_IPV4_TTL] != head[TSCF_IPV4_TTL] ||
	    memcmp(ip + TSCF_IPV4_FRAGMENT, head + TSCF_IPV4_FRAGMENT, 2) != 0)
		return false;
	if (batch->count == 1)
		batch->fixed_id = distance == 0 && (tscf_get_u16(ip + TSCF_IPV4_FRAGMENT) & TSCF_IPV4_DF);
	return distance == (batch->fixed_id ? 0 : batch->count);
}

static bool tcp_follows(const struct tscf_candidate_batch *batch, const uint8_t *head, const struct tscf_candidate *p)
{
	const uint8_t *tcp = p->data + p->ip_header;
	const uint32_t options = p->header - p->ip_header - (uint32_t)TSCF_TCP_HEADER;

	return tscf_get_u32(tcp + TSCF_TCP_SEQ) == tscf_get_u32(head + TSCF_TCP_SEQ) + batch->payload &&
	       memcmp(tcp + TSCF_TCP_ACK, head + TSCF_TCP_ACK, 4) == 0 &&
	       ((tcp[TSCF_TCP_FLAGS] ^ head[TSCF_TCP_FLAGS]) & ~TSCF_FLAG_PSH) == 0 &&
	       memcmp(tcp + TSCF_TCP_WINDOW, head + TSCF_TCP_WINDOW, 2) == 0 &&
	       memcmp(tcp + TSCF_TCP_HEADER, head + TSCF_TCP_HEADER, options) == 0;
}

bool tscf_candidate_follows(struct tscf_candidate_batch *batch, const struct tscf_candidate *p)
{
	const struct tscf_candidate *head = batch->head;

	if (p->header != head->header || p->payload > head->payload ||
	    p->header + batch->payload + p->payload > TSCF_PACKET_MAX)
		return false;
	if (p->tcp && !tcp_follows(batch, head->data + head->ip_header, p))
		return false;
	if (p->ip_header == TSCF_IPV4_HEADER)
		return ipv4_follows(batch, head->data, p->data);
	return memcmp(p->data, head->data, 4) == 0 && p->data[TSCF_IPV6_HOPS] == head->data[TSCF_IPV6_HOPS];
}

static inline bool ipv4_header_right(const uint8_t *ip)
{
	uint32_t words[TSCF_IPV4_HEADER / sizeof(uint32_t)];
	uint64_t sum = 0;

	memcpy(words, ip, sizeof(words));
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	return tscf_checksum_fold(sum) == 0xffff;
}

bool tscf_candidate_verify(const struct tscf_candidate *p)
{
	const uint32_t upper = p->length - p->ip_header;
	/* The pseudo-header is the two addresses, which lie just before the transport header, and two numbers. */
	const uint32_t addresses = p->ip_header == TSCF_IPV4_HEADER ? TSCF_IPV4_SOURCE : TSCF_IPV6_SOURCE;
	const uint64_t sum = htons(p->tcp ? IPPROTO_TCP : IPPROTO_UDP) + (uint64_t)htonl(upper) +
			     tscf_checksum_add(p->data + addresses, p->length - addresses);

	if (p->ip_header == TSCF_IPV4_HEADER && !ipv4_header_right(p->data))
		return false;
	return tscf_checksum_fold(sum) == 0xffff;
}
