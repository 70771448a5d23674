/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/registry_entry.h"

#include "tscf-client/context.h"

void registry_guest(struct client *c, const struct tscf_binding_key *flow)
{
	struct registry *r = &c->registry;
	struct tscf_binding *tombstone = tscf_bindings_find(r->table, flow, c->now);
	struct tscf_binding_key key;
	uint64_t until = tombstone && tombstone->state == TSCF_BINDING_TOMBSTONE ? tombstone->expires : c->now;
	registry_flow(c, flow);
	tscf_binding_key_implicit(flow, &key);
	struct tscf_binding *b = tscf_bindings_get(r->table, &key);
	if (!b)
		return;
	b->guest_until = until;
	r->guests++;
	dtte_demand(&c->dtte, true, c->now);
}

void registry_sweep_guest(struct client *c, struct tscf_binding *b)
{
	struct registry *r = &c->registry;
	uint64_t until = b->guest_until;
	if (c->now >= until) {
		registry_release_entry(c, b, TSCF_LEVEL_UNENCRYPTED, 0);
	} else if (b->generation + 1 == r->generation || b->generation == r->generation) {
		r->guests++;
	} else {
		tscf_binding_bury(b, c->now);
		b->expires = until;
		if (dtte_is_up(&c->dtte) && b->announced)
			registry_queue(c, &b->key, TSCF_BIND_ACTION_CLOSE, b->level, false, 0);
	}
}
