/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_groups.h - the cgroups that policies name by patterns, and those below which there may be such: the guard is
 * told of each.
 *
 * Only as much of the hierarchy is read and watched as patterns can reach.  A cgroup that the guard has not been told
 * of yet counts as one that matches, as far as policies say encrypted-only: what is new is stricter for a moment rather
 * than looser.
 */
#ifndef TSCF_CLIENT_GUARD_GROUPS_H
#define TSCF_CLIENT_GUARD_GROUPS_H

#include "tscf-client/guard/guard_set.h"
#include "tscf-client/kernel/routing.h"

#include <ev.h>

struct guard_group_node;

struct guard_groups {
	const struct guard_set *set;
	const struct policies *policies;
	uint32_t generation;            /**< of these policies; 0: there are none that name cgroups */
	struct guard_group_node *nodes; /**< the cgroups that the guard was told of, by name */
	unsigned round;
	int inotify; /**< -1: nothing is watched */
	bool full;   /**< the guard had no room, which has been said */
	struct ev_loop *loop;
	ev_io changed;
};

/** @p policies, not its own, are looked at until guard_groups_close. */
void guard_groups_init(struct guard_groups *g, const struct guard_set *set, const struct policies *policies);
/** Tell the guard of the cgroups, for policies of another @p generation; what it knows of the one before stays until
 * guard_groups_keep. */
void guard_groups_tell(struct guard_groups *g, uint32_t generation);
/** The guard goes by the new generation now. */
void guard_groups_keep(const struct guard_groups *g);
/** From now on tell of cgroups that come and go. */
void guard_groups_watch(struct guard_groups *g, struct ev_loop *loop);
/** One has been seen that the guard does not know: look in this turn of the loop. */
void guard_groups_look_soon(struct guard_groups *g);
void guard_groups_close(struct guard_groups *g);

#endif
