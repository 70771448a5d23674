/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_sweep.h - removes from the maps of a set of programs what belongs to network namespaces that it need not guard.
 *
 * The maps of a set live as long as it is attached, whichever clients come and go.  Maps that are not open (-1) are
 * left alone.
 */
#ifndef TSCF_CLIENT_GUARD_SWEEP_H
#define TSCF_CLIENT_GUARD_SWEEP_H

#include "tscf-client/guard/guard_set.h"

/** Forget all about a namespace. */
void guard_sweep_namespace(const int maps[GUARD_MAPS], uint64_t netns);
/** Forget what one map, whose keys are not a namespace alone, has about a namespace. */
void guard_sweep_map(int map, uint64_t netns);
/** Forget the cgroups of a namespace that were registered for another generation than @p but, except those of
 * tscf-run. */
void guard_sweep_groups(int groups, uint64_t netns, uint32_t but);
/** Remove the entries in the map of namespaces, of any build, of namespaces that are gone; their cookies are never
 * reused. */
void guard_sweep_gone(int nets);
/** Remove what the other maps of this build have about namespaces that are not in its map of namespaces. */
void guard_sweep_strays(const int maps[GUARD_MAPS]);

#endif
