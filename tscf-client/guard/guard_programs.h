/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_programs.h - the directories of the programs that policies name, watched for being made, removed or replaced.
 */
#ifndef TSCF_CLIENT_GUARD_PROGRAMS_H
#define TSCF_CLIENT_GUARD_PROGRAMS_H

#include "tscf-client/guard/guard_place.h"
#include "tscf-client/kernel/routing.h"

#include <ev.h>

struct guard_programs {
	struct guard_place places[POLICIES_MAX]; /**< of each policy's program; all 0: the policy names none, or the
						    directory does not exist */
	struct ev_loop *loop;                    /**< NULL: nothing is watched */
	unsigned count;                          /**< policies */
	ev_stat watches[POLICIES_MAX];
	char directories[POLICIES_MAX][POLICY_PROGRAM];
	void (*changed)(void *context);
	void *context;
};

/** Find the directories of the programs of @p policies. */
void guard_programs_find(struct guard_programs *g, const struct policies *policies);
/** Until guard_programs_stop, look again when a directory changes, and call @p changed if its numbers are different. */
void guard_programs_watch(struct guard_programs *g, struct ev_loop *loop, void (*changed)(void *context),
			  void *context);
/** Watch no directory any more. */
void guard_programs_stop(struct guard_programs *g);

/**
 * The policies, as bits, that name the program of process @p pid; @p name is its file, as /proc names it here.
 *
 * In another mount namespace, or from another root, a file has another name, and its name leads to another file here.
 * Then its directory decides, as it does in the kernel.  Of policies that say encrypted-only, those that have this very
 * name count, too; and where the directory is not known, those that have the same last part of the name.
 */
uint32_t guard_programs_of(const struct guard_programs *g, const struct policies *policies, pid_t pid,
			   const char *name);

#endif
