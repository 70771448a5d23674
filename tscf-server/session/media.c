/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/media.h"

#include "tscf-server/settings/config.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/** @return the listener for datagrams at the address and on the kind of port of the session's stream. */
static const struct server_listener *datagrams_of(const struct server_session *s)
{
	const struct server_interface *i = s->interface;
	unsigned place = (unsigned)(s->listener - i->listener) / SERVER_PROTOCOLS;

	return &i->listener[place * SERVER_PROTOCOLS + (s->encrypted ? SERVER_DTLS : SERVER_UDP)];
}

const char *server_media_offer(struct server_session *s, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now)
{
	if (!(s->services & SERVER_SERVICE_DDT))
		return "DDT is not enabled on this interface";
	if (!s->listener->transport->ops->stream || !datagrams_of(s)->transport)
		return "no datagrams beside this tunnel";
	server_media_close(s);
	s->media = calloc(1, sizeof(*s->media));
	if (!s->media)
		return "out of memory";
	server_side_way_offer(&s->media->way, hash, now);
	return NULL;
}

static uint8_t bit(uint16_t port)
{
	return (uint8_t)(1U << (port % CHAR_BIT));
}

static void set_bit(uint8_t *byte, uint8_t mask, bool on)
{
	*byte = (uint8_t)(on ? *byte | mask : *byte & ~mask);
}

struct server_side_way *server_media_of(const struct server_session *s, const struct tscf_packet_info *info,
					const struct tscf_service_entry *asked, uint64_t now)
{
	struct server_media *m = s->media;
	uint16_t at = info->destination_port / CHAR_BIT;
	uint8_t port = bit(info->destination_port);

	if (!m || info->protocol != IPPROTO_UDP || info->fragment || info->total > SERVER_MEDIA_PACKET_MAX ||
	    !server_side_way_is_fresh(&m->way, now))
		return NULL;
	if (m->ports[at] & port)
		return &m->way;
	return !(m->stays[at] & port) && asked && asked->now.datagram ? &m->way : NULL;
}

void server_media_learn(struct server_session *s, const struct tscf_peer *peer, const struct tscf_packet_info *info,
			uint64_t now)
{
	struct server_media *m = s->media;
	uint8_t port = bit(info->source_port);
	bool leaves;

	if (!m || !m->way.proved)
		return;
	if (peer == m->way.peer) {
		m->way.heard = now;
		m->way.received_packets++;
	}
	if (info->protocol != IPPROTO_UDP || info->fragment)
		return;
	leaves = peer == m->way.peer;
	set_bit(&m->ports[info->source_port / CHAR_BIT], port, leaves);
	set_bit(&m->stays[info->source_port / CHAR_BIT], port, !leaves);
}

void server_media_close(struct server_session *s)
{
	if (!s->media)
		return;
	server_side_way_detach(&s->media->way);
	explicit_bzero(s->media, sizeof(*s->media));
	free(s->media);
	s->media = NULL;
}
