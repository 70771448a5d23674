/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.h - sends changes of the state to the store.
 *
 * tscf(7), "RESTART".  Bindings are written whenever there is time.  Sessions are written so that no client relies on a
 * change that might be lost: an answer that reports a change waits until the change is written (server_answer.after).
 * A session that may have entries that forbid clear packets is *guarded*.  It comes back quiet if the server did not
 * stop cleanly, so that packets under an entry that had not reached the store are not sent in clear.
 *
 * Without a store these functions do nothing.
 */
#ifndef TSCF_SERVER_JOURNAL_H
#define TSCF_SERVER_JOURNAL_H

#include "tscf-server/store/record.h"
#include "tscf-server/store/store.h"

struct server_lease;
struct server_session;
struct server_state;

/** Ticket of a lost change. */
#define SERVER_TICKET_LOST (UINT64_MAX - 1)

/** From now on send changes of @p state to @p store; NULL: to none. */
void server_journal_begin(struct server_state *state, struct server_store *store);
/** Send all that is there, to a store that has been empty until now. */
void server_journal_all(struct server_state *state);
/** Send those bindings of @p lease that the store does not have as they are. */
void server_journal_bindings(struct server_state *state, const struct server_lease *lease);
/** Stop sending changes. */
void server_journal_end(struct server_state *state);

/** @return the form in which @p b is stored. */
enum server_stored_binding server_journal_as(const struct tscf_binding *b);

/** A plain session is confirmed or has changed. */
void server_journal_session(struct server_state *state, struct server_session *s);
/** A plain session ends. */
void server_journal_session_end(struct server_state *state, const struct server_session *s);
/** A client has these addresses, or has just given them back. */
void server_journal_lease(struct server_state *state, const struct server_lease *lease, const uint8_t *client_id);
/** From now on the plain session may have entries that forbid clear packets. */
void server_journal_guard(struct server_state *state, struct server_session *plain);

/** @return the ticket that an answer about @p s, plain or encrypted, waits for; 0: none. */
uint64_t server_journal_ticket(struct server_state *state, struct server_session *s);

/** Fill in the record of a plain session. */
void server_session_export(const struct server_session *s, struct server_record *out);

#endif
