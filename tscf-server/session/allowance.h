/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * allowance.h - what the RADIUS server has granted to a session: how long it may be there, the class that its records
 * bear and their interval, and how many bytes in a second its client may send and get (quota.h).
 */
#ifndef TSCF_SERVER_ALLOWANCE_H
#define TSCF_SERVER_ALLOWANCE_H

#include "tscf-server/radius/radius.h"
#include "tscf-server/store/record.h"

#include <stdbool.h>
#include <stdint.h>

struct server_session;
struct server_state;

/** Part of a session. */
struct server_allowance {
	uint32_t seconds; /**< plain, until it is confirmed: how long it may be there; 0: without limit */
	uint64_t until;   /**< when it ends; 0: no limit */
	bool listed;      /**< on state->limited */
	uint8_t class_length;
	uint8_t *class; /**< NULL: none */
	struct server_session *prev, *next;
};

/**
 * A new plain session, which has its quota and is not confirmed, has got @p grant.  An interval below
 * SERVER_RADIUS_INTERIM_MIN is ignored, and one above SERVER_RADIUS_INTERIM_MAX is that.
 *
 * @return 0; or -ENOMEM: it has got all but the class.
 */
int server_allowance_grant(struct server_state *state, struct server_session *s,
			   const struct server_radius_grant *grant);
/** The tunnel of @p s, plain, begins: its time runs. */
void server_allowance_begin(struct server_state *state, struct server_session *s, uint64_t now);
/** The encrypted session @p s has got what @p plain has got.  @return 0; or -ENOMEM: all but the class. */
int server_allowance_share(struct server_state *state, struct server_session *s, const struct server_session *plain);
/** @p s has come from the store or from another worker. */
void server_allowance_import(struct server_state *state, struct server_session *s, const struct server_record *record,
			     uint64_t now);
/** @p s ends. */
void server_allowance_end(struct server_state *state, struct server_session *s);

#endif
