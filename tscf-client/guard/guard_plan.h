/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_plan.h - what the guard is to be told of this client: its configuration and what holds now, in the form of the
 * maps.
 *
 * Pure.  The order of policies and the meaning of levels are those of the rules (routing.h).
 */
#ifndef TSCF_CLIENT_GUARD_PLAN_H
#define TSCF_CLIENT_GUARD_PLAN_H

#include "tscf-client/guard/guard_map.h"
#include "tscf-client/kernel/routing.h"

#include <stdbool.h>

/**
 * Fill in everything but what tells one guard from another: since, owner, client and token are left as they are.
 *
 * @param places  of each policy's program, POLICIES_MAX
 * @p out has what is told now: if its policies are others, they get another generation.
 */
void guard_plan(const struct client_config *config, const struct guard_place *places, const struct routing_facts *facts,
		struct guard_net *out);

/**
 * Of two plans for one client the stricter: what to write while the rules are being changed from one to the other, so
 * that no packet meets a rule and a guard of different minds and passes.
 *
 * @p after comes out with encrypted-preferred free to go where the rules lead unless both say it is encrypted.
 */
void guard_plan_between(const struct guard_net *before, struct guard_net *after);

#endif
