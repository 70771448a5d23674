/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * side_ways.h - all that a session has beside its stream: a media way (media.h) and copy ways (copy_ways.h).
 */
#ifndef TSCF_SERVER_SIDE_WAYS_H
#define TSCF_SERVER_SIDE_WAYS_H

#include "tscf-server/session/side_way.h"

/** @return the side way of @p s, which may be NULL, by which something came from @p place; NULL: it is none. */
struct server_side_way *server_side_way_at(const struct server_session *s, const struct server_place *place);
/** The connection @p peer is gone; its owner frees it.  @return whether it was a side way of @p s. */
bool server_side_way_lost(struct server_state *state, struct server_session *s, const struct tscf_peer *peer,
			  uint64_t now, const char *why);
/** @p s goes on at another place, of @p listener: close those of its side ways that do not fit it. */
void server_side_ways_moved(struct server_session *s, const struct server_listener *listener);
/** Close all side ways of @p s, and forget what was offered. */
void server_side_ways_close(struct server_session *s);

#endif
