/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_place.h - directories as the kernel itself numbers them.
 *
 * stat(2) shows something else on some file systems: a volume of btrfs has a device number of its own there.
 */
#ifndef TSCF_CLIENT_GUARD_PLACE_H
#define TSCF_CLIENT_GUARD_PLACE_H

#include "tscf-client/guard/guard_map.h"

/** The directory of the file @p name, absolute.  @return 0, or -errno with *out all 0: -ENOENT there is no such
 * directory. */
int guard_place_of(const char *name, struct guard_place *out);

#endif
