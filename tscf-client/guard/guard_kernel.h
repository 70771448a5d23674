/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_kernel.h - where this kernel keeps the process data that the guard reads, from the kernel's own description of
 * its types (BTF).
 */
#ifndef TSCF_CLIENT_GUARD_KERNEL_H
#define TSCF_CLIENT_GUARD_KERNEL_H

#include "tscf-client/guard/guard_map.h"

/** @return 0, or -errno with the places of a process's data in *out 0: -ENOENT the kernel has no BTF, or keeps some of
 * the data elsewhere. */
int guard_kernel_offsets(struct guard_offsets *out);

#endif
