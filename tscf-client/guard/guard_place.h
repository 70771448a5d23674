/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_place.h - directories by the kernel's own device and inode numbers.
 *
 * stat(2) reports other numbers on some file systems: there a btrfs subvolume has a device number of its own.
 */
#ifndef TSCF_CLIENT_GUARD_PLACE_H
#define TSCF_CLIENT_GUARD_PLACE_H

#include "tscf-client/guard/guard_map.h"

/** The directory @p name, absolute.  @return 0, or -errno with *out all 0: -ENOENT it does not exist. */
int guard_place_of(const char *name, struct guard_place *out);

#endif
