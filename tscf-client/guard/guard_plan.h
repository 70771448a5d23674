/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_plan.h - the client's data for the guard: its configuration and the current state, in the form of the maps.
 *
 * Pure.  The order of policies and the meaning of levels are those of the rules (routing.h).
 */
#ifndef TSCF_CLIENT_GUARD_PLAN_H
#define TSCF_CLIENT_GUARD_PLAN_H

#include "tscf-client/guard/guard_map.h"
#include "tscf-client/kernel/routing.h"

#include <stdbool.h>

/**
 * Fill in everything but the members that identify a guard: since, owner, client and token stay as they are.
 *
 * @param places  of each policy's program, POLICIES_MAX
 * @param out  holds the present plan, with a generation; if its policies differ, the new ones get another generation
 */
void guard_plan(const struct client_config *config, const struct guard_place *places, const struct routing_facts *facts,
		struct guard_net *out);

/**
 * The stricter of two plans for one client.  It is written while the rules change from one to the other, so that no
 * packet passes because a rule and the guard disagree.
 *
 * In @p after, encrypted-preferred sockets may follow the rules, unless both plans say that they are encrypted.
 */
void guard_plan_between(const struct guard_net *before, struct guard_net *after);

#endif
