/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/port_traffic.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#define PORTS 65536U

int port_traffic_init(struct port_traffic *t)
{
	t->count = calloc((size_t)2 * PORTS, sizeof(*t->count));
	return t->count ? 0 : -ENOMEM;
}

void port_traffic_free(struct port_traffic *t)
{
	free(t->count);
	t->count = NULL;
}

static struct port_count *at(const struct port_traffic *t, uint8_t protocol, uint16_t port)
{
	if (!t->count || (protocol != IPPROTO_UDP && protocol != IPPROTO_TCP))
		return NULL;
	return &t->count[(protocol == IPPROTO_TCP ? PORTS : 0) + port];
}

/** The ports of a packet: IPv4 that is not a later fragment, or IPv6 without extension headers. */
static struct port_count *count_of(const struct port_traffic *t, const uint8_t *data, uint32_t length, bool sent)
{
	bool ipv4 = length >= 20 && data[0] >> 4 == 4, ipv6 = length >= 40 && data[0] >> 4 == 6;
	uint32_t transport = ipv4 ? (data[0] & 0xfU) * 4 : 40;

	if ((!ipv4 && !ipv6) || length < transport + 4)
		return NULL;
	if (ipv4 && (tscf_get_u16(data + 6) & 0x1fff) != 0)
		return NULL;
	return at(t, data[ipv4 ? 9 : 6], tscf_get_u16(data + transport + (sent ? 0 : 2)));
}

void port_traffic_sent(struct port_traffic *t, const struct tscf_packet *p)
{
	struct port_count *n = count_of(t, p->data, p->length, true);

	if (!n)
		return;
	n->sent_packets += tscf_packet_segments(p);
	n->sent_bytes += p->length;
}

void port_traffic_received(struct port_traffic *t, const uint8_t *data, uint32_t length, bool repaired)
{
	struct port_count *n = count_of(t, data, length, false);

	if (!n)
		return;
	n->received_packets++;
	n->received_bytes += length;
	n->repaired_packets += repaired;
}

const struct port_count *port_traffic_of(const struct port_traffic *t, uint8_t protocol, uint16_t port)
{
	return at(t, protocol, port);
}
