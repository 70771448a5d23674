/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cgroup.h - a cgroup of its own for a program; new sockets in it get a level; tscf-run(1), --cgroup. */
#ifndef TSCF_RUN_CGROUP_H
#define TSCF_RUN_CGROUP_H

#include "common/base/level.h"

/**
 * Put this process in a cgroup below its present one.  The process creates it itself if it may, else the client at @p
 * control does.  It is an error if the first socket there does not get a level, unless @p level is the default.
 *
 * @return 0, or -1 after an error message.
 */
int run_cgroup(const char *control, enum tscf_level level);

#endif
