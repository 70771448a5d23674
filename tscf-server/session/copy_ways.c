/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/copy_ways.h"

#include "tscf-server/settings/config.h"

#include <stdlib.h>
#include <string.h>

/** @return the way that a new offer gets. */
static struct server_side_way *place_for_offer(struct server_copy_ways *ways)
{
	struct server_side_way *oldest = &ways->way[0];

	for (unsigned i = 0; i < SERVER_COPY_WAYS; i++) {
		struct server_side_way *way = &ways->way[i];

		if (!way->offered && !way->listener)
			return way;
		if (way->heard < oldest->heard)
			oldest = way;
	}
	return oldest;
}

const char *server_copy_ways_offer(struct server_session *s, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now)
{
	if (!(s->services & SERVER_SERVICE_REDUNDANCY))
		return "redundancy is not enabled on this interface";
	if (!s->listener->transport->ops->stream)
		return "this tunnel is no stream";
	if (!s->copy_ways)
		s->copy_ways = calloc(1, sizeof(*s->copy_ways));
	if (!s->copy_ways)
		return "out of memory";
	server_side_way_offer(place_for_offer(s->copy_ways), hash, now);
	return NULL;
}

unsigned server_copy_ways_down(struct server_session *s, const struct tscf_packet_info *info, uint8_t redundancy,
			       uint64_t now, struct tscf_peer *peers[TSCF_REDUNDANCY_STREAMS])
{
	const unsigned most = tscf_copy_is_possible(info) ? tscf_redundancy_streams(redundancy) : 1;
	unsigned count = 0;

	peers[count++] = s->peer;
	for (unsigned i = 0; s->copy_ways && i < SERVER_COPY_WAYS && count < most; i++)
		if (server_side_way_is_fresh(&s->copy_ways->way[i], now))
			peers[count++] = s->copy_ways->way[i].peer;
	return count;
}

/** @return the copy way with @p peer, or NULL. */
static struct server_side_way *way_of(struct server_session *s, const struct tscf_peer *peer)
{
	for (unsigned i = 0; s->copy_ways && i < SERVER_COPY_WAYS; i++)
		if (s->copy_ways->way[i].peer == peer)
			return &s->copy_ways->way[i];
	return NULL;
}

void server_copy_ways_sent(struct server_session *s, const struct tscf_peer *peer, unsigned packets)
{
	struct server_side_way *way = way_of(s, peer);

	if (way)
		way->sent_packets += packets;
}

void server_copy_ways_heard(struct server_session *s, const struct tscf_peer *peer, uint64_t now)
{
	struct server_side_way *way = way_of(s, peer);

	if (!way)
		return;
	way->heard = now;
	way->received_packets++;
}

void server_copy_ways_close(struct server_session *s)
{
	if (!s->copy_ways)
		return;
	for (unsigned i = 0; i < SERVER_COPY_WAYS; i++)
		server_side_way_detach(&s->copy_ways->way[i]);
	explicit_bzero(s->copy_ways, sizeof(*s->copy_ways));
	free(s->copy_ways);
	s->copy_ways = NULL;
}
