/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_waiting.h"

#include <bpf/bpf.h>
#include <errno.h>

int guard_waiting_add(const struct guard_set *s, uint64_t cookie, const struct guard_waiting *about)
{
	struct guard_key key = {.netns = s->netns, .cookie = cookie};

	return bpf_map_update_elem(s->maps[GUARD_MAP_WAITING], &key, about, BPF_ANY) == 0 ? 0 : -errno;
}

void guard_waiting_remove(const struct guard_set *s, uint64_t cookie)
{
	struct guard_key key = {.netns = s->netns, .cookie = cookie};

	bpf_map_delete_elem(s->maps[GUARD_MAP_WAITING], &key);
}

void guard_waiting_each(const struct guard_set *s,
			void (*each)(void *context, uint64_t cookie, const struct guard_waiting *about), void *context)
{
	int map = s->maps[GUARD_MAP_WAITING];
	struct guard_key key, next;
	struct guard_waiting about;
	int more = bpf_map_get_next_key(map, NULL, &next);

	/* Find the next entry before this one may be removed. */
	for (unsigned i = 0; more == 0 && i < GUARD_WAITING; i++) {
		key = next;
		more = bpf_map_get_next_key(map, &key, &next);
		if (key.netns == s->netns && bpf_map_lookup_elem(map, &key, &about) == 0)
			each(context, key.cookie, &about);
	}
}
