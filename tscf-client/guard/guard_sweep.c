/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_sweep.h"

#include "tscf-client/guard/guard_living.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/** More than any map has entries: another client may change it meanwhile, and then the kernel begins anew. */
#define STEPS_MAX 65536

/** Keys of all maps begin with the namespace. */
union key {
	uint64_t netns;
	struct guard_group_key group;
	struct guard_key socket;
};

/* Delete the entries of a map that are @p unwanted. */
static void sweep(int map, bool (*unwanted)(const void *context, const union key *key), const void *context)
{
	union key key, next;
	int more = map < 0 ? -1 : bpf_map_get_next_key(map, NULL, &next);

	for (unsigned i = 0; more == 0 && i < STEPS_MAX; i++) {
		key = next;
		more = bpf_map_get_next_key(map, &key, &next);
		if (unwanted(context, &key))
			bpf_map_delete_elem(map, &key);
	}
}

/* The maps about namespaces besides the map of namespaces; that of sockets is the kernel's to sweep. */
static const enum guard_map others[] = {GUARD_MAP_COUNTS, GUARD_MAP_RINGS, GUARD_MAP_GROUPS, GUARD_MAP_WAITING,
					GUARD_MAP_ASKED};

static void sweep_others(const int maps[GUARD_MAPS], bool (*unwanted)(const void *context, const union key *key),
			 const void *context)
{
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		sweep(maps[others[i]], unwanted, context);
}

static bool is_of(const void *context, const union key *key)
{
	return key->netns == *(const uint64_t *)context;
}

void guard_sweep_namespace(const int maps[GUARD_MAPS], uint64_t netns)
{
	bpf_map_delete_elem(maps[GUARD_MAP_NETS], &netns);
	sweep_others(maps, is_of, &netns);
}

void guard_sweep_map(int map, uint64_t netns)
{
	sweep(map, is_of, &netns);
}

static bool is_older(const void *context, const union key *key)
{
	const struct guard_group_key *now = context;

	return key->netns == now->netns && key->group.generation != now->generation && key->group.generation != 0;
}

void guard_sweep_groups(int groups, uint64_t netns, uint32_t but)
{
	struct guard_group_key now = {.netns = netns, .generation = but};

	sweep(groups, is_older, &now);
}

/** The map of namespaces of a set, of any build. */
struct nets {
	int map;
	void *value; /**< room for an entry */
	struct guard_living living;
};

/* An entry of another build may be longer than ours, but its first members are the same. */
static bool is_gone(const void *context, const union key *key)
{
	const struct nets *n = context;
	uint64_t owner;

	if (bpf_map_lookup_elem(n->map, &key->netns, n->value) != 0)
		return false;
	memcpy(&owner, (const char *)n->value + offsetof(struct guard_net, owner), sizeof(owner));
	return !guard_living_has(&n->living, owner);
}

void guard_sweep_gone(int nets)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);
	struct nets n = {.map = nets};

	if (bpf_obj_get_info_by_fd(nets, &info, &length) != 0 ||
	    info.value_size < offsetof(struct guard_net, owner) + sizeof(uint64_t))
		return;
	n.value = calloc(1, info.value_size);
	if (!n.value)
		return;
	guard_living_look(&n.living);
	sweep(nets, is_gone, &n);
	guard_living_free(&n.living);
	free(n.value);
}

static bool is_stray(const void *context, const union key *key)
{
	struct guard_net net;

	return bpf_map_lookup_elem(*(const int *)context, &key->netns, &net) < 0 && errno == ENOENT;
}

void guard_sweep_strays(const int maps[GUARD_MAPS])
{
	sweep_others(maps, is_stray, &maps[GUARD_MAP_NETS]);
}
