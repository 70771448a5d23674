/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * room.h - room for encrypted tunnels when an interface has as many as it may have (max-encrypted-tunnels).
 *
 * A client that needs one for encrypted-only sockets is told to ask again in a moment (BUSY).  Meanwhile one session
 * whose client can do without is asked to yield (session/yield.h): the first of all workers.  Until the client has its
 * place, none is given to clients with encrypted-preferred sockets.  So each client that waits costs one session, and
 * the number of tunnels never exceeds its limit.
 *
 * A search goes once round the workers by their mailboxes, with the best candidate so far; the worker that has it asks
 * it.  Whatever gets lost on the way, the waiting client asks again.
 *
 * tscf(7), "SHORTAGE".
 */
#ifndef TSCF_SERVER_ROOM_H
#define TSCF_SERVER_ROOM_H

#include "tscf-server/session/request.h"

/** How long a client waits for one session to yield, before another is asked: longer than that may take. */
#define SERVER_ROOM_MS 1500
/** For so long after a client was told to ask again, a free place is kept for encrypted-only sockets. */
#define SERVER_ROOM_KEPT_MS 1500

/** There is no place for the encrypted tunnel that the client of @p r needs for encrypted-only sockets.  @return
 * whether room is being made, so that the client should ask again. */
bool server_room_ask(const struct server_request *r);
/** A session of @p i that was asked to yield keeps its tunnel: ask another one. */
void server_room_search(struct server_state *state, struct server_interface *i, uint64_t now);

/** @return whether free places are kept for encrypted-only sockets now. */
bool server_room_kept(const struct server_interface *i, uint64_t now);

#endif
