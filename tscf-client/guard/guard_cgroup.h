/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard_cgroup.h - cgroups by the ids that BPF programs know them by. */
#ifndef TSCF_CLIENT_GUARD_CGROUP_H
#define TSCF_CLIENT_GUARD_CGROUP_H

#include <stdint.h>

/** @return the id of the cgroup whose directory is open as @p fd, or 0 if it is gone. */
uint64_t guard_cgroup_id(int fd);
/** Open the directory of a cgroup; @p root is any directory of cgroup v2.  Needs CAP_DAC_READ_SEARCH.  @return a
 * descriptor, or -errno: -ESTALE the cgroup is gone. */
int guard_cgroup_open(int root, uint64_t id);

#endif
