/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session_move.h - a session goes on at another outer address.
 */
#ifndef TSCF_SERVER_SESSION_MOVE_H
#define TSCF_SERVER_SESSION_MOVE_H

#include "tscf-server/session/session.h"

/**
 * Move a confirmed plain session to @p place, which is proved.
 *
 * @param occupant the session that is there now, which is ended; it may be @p s itself.  NULL: none.  NULL on a
 * connection.
 * @return 0, or -ENOMEM with nothing changed.
 */
int server_session_move(struct server_state *state, struct server_session *s, const struct server_place *place,
			struct server_session *occupant, uint64_t now);

/** The peer of the encrypted session @p s is at another outer address (transport.h: peer_moved). */
void server_session_moved(struct server_state *state, struct server_session *s, uint64_t now);

/** End the session @p occupant and the session that is pending there: another session gets its outer address.  NULL is
 * allowed. */
void server_session_evict(struct server_state *state, struct server_session *occupant, uint64_t now);

#endif
