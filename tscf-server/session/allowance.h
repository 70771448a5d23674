/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * allowance.h - what the RADIUS server has granted to a session: how long it may be there, and the class that its
 * records bear.
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

/** A new plain session has got @p grant.  @return 0 or -ENOMEM. */
int server_allowance_grant(struct server_session *s, const struct server_radius_grant *grant);
/** The tunnel of @p s, plain, begins: its time runs. */
void server_allowance_begin(struct server_state *state, struct server_session *s, uint64_t now);
/** The encrypted session @p s may be there as long as @p plain.  @return 0 or -ENOMEM. */
int server_allowance_share(struct server_state *state, struct server_session *s, const struct server_session *plain);
/** @p s has come from the store or from another worker. */
void server_allowance_import(struct server_state *state, struct server_session *s, const struct server_record *record,
			     uint64_t now);
/** @p s ends. */
void server_allowance_end(struct server_state *state, struct server_session *s);

#endif
