/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * in_force.h - which policies of the file are in force, by the conditions that they name.
 *
 * A policy is in force if all its conditions hold.  An unknown condition must not lower a level: a policy that says
 * encrypted-only is in force unless one of its conditions is known not to hold; any other policy is not in force while
 * one is unknown.  Pure.  tscf-client.conf(5), "Policies".
 */
#ifndef TSCF_CLIENT_IN_FORCE_H
#define TSCF_CLIENT_IN_FORCE_H

#include "tscf-client/settings/policy.h"

/** Each policy may name so many. */
#define CONDITIONS_MAX (POLICIES_MAX * POLICY_CONDITIONS_MAX)

/** The conditions in use, each once. */
struct condition_list {
	unsigned count;
	struct condition_watch list[CONDITIONS_MAX];
};

/** Find the conditions that @p written names.  Those that were in the list stay as they are, others are unknown since
 * @p now. */
void in_force_collect(struct condition_list *c, const struct policies *written, uint64_t now);
/** Write the policies of @p written that are in force into *out, in their order. */
void in_force_select(const struct policies *written, const struct condition_list *c, struct policies *out);

#endif
