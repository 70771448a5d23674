/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * accounting.h - sessions make their records (account.h): when they are confirmed or configured, at intervals, and when
 * they end.
 *
 * Without accounts (state->accounts is NULL, or all its recorders are off) nothing is recorded.
 */
#ifndef TSCF_SERVER_ACCOUNTING_H
#define TSCF_SERVER_ACCOUNTING_H

#include "tscf-server/store/record.h"

#include <stdbool.h>
#include <stdint.h>

/** Most records, and bindings that are counted for them, in one tick; more wait for the next one.  As many sessions
 * with intervals of their own are looked at in one tick. */
#define SERVER_ACCOUNTING_WORK 4096

struct server_state;
struct server_session;

/** Part of a session. */
struct server_accounting {
	int64_t since;     /**< when the tunnel began, Unix time */
	uint64_t plain;    /**< encrypted: TSID of the plain tunnel that it began beside */
	uint64_t recorded; /**< when its last record was made */
	uint32_t interval; /**< seconds between its records, from the RADIUS server; 0: that of the settings */
	bool listed;       /**< on state->accounted, or on state->accounted_own if it has an interval of its own */
	bool goes_on;      /**< the session ends here, and its tunnel goes on elsewhere or later */
	struct server_session *prev, *next;
};

/** The tunnel of @p s begins. */
void server_accounting_start(struct server_state *state, struct server_session *s, uint64_t now);
/** @p s has come from the store or from another worker as @p record. */
void server_accounting_resume(struct server_state *state, struct server_session *s, const struct server_record *record,
			      uint64_t now);
/** @p s ends, and with it its tunnel unless that goes on; only a tunnel that began has records. */
void server_accounting_stop(struct server_state *state, struct server_session *s, const char *why);
/** The tunnel of @p record has ended on its way to a session. */
void server_accounting_gone(struct server_state *state, const struct server_record *record, const char *why);
/** Make the records that are due; call it about once a second. */
void server_accounting_tick(struct server_state *state, uint64_t now);
/** The server stops, and the store takes the plain sessions to its next run. */
void server_accounting_leave(struct server_state *state);

#endif
