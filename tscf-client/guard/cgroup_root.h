/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgroup_root.h - the root of cgroup v2: the topmost cgroup that this process sees.
 */
#ifndef TSCF_CLIENT_CGROUP_ROOT_H
#define TSCF_CLIENT_CGROUP_ROOT_H

/**
 * Open the directory: where it is mounted, or else through a detached mount of our own.  The latter is needed under `ip
 * netns exec', which hides it.
 *
 * @return a descriptor, or -errno: -ENODEV this kernel has no cgroup v2.
 */
int cgroup_root_open(void);

#endif
