/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_programs.h - the directories of the programs that policies name, and whether they come, go or are replaced.
 */
#ifndef TSCF_CLIENT_GUARD_PROGRAMS_H
#define TSCF_CLIENT_GUARD_PROGRAMS_H

#include "tscf-client/guard/guard_place.h"
#include "tscf-client/kernel/routing.h"

#include <ev.h>

struct guard_programs {
	struct guard_place
	    places[POLICIES_MAX]; /**< of each policy's program; all 0: it names none, or it is not there */
	struct ev_loop *loop;     /**< NULL: nothing is watched */
	unsigned count;           /**< policies */
	ev_stat watches[POLICIES_MAX];
	char directories[POLICIES_MAX][POLICY_PROGRAM];
	void (*changed)(void *context);
	void *context;
};

/** Look where the programs of @p policies are. */
void guard_programs_find(struct guard_programs *g, const struct policies *policies);
/** Look again when a directory changes, and call @p changed if one is another.  Until guard_programs_stop. */
void guard_programs_watch(struct guard_programs *g, struct ev_loop *loop, void (*changed)(void *context),
			  void *context);
void guard_programs_stop(struct guard_programs *g);

#endif
