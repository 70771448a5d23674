/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * migrate.h - a plain session moves from one worker to another because its client's outer address has changed.
 *
 * The kernel delivers packets from one outer address to one worker (common/transport/reuseport.h).  A client that
 * resumes its tunnel from another address therefore usually reaches another worker.  That worker asks the others
 * through their mailboxes.  The worker that has the session answers the client itself, from its own socket.  When the
 * new address is proved, it sends the session, as a record with its bindings, to the worker of that address.
 *
 * A connection stays with the worker that accepted it; other workers name it by its serial number.  The worker that has
 * the session sends it there as soon as the client has shown the key, or else has that worker send the refusal.
 *
 * A journey is work for both workers and the store, and ends the encrypted tunnel.  A session makes at most
 * SERVER_JOURNEYS in SERVER_JOURNEYS_MS; a client that asks for more is refused, and its session stays where it is.
 */
#ifndef TSCF_SERVER_MIGRATE_H
#define TSCF_SERVER_MIGRATE_H

#include "tscf-server/session/request.h"

#define SERVER_JOURNEYS    16
#define SERVER_JOURNEYS_MS 10000

/**
 * Forward a message for a session that this worker does not have to the others.  One of them answers, even if no worker
 * has the session.
 *
 * @return false if there are no other workers, or the message was forwarded already.
 */
bool server_migrate_ask(const struct server_input *in, const uint8_t *data, uint32_t length);

/**
 * A message came from a datagram address that has no session.  Its session may be moving to or from this worker right
 * now.  Then no answer is better than NO_SESSION: the client sends the message again.
 */
bool server_migrate_under_way(const struct server_input *in, uint64_t tsid);

/** @return whether @p s may go to another worker now. */
bool server_migrate_allowed(const struct server_session *s, uint64_t now);

/** The client has proved its new address with this message: send the session to the worker that received the message.
 * The session is gone here afterwards. */
void server_migrate(struct server_state *state, const struct server_input *in, struct server_session *s,
		    const uint8_t *data, uint32_t length);

#endif
