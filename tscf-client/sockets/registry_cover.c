/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/registry_entry.h"
#include "tscf-client/sockets/registry_wire.h"

#include "common/base/log.h"

/* @p unannounced: only addresses that the server does not know, or has refused. */
static void bind_addresses(struct registry *r, bool unannounced)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		struct tscf_binding_key key = {.local = r->plain->internal.of[i]};
		struct tscf_binding *b = key.local.family ? tscf_bindings_get(r->table, &key) : NULL;
		if (b && !(unannounced && (b->announced || registry_under_way(r, &key))))
			registry_queue(r, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, false, 0);
	}
}

void registry_cover(struct registry *r)
{
	/* A binding refused again, or the whole address itself, is sent with the next dump, not as fast as the server
	 * refuses it. */
	if (r->covered)
		return;
	tscf_warning("the server has no room for all sockets: all of this host's traffic goes encrypted or not at all");
	r->covered = true;
	registry_bind_whole_address(r);
	bind_addresses(r, false);
	dtte_demand(r->dtte, true, tscf_timers_now(r->timers));
	registry_resync_soon(r);
}

static void find_unknown(void *found, struct tscf_binding *b)
{
	if (registry_is_unknown(b))
		*(bool *)found = true;
}

bool registry_is_idle(const struct registry *r)
{
	return r->pending_count + tscf_bindings_count(r->under_way[0]) + tscf_bindings_count(r->under_way[1]) == 0;
}

bool registry_all_known(const struct registry *r)
{
	bool unknown = !registry_is_idle(r);
	if (!unknown)
		tscf_bindings_each(r->table, find_unknown, &unknown);
	return !unknown;
}

void registry_settle(struct registry *r)
{
	if (!registry_all_known(r)) {
		if (r->covered)
			bind_addresses(r, true);
		return;
	}
	r->refusal[0] = '\0';
	if (!r->covered)
		return;
	r->covered = false;
	tscf_info("the server has room for all sockets again");
	if (preferred_wants(r->preferred, r->config->default_level))
		registry_bind_whole_address(r);
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		struct tscf_binding_key key = {.local = r->plain->internal.of[i]};
		struct tscf_binding *b = key.local.family ? tscf_bindings_get(r->table, &key) : NULL;
		if (b && b->level == r->config->default_level)
			registry_queue(r, &key, TSCF_BIND_ACTION_BIND, b->level, false, 0);
		else if (b)
			registry_release_entry(r, b, TSCF_LEVEL_UNENCRYPTED, 0);
	}
}
