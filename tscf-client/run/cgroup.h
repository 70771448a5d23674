/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cgroup.h - a cgroup of its own for a program, whose sockets begin with a level; tscf-run(1), --cgroup. */
#ifndef TSCF_RUN_CGROUP_H
#define TSCF_RUN_CGROUP_H

#include "common/base/level.h"

/**
 * Put this process in a cgroup below its own: one that it makes itself if it may, else one that the client at @p
 * control makes.
 *
 * @return 0, or -1 after a message.
 */
int run_cgroup(const char *control, enum tscf_level level);

#endif
