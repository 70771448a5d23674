/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_asked.h"

#include "common/base/log.h"
#include "tscf-client/guard/guard_sweep.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

void guard_asked_set(const struct guard_set *s, uint64_t cookie, const struct guard_asked *what)
{
	struct guard_key key = {.netns = s->netns, .cookie = cookie};

	if (bpf_map_update_elem(s->maps[GUARD_MAP_ASKED], &key, what, BPF_ANY) != 0)
		tscf_debug("guard: what a socket asks for cannot be read by its program: %s", strerror(errno));
}

void guard_asked_remove(const struct guard_set *s, uint64_t cookie)
{
	struct guard_key key = {.netns = s->netns, .cookie = cookie};

	bpf_map_delete_elem(s->maps[GUARD_MAP_ASKED], &key);
}

void guard_asked_clear(const struct guard_set *s)
{
	guard_sweep_map(s->maps[GUARD_MAP_ASKED], s->netns);
}
