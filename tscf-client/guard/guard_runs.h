/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_runs.h - cgroups that tscf-run(1) has asked for: the sockets of whatever runs there begin with a level, unless
 * a policy says otherwise.
 *
 * The guard has them until nothing runs there any more, whether there is a client or not.
 */
#ifndef TSCF_CLIENT_GUARD_RUNS_H
#define TSCF_CLIENT_GUARD_RUNS_H

#include "common/base/level.h"
#include "tscf-client/guard/guard_set.h"

#include <stdbool.h>
#include <sys/types.h>

/** How the names of such cgroups begin. */
#define GUARD_RUN_PREFIX "tscf-run-"

/**
 * The process @p pid of user @p uid is to be in a cgroup of that level: in its own, if that is one such which its user
 * has made, else in a new one below, so that the limits of its own go on to hold.
 *
 * @param count  gets how many such cgroups there are
 * @return 0 or -errno: -EROFS, -EACCES: this client may make none, -E2BIG: the guard has no room
 */
int guard_runs_add(const struct guard_set *s, pid_t pid, uid_t uid, enum tscf_level level, unsigned *count);

/** @return the level that such a cgroup gives to process @p pid; the default one if none does. */
enum tscf_level guard_runs_level(const struct guard_set *s, pid_t pid);

/** Forget those in which nothing runs, and remove them if that is possible.  @return whether one of those left is
 * encrypted-only. */
bool guard_runs_look(const struct guard_set *s, unsigned *count);

#endif
