/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/server_world_packets.h"

#include "common/base/bytes.h"

#include <check.h>
#include <netinet/in.h>
#include <string.h>

static bool is_v6(const struct world_packet *p)
{
	return p->data[0] >> 4 == 6;
}

/** @return where the upper-layer header begins; fragments are made of packets without. */
static uint8_t *payload(struct world_packet *p)
{
	return p->data + (is_v6(p) ? 40 : 20);
}

static void put_ip(struct world_packet *p, uint8_t protocol, const struct tscf_addr *from, const struct tscf_addr *to)
{
	memset(p, 0, sizeof(*p));
	if (from->family == AF_INET6) {
		p->data[0] = 0x60;
		p->data[6] = protocol;
		p->data[7] = 64;
		memcpy(p->data + 8, from->bytes, 16);
		memcpy(p->data + 24, to->bytes, 16);
		return;
	}
	p->data[0] = 0x45;
	p->data[8] = 64;
	p->data[9] = protocol;
	memcpy(p->data + 12, from->bytes, 4);
	memcpy(p->data + 16, to->bytes, 4);
}

/** @param length  of what follows the IP header */
static void finish(struct world_packet *p, uint32_t length)
{
	p->length = (uint32_t)(payload(p) - p->data) + length;
	if (is_v6(p))
		tscf_put_u16(p->data + 4, (uint16_t)length);
	else
		tscf_put_u16(p->data + 2, (uint16_t)p->length);
}

struct world_packet world_udp(const struct tscf_addr *from, uint16_t from_port, const struct tscf_addr *to,
			      uint16_t to_port)
{
	struct world_packet p;

	put_ip(&p, IPPROTO_UDP, from, to);
	tscf_put_u16(payload(&p), from_port);
	tscf_put_u16(payload(&p) + 2, to_port);
	tscf_put_u16(payload(&p) + 4, 24);
	finish(&p, 24);
	return p;
}

void world_cut(struct world_packet *p, uint16_t id, bool first)
{
	uint32_t length = (uint32_t)(p->data + p->length - payload(p));

	if (!first)
		memset(payload(p), 0xff, length);
	if (is_v6(p)) {
		memmove(payload(p) + 8, payload(p), length);
		memset(payload(p), 0, 8);
		payload(p)[0] = p->data[6];
		tscf_put_u16(payload(p) + 2, first ? 1 : 24);
		tscf_put_u32(payload(p) + 4, id);
		p->data[6] = IPPROTO_FRAGMENT;
		finish(p, 8 + length);
	} else {
		tscf_put_u16(p->data + 4, id);
		tscf_put_u16(p->data + 6, first ? 0x2000 : 3);
	}
}

struct world_packet world_fragment(const struct tscf_addr *from, uint16_t from_port, const struct tscf_addr *to,
				   uint16_t to_port, uint16_t id, bool first)
{
	struct world_packet p = world_udp(from, from_port, to, to_port);

	world_cut(&p, id, first);
	return p;
}

static uint8_t icmp_of(const struct tscf_addr *a)
{
	return a->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

struct world_packet world_icmp_error(const struct tscf_addr *from, const struct tscf_addr *to,
				     const struct world_packet *quote, uint32_t quoted)
{
	struct world_packet p;

	put_ip(&p, icmp_of(from), from, to);
	payload(&p)[0] = is_v6(&p) ? 1 : 3;
	payload(&p)[1] = is_v6(&p) ? 4 : 3;
	memcpy(payload(&p) + 8, quote->data, quoted);
	finish(&p, 8 + quoted);
	return p;
}

struct world_packet world_echo(const struct tscf_addr *from, const struct tscf_addr *to, uint8_t type, uint16_t id)
{
	struct world_packet p;

	put_ip(&p, icmp_of(from), from, to);
	payload(&p)[0] = !is_v6(&p) ? type : type == 8 ? 128 : 129;
	tscf_put_u16(payload(&p) + 4, id);
	finish(&p, 16);
	return p;
}

static struct tscf_packet_info parse(const struct world_packet *p)
{
	struct tscf_packet_info info;

	ck_assert_int_eq(tscf_packet_parse(p->data, p->length, &info), TSCF_PACKET_OK);
	return info;
}

struct server_decision world_down(struct world *w, const struct world_packet *p)
{
	struct tscf_packet_info info = parse(p);

	return server_decide_down(w->state, p->data, &info, w->now);
}

struct server_decision world_up(struct world_client *c, const struct world_packet *p, bool encrypted)
{
	struct tscf_packet_info info = parse(p);
	struct world *w = c->world;

	if (encrypted)
		return server_decide_from_encrypted(w->state, world_encrypted(c), &info, w->now);
	return server_decide_from_plain(w->state, world_plain(c), p->data, &info, w->now);
}
