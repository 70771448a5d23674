/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgroup.h - the cgroup of a process, and the names of those that are made for one program; cgroups(7), tscf-run(1).
 */
#ifndef TSCF_CGROUP_H
#define TSCF_CGROUP_H

#include <stddef.h>
#include <sys/types.h>

/** How the names of cgroups begin that are made for one program; the rest is the number of its process. */
#define TSCF_CGROUP_RUN "tscf-run-"

/** getsockopt() of this option and SOL_SOCKET tells the level that the guard sees for the cgroup of the process, as an
 * int. */
#define TSCF_CGROUP_OPTION 0x7455

/**
 * The cgroup of process @p pid (0: this one), from the root of cgroup v2.  PATH_MAX is room for any that can be opened
 * by its name.
 *
 * @return 0, or -errno with an empty @p name: -ENOENT there is no such process, or no cgroup v2, -ENAMETOOLONG.
 */
int tscf_cgroup_of(pid_t pid, char *name, size_t size);

#endif
