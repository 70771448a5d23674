/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockets.h - which session may ask for which services of which socket; tscf(7), "SERVICES OF A SOCKET".
 *
 * Nothing here changes a binding, so a request may come on either tunnel.  The entries end with the session that asked
 * last.
 */
#ifndef TSCF_SERVER_SOCKETS_H
#define TSCF_SERVER_SOCKETS_H

#include "tscf-server/state.h"

#include "common/packet/message.h"

/** The plain session @p s was restored: its client must say again what its sockets ask for. */
void server_sockets_restored(struct server_session *s);

/**
 * Execute a SOCKET TLV that came on @p s.  A socket gets what is assigned to the interface, of what it asks for; what
 * is refused it does not keep from earlier requests either.
 *
 * @param answer  out: the code, and what is in force now.
 */
void server_socket_asks(struct server_state *state, struct server_session *s, const struct tscf_wire_socket *wire,
			struct tscf_wire_answer *answer);

#endif
