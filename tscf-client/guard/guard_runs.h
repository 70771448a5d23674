/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_runs.h - cgroups that tscf-run(1) has asked for: sockets of programs that run there begin with a level, unless
 * a policy says otherwise.
 *
 * The guard keeps them until nothing runs there any more, whether there is a client or not.
 */
#ifndef TSCF_CLIENT_GUARD_RUNS_H
#define TSCF_CLIENT_GUARD_RUNS_H

#include "common/base/level.h"
#include "tscf-client/guard/guard_set.h"

#include <stdbool.h>
#include <sys/types.h>

/** Cgroups of one user other than root: each request looks at all. */
#define GUARD_RUNS_PER_USER 256

/**
 * Put the process @p pid of user @p uid in a cgroup of that level.  That is its present cgroup, if that was made for
 * tscf-run and belongs to @p uid.  Otherwise it is a new one below, so that the limits of the present cgroup still
 * hold.
 *
 * @param count  gets the number of such cgroups
 * @return 0 or -errno: -EROFS, -EACCES: this client may not make a cgroup, -E2BIG: the guard has no room,
 * -ELOOP: the cgroup would be deeper than the guard looks, -EUSERS: the user has GUARD_RUNS_PER_USER
 */
int guard_runs_add(const struct guard_set *s, pid_t pid, uid_t uid, enum tscf_level level, unsigned *count);

/** @return the level that such a cgroup gives to process @p pid; the default level if none does. */
enum tscf_level guard_runs_level(const struct guard_set *s, pid_t pid);

/** Forget such cgroups in which nothing runs, and remove them if possible.  @return whether one of the rest is
 * encrypted-only. */
bool guard_runs_look(const struct guard_set *s, unsigned *count);

#endif
