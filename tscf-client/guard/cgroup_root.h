/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgroup_root.h - the root of cgroup v2, as far up as this process sees.
 */
#ifndef TSCF_CLIENT_CGROUP_ROOT_H
#define TSCF_CLIENT_CGROUP_ROOT_H

/**
 * Open the directory: where it is mounted, or else by a mount of our own that is attached nowhere, as under `ip netns
 * exec', which hides it.
 *
 * @return a descriptor, or -errno: -ENODEV this kernel has none.
 */
int cgroup_root_open(void);

#endif
