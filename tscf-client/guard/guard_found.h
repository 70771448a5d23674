/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_found.h - the programs of guards, of any build, that are attached to a cgroup, and the maps of each.
 */
#ifndef TSCF_CLIENT_GUARD_FOUND_H
#define TSCF_CLIENT_GUARD_FOUND_H

#include "tscf-client/guard/guard_set.h"

#include <linux/bpf.h>

/** A cgroup holds 64 programs of a type. */
#define GUARD_FOUND_MAX (64 * GUARD_PROGRAMS)

/** How the names of a set's programs and of its map of namespaces begin. */
#define GUARD_PROGRAM_PREFIX "tscf_"
#define GUARD_MAP_PREFIX     "tscf_"

struct guard_found_program {
	unsigned type;               /**< index in guard_types */
	uint32_t id;                 /**< of the program */
	uint32_t maps[GUARD_MAPS];   /**< their ids; 0: the program does not use the map */
	char name[BPF_OBJ_NAME_LEN]; /**< name of the map `nets`, which identifies the build */
};

struct guard_found {
	unsigned count;
	struct guard_found_program list[GUARD_FOUND_MAX];
};

/** Where the programs of a set are attached, in the order of the set. */
extern const enum bpf_attach_type guard_types[GUARD_PROGRAMS];

/** @return 0 or -errno: -EPERM without CAP_SYS_ADMIN. */
int guard_find(int root, struct guard_found *out);
/** @return whether every program of the set with the map @p nets is attached. */
bool guard_found_complete(const struct guard_found *f, uint32_t nets);

#endif
