/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/registry_entry.h"

void registry_guest(struct registry *r, const struct tscf_binding_key *flow)
{
	struct tscf_binding *tombstone = tscf_bindings_find(r->table, flow, tscf_timers_now(r->timers));
	struct tscf_binding_key key;
	uint64_t until =
	    tombstone && tombstone->state == TSCF_BINDING_TOMBSTONE ? tombstone->expires : tscf_timers_now(r->timers);
	registry_flow(r, flow);
	tscf_binding_key_implicit(flow, &key);
	struct tscf_binding *b = tscf_bindings_get(r->table, &key);
	if (!b)
		return;
	b->guest_until = until;
	r->guests++;
	dtte_demand(r->dtte, true, tscf_timers_now(r->timers));
}

void registry_sweep_guest(struct registry *r, struct tscf_binding *b)
{
	uint64_t until = b->guest_until;
	if (tscf_timers_now(r->timers) >= until) {
		registry_release_entry(r, b, TSCF_LEVEL_UNENCRYPTED, 0);
	} else if (b->generation + 1 == r->generation || b->generation == r->generation) {
		r->guests++;
	} else {
		tscf_binding_bury(b, tscf_timers_now(r->timers));
		b->expires = until;
		if (dtte_is_up(r->dtte) && b->announced)
			registry_queue(r, &b->key, TSCF_BIND_ACTION_CLOSE, b->level, false, 0);
	}
}
