/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_groups.h - registers with the guard the cgroups that match the policies' patterns, and those that may have such
 * cgroups below.
 *
 * Only the part of the hierarchy that patterns can reach is read and watched.  A cgroup that comes or goes costs as
 * much as itself, however many there are: any user with a part of the hierarchy may make as many as he likes.  All are
 * read at the start, for other policies, and if the kernel has lost notices, but for those at most once a second.  For
 * policies that say encrypted-only, a cgroup that is not registered yet counts as one that matches: a new cgroup is
 * treated too strictly for a moment rather than too loosely.
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
	uint32_t generation;              /**< of these policies; 0: none of them names a cgroup */
	struct guard_group_node *nodes;   /**< the registered cgroups, by name */
	struct guard_group_node *watched; /**< those of them that are watched, by descriptor of inotify(7) */
	unsigned round;
	int inotify; /**< -1: nothing is watched */
	bool full;   /**< the guard had no room, which was logged */
	struct ev_loop *loop;
	ev_io changed;
	ev_timer later; /**< look at all of them */
	double looked;  /**< by ev_now: when that was done last; 0: never */
};

/** @p policies stay the caller's, and must stay valid until guard_groups_close. */
void guard_groups_init(struct guard_groups *g, const struct guard_set *set, const struct policies *policies);
/** Register the cgroups with the guard, for policies of another @p generation.  The entries of the previous generation
 * stay until guard_groups_keep. */
void guard_groups_tell(struct guard_groups *g, uint32_t generation);
/** The guard uses the new generation now: remove the entries of others. */
void guard_groups_keep(const struct guard_groups *g);
/** From now on, register cgroups that come and forget those that go. */
void guard_groups_watch(struct guard_groups *g, struct ev_loop *loop);
/** A cgroup was seen that the guard does not know: look in this loop iteration, or a second after the last look. */
void guard_groups_look_soon(struct guard_groups *g);
void guard_groups_close(struct guard_groups *g);

#endif
