/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.h - what changes in the state, on its way to the store.
 *
 * tscf(7), "RESTART".  Bindings are written whenever there is time for it; sessions so that nobody builds on what might
 * be forgotten: an answer that tells a client of a change waits until that is written (server_answer.after).  A session
 * that may have anything to forbid is *guarded*, and comes back quiet if the server did not stop in order: so whatever
 * the store had not got yet cannot be sent in clear.
 *
 * Without a store all of this does nothing.
 */
#ifndef TSCF_SERVER_JOURNAL_H
#define TSCF_SERVER_JOURNAL_H

#include "tscf-server/store/record.h"
#include "tscf-server/store/store.h"

struct server_session;
struct server_state;

/** The ticket of a change that was lost. */
#define SERVER_TICKET_LOST (UINT64_MAX - 1)

/** From now on changes of @p state go to @p store; NULL: nowhere. */
void server_journal_begin(struct server_state *state, struct server_store *store);
/** No more. */
void server_journal_end(struct server_state *state);

/** @return how @p b is stored. */
enum server_stored_binding server_journal_as(const struct tscf_binding *b);

/** A plain session is confirmed, or something of it has changed. */
void server_journal_session(struct server_state *state, struct server_session *s);
/** It ends. */
void server_journal_session_end(struct server_state *state, const struct server_session *s);
/** A client has these addresses, or has just left them. */
void server_journal_lease(struct server_state *state, const struct server_lease *lease, const uint8_t *client_id);
/** From now on the plain session may have something to forbid. */
void server_journal_guard(struct server_state *state, struct server_session *plain);

/** @return the ticket that an answer about @p s, plain or encrypted, waits for; 0: none. */
uint64_t server_journal_ticket(struct server_state *state, struct server_session *s);

/** What the record of a plain session says of it. */
void server_session_export(const struct server_session *s, struct server_record *out);

#endif
