/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/side_ways.h"

#include "tscf-server/session/copy_ways.h"
#include "tscf-server/session/media.h"

#include "common/base/log.h"

/** @return the side way of @p s that has @p peer, or NULL. */
static struct server_side_way *way_of(const struct server_session *s, const struct tscf_peer *peer)
{
	if (s->media && s->media->way.peer == peer)
		return &s->media->way;
	for (unsigned i = 0; s->copy_ways && i < SERVER_COPY_WAYS; i++)
		if (s->copy_ways->way[i].peer == peer)
			return &s->copy_ways->way[i];
	return NULL;
}

struct server_side_way *server_side_way_at(const struct server_session *s, const struct server_place *place)
{
	if (!s)
		return NULL;
	if (place->connection)
		return way_of(s, place->connection);
	/* Of the sources of datagrams of a session that has a stream, its media way is the only one. */
	return s->media && s->media->way.listener == place->listener ? &s->media->way : NULL;
}

bool server_side_way_lost(struct server_state *state, struct server_session *s, const struct tscf_peer *peer,
			  uint64_t now, const char *why)
{
	struct server_side_way *way = way_of(s, peer);
	enum tscf_log_level level;
	char from[TSCF_ADDR_TEXT];

	if (!way)
		return false;
	level = server_client_line(state, &peer->outer, now);
	TSCF_LOG_IF_SHOWN(level, "%s of the %s tunnel of %s by %s ends: %s",
			  peer->transport->ops->stream ? "copy way" : "media way", s->encrypted ? "encrypted" : "plain",
			  tscf_endpoint_format(&peer->outer, from), peer->transport->ops->name, why);
	way->peer = NULL;
	if (s->media && way == &s->media->way)
		server_media_close(s);
	else
		server_side_way_detach(way);
	return true;
}

void server_side_ways_moved(struct server_session *s, const struct server_listener *listener)
{
	server_media_close(s);
	/* Copy ways may still bring packets until the client, which opens others, closes them. */
	if (s->listener != listener)
		server_copy_ways_close(s);
}

void server_side_ways_close(struct server_session *s)
{
	server_media_close(s);
	server_copy_ways_close(s);
}
