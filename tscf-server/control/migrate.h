/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * migrate.h - a plain session goes from one worker to another, because its client's outer address has changed.
 *
 * The kernel gives what comes from an outer address to one worker (common/transport/reuseport.h), so a client that
 * resumes its tunnel from another address speaks to another worker as a rule.  That one asks the others, by their
 * mailboxes.  The one that has the session answers the client itself, from its own socket; and when the new address is
 * proven it sends the session, as a record with its bindings, to the worker of that address.
 *
 * A connection stays with the worker that has accepted it, and is named by its serial number elsewhere.  The one that
 * has the session sends it there as soon as the key has been shown, or has that worker say why not.
 */
#ifndef TSCF_SERVER_MIGRATE_H
#define TSCF_SERVER_MIGRATE_H

#include "tscf-server/session/request.h"

/**
 * A message for a session that this worker does not have: hand it to the others.  One of them answers, also if nobody
 * has the session.
 *
 * @return false when there are no others, or it was handed on already.
 */
bool server_migrate_ask(const struct server_input *in, const uint8_t *data, uint32_t length);

/**
 * A message at a datagram address that has no session: is it for one that comes here, or has gone from here, right now?
 * Then it is better not answered than with NO_SESSION: the client sends it again.
 */
bool server_migrate_under_way(const struct server_input *in, uint64_t tsid);

/** The client has proven its new address with this message: send the session to the worker that it came to.  It is gone
 * here afterwards. */
void server_migrate(struct server_state *state, const struct server_input *in, struct server_session *s,
		    const uint8_t *data, uint32_t length);

#endif
