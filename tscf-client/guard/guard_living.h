/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_living.h - which network namespaces of the host are in use: those of processes, and those that are mounted
 * where some process is, as those with a name of ip-netns(8) are.
 */
#ifndef TSCF_CLIENT_GUARD_LIVING_H
#define TSCF_CLIENT_GUARD_LIVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guard_living {
	uint64_t *inodes; /**< sorted; a namespace may be there several times */
	size_t count, room;
	bool unsure; /**< not all can be seen from here, so each counts as in use */
};

/** Look at all processes and mounts.  Sees all with CAP_SYS_PTRACE in the initial pid namespace. */
void guard_living_look(struct guard_living *l);
/** @return whether the network namespace with this inode is in use. */
bool guard_living_has(const struct guard_living *l, uint64_t inode);
void guard_living_free(struct guard_living *l);

#endif
