/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_place.h - directories by the kernel's own device and inode numbers.
 *
 * stat(2) reports other numbers on some file systems: there a btrfs subvolume has a device number of its own.
 */
#ifndef TSCF_CLIENT_GUARD_PLACE_H
#define TSCF_CLIENT_GUARD_PLACE_H

#include "tscf-client/guard/guard_map.h"

#include <stdbool.h>
#include <sys/types.h>

/** The directory @p name, absolute.  @return 0, or -errno with *out all 0: -ENOENT it does not exist. */
int guard_place_of(const char *name, struct guard_place *out);

/** @return whether @p name leads, here, to the file that process @p pid runs. */
bool guard_place_leads_to(const char *name, pid_t pid);
/**
 * The directory of the file that process @p pid runs and that has the name @p name: in its own mount namespace and from
 * its own root, which may be others than this one's.
 *
 * @return 0, or -errno with *out all 0: -ESTALE that name does not lead to the file.
 */
int guard_place_of_process(pid_t pid, const char *name, struct guard_place *out);

#endif
