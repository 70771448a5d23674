/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_found.h - the guards' programs that are attached to a cgroup, of whatever build, and the map of each.
 */
#ifndef TSCF_CLIENT_GUARD_FOUND_H
#define TSCF_CLIENT_GUARD_FOUND_H

#include "tscf-client/guard/guard_set.h"

#include <linux/bpf.h>

/** A cgroup holds 64 programs of a type. */
#define GUARD_FOUND_MAX (64 * GUARD_PROGRAMS)

/** How a set's programs and its map of namespaces are known. */
#define GUARD_PROGRAM_PREFIX "tscf_"
#define GUARD_MAP_PREFIX     "tscf_"

struct guard_found_program {
	unsigned type;               /**< index in guard_types */
	uint32_t id;                 /**< of the program */
	uint32_t maps[GUARD_MAPS];   /**< their ids; 0: it does not use it */
	char name[BPF_OBJ_NAME_LEN]; /**< of nets: the build */
};

struct guard_found {
	unsigned count;
	struct guard_found_program list[GUARD_FOUND_MAX];
};

/** Where the programs of a set are attached, in its order. */
extern const enum bpf_attach_type guard_types[GUARD_PROGRAMS];

/** @return 0 or -errno: -EPERM without CAP_SYS_ADMIN. */
int guard_find(int root, struct guard_found *out);
/** @return whether the set with the map @p nets has every program there. */
bool guard_found_complete(const struct guard_found *f, uint32_t nets);

/** @return whether the network namespace with inode @p owner is still somebody's; true if that cannot be seen from
 * here. */
bool guard_owner_lives(uint64_t owner);

#endif
