/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/side_way.h"

#include <string.h>

void server_side_way_offer(struct server_side_way *way, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now)
{
	server_side_way_detach(way);
	*way = (struct server_side_way){.offered = true, .heard = now};
	memcpy(way->hash, hash, sizeof(way->hash));
}

void server_side_way_detach(struct server_side_way *way)
{
	if (way->peer)
		tscf_peer_close(way->peer);
	way->peer = NULL;
	way->listener = NULL;
	way->proved = false;
}

bool server_side_way_is_silent(const struct server_side_way *way, uint64_t now)
{
	return now - way->heard >= SERVER_SIDE_WAY_FRESH_MS;
}

bool server_side_way_is_fresh(const struct server_side_way *way, uint64_t now)
{
	return way->proved && !server_side_way_is_silent(way, now);
}
