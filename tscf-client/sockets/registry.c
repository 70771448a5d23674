/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/registry.h"

#include "common/base/log.h"
#include "tscf-client/sockets/registry_entry.h"
#include "tscf-client/sockets/registry_wire.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

void registry_free(struct registry *r)
{
	if (r->diag)
		tscf_sockdiag_close(r->diag);
	if (r->fragments)
		tscf_fragments_free(r->fragments);
	tscf_bindings_free(r->table);
	tscf_bindings_free(r->under_way[0]);
	tscf_bindings_free(r->under_way[1]);
	device_bound_free(&r->device_bound);
	shares_free(&r->shares);
	known_free(&r->known);
	free(r->pending);
	*r = (struct registry){0};
}

/* @return whether the socket sends and receives as @p plain, an internal address. */
static bool has_address(const struct tscf_socket *s, const struct tscf_addr *plain)
{
	if (!tscf_addr_is_any(&s->local))
		return tscf_addr_equal(&s->local, plain);
	/* An any-address of IPv6 includes IPv4, unless the program has set IPV6_V6ONLY. */
	return s->local.family == plain->family || (s->local.family == AF_INET6 && !s->ipv6_only);
}

unsigned registry_keys(const struct registry *r, const struct tscf_socket *s,
		       struct tscf_binding_key keys[TSCF_FAMILIES])
{
	unsigned count = 0;
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		const struct tscf_addr *plain = &r->plain->internal.of[i];
		struct tscf_binding_key *key = &keys[count];
		if (!plain->family || s->local_port == 0 || !has_address(s, plain))
			continue;
		memset(key, 0, sizeof(*key));
		key->local = *plain;
		key->local_port = s->local_port;
		key->protocol = s->protocol;
		if (s->type == SOCK_STREAM && s->remote_port != 0 && s->remote.family == plain->family) {
			key->remote = s->remote;
			key->remote_port = s->remote_port;
		}
		count++;
	}
	return count;
}

static void bind_whole_address(struct registry *r, const struct tscf_addr *local)
{
	struct tscf_binding_key key;
	memset(&key, 0, sizeof(key));
	key.local = *local;
	enum tscf_level level = r->covered ? TSCF_LEVEL_ENCRYPTED_ONLY : r->config->default_level;
	struct tscf_binding *b = tscf_bindings_bind(r->table, &key, level, r, &r->list);
	/* Only an encrypted-preferred socket may have been plain before. */
	if (b && level == TSCF_LEVEL_ENCRYPTED_PREFERRED)
		b->grace_until = tscf_timers_now(r->timers) + REGISTRY_UNCONFIRMED_MS;
}

void registry_bind_whole_address(struct registry *r)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (r->plain->internal.of[i].family)
			bind_whole_address(r, &r->plain->internal.of[i]);
}

void registry_acknowledged(struct registry *r, uint64_t waiter, int error)
{
	if (waiter != 0)
		r->events->acknowledged(r->context, waiter, error);
}

/* The next dump finds the socket again. */
static void no_memory(struct registry *r, uint64_t waiter)
{
	tscf_error("out of memory: a socket is registered later");
	registry_resync_within(r);
	registry_acknowledged(r, waiter, -ENOMEM);
}

void registry_queue(struct registry *r, const struct tscf_binding_key *key, enum tscf_bind_action action,
		    enum tscf_level level, bool moved, uint64_t waiter)
{
	if (r->pending_count == r->pending_size) {
		unsigned size = r->pending_size ? 2 * r->pending_size : 64;
		struct registry_op *grown = realloc(r->pending, size * sizeof(*grown));
		if (!grown) {
			no_memory(r, waiter);
			return;
		}
		r->pending = grown;
		r->pending_size = size;
	}
	r->pending[r->pending_count++] = (struct registry_op){
	    .wire = {.key = *key, .action = action, .level = level, .flags = moved ? TSCF_BIND_FLAG_MOVED : 0},
	    .waiter = waiter};
}

bool registry_under_way(const struct registry *r, const struct tscf_binding_key *key)
{
	return tscf_bindings_get(r->under_way[0], key) || tscf_bindings_get(r->under_way[1], key);
}

bool registry_is_of_others(const struct tscf_binding *b, uint64_t cookie)
{
	return b && b->state == TSCF_BINDING_ACTIVE && tscf_level_wants_encryption(b->level) && b->cookie != cookie;
}

/* It stays until the server has confirmed. */
static void let_go(struct registry *r, struct tscf_binding *b, enum tscf_level level)
{
	tscf_binding_release(b, tscf_timers_now(r->timers));
	b->level = level;
	b->announced = true;
	b->expires = TSCF_FOREVER;
}

void registry_release_entry(struct registry *r, struct tscf_binding *b, enum tscf_level level, uint64_t waiter)
{
	let_go(r, b, level);
	registry_queue(r, &b->key, TSCF_BIND_ACTION_RELEASE, TSCF_LEVEL_UNENCRYPTED, false, waiter);
}

void registry_close_preferred(struct registry *r, struct tscf_binding *b)
{
	if (!b->announced && !registry_under_way(r, &b->key)) {
		tscf_bindings_remove(r->table, b);
		return;
	}
	let_go(r, b, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	registry_queue(r, &b->key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_PREFERRED, false, 0);
}

/* A preferred socket is bound only while it is in the encrypted tunnel.  Until then it is a plain socket, even if it
 * was encrypted-only before. */
void registry_keep_plain(struct registry *r, struct tscf_binding *b, uint64_t cookie)
{
	/* An implicit entry is this socket's: a late packet made it, under way to the tunnel when that was lost. */
	if (!b || b->state != TSCF_BINDING_ACTIVE || (!b->implicit && registry_is_of_others(b, cookie)))
		return;
	if (b->announced || registry_under_way(r, &b->key))
		registry_release_entry(r, b, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0);
	else
		tscf_bindings_remove(r->table, b);
}

void registry_bind(struct registry *r, const struct tscf_binding_key *key, enum tscf_level level, uint64_t cookie,
		   bool moved, uint64_t waiter)
{
	struct tscf_binding *b = tscf_bindings_get(r->table, key);
	r->seen_any = true;
	if (level == TSCF_LEVEL_ENCRYPTED_ONLY)
		registry_only_seen(r);
	if (level == TSCF_LEVEL_ENCRYPTED_PREFERRED && (!dtte_is_up(r->dtte) || preferred_stay_plain(r->preferred))) {
		registry_keep_plain(r, b, cookie);
		return;
	}
	bool shared = b && b->generation == r->generation && b->cookie != 0 && registry_is_of_others(b, cookie);
	/* If sockets share a key, the strictest decides: their incoming packets cannot be told apart. */
	if (shared && b->level == TSCF_LEVEL_ENCRYPTED_ONLY && tscf_level_wants_encryption(level))
		level = TSCF_LEVEL_ENCRYPTED_ONLY;
	bool known = b && b->state == TSCF_BINDING_ACTIVE && b->level == level && b->announced;
	bool shielded = b && (b->shielded || (b->announced && !known));
	moved = moved || (b && b->state == TSCF_BINDING_RELEASED && b->expires > tscf_timers_now(r->timers));
	b = tscf_bindings_bind(r->table, key, level, r, &r->list);
	if (!b) {
		no_memory(r, waiter);
		return;
	}
	b->announced = known;
	b->shielded = shielded;
	b->cookie = shared ? REGISTRY_SEVERAL : cookie;
	b->generation = r->generation;
	/* Where the tunnel is refused, the socket is shielded now: nothing more may come for it in clear. */
	if (moved && b->grace_until == 0 && r->dtte->gate != DTTE_GATE_SHUT)
		b->grace_until = tscf_timers_now(r->timers) + REGISTRY_UNCONFIRMED_MS;
	/* While the socket is moving it is announced as moved, or the server would refuse packets under way. */
	if (!known || waiter)
		registry_queue(r, key, TSCF_BIND_ACTION_BIND, level, b->grace_until > tscf_timers_now(r->timers),
			       waiter);
}

/* A wider entry (the whole address) would keep the socket in the encrypted tunnel, and a policy would keep its incoming
 * packets there: make an exception. */
bool registry_wider_entry(struct registry *r, const struct tscf_binding_key *key)
{
	if (policies_want_encryption(&r->config->policies))
		return true;
	struct tscf_binding *wide = tscf_bindings_find(r->table, key, tscf_timers_now(r->timers));
	return wide && wide->state == TSCF_BINDING_ACTIVE && preferred_wants(r->preferred, wide->level);
}

/* Whether the server may have something for @p b, which may be NULL, or for @p key. */
static bool server_has(const struct registry *r, const struct tscf_binding *b, const struct tscf_binding_key *key)
{
	return (b && (b->announced || b->shielded)) || registry_under_way(r, key);
}

void registry_release(struct registry *r, const struct tscf_binding_key *key, uint64_t waiter)
{
	struct tscf_binding *b = tscf_bindings_get(r->table, key);
	if (b && b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_UNENCRYPTED) {
		registry_acknowledged(r, waiter, 0);
		return;
	}
	bool announced = server_has(r, b, key);
	uint64_t cookie = b ? b->cookie : 0;
	bool kept = b && b->kept;
	if (b)
		tscf_bindings_remove(r->table, b);
	if (registry_wider_entry(r, key)) {
		registry_bind(r, key, TSCF_LEVEL_UNENCRYPTED, 0, false, waiter);
		b = tscf_bindings_get(r->table, key);
		if (b) {
			b->shielded = announced;
			b->kept = kept;
		}
		return;
	}
	b = announced || kept ? tscf_bindings_bind(r->table, key, TSCF_LEVEL_UNENCRYPTED, r, &r->list) : NULL;
	if (b) {
		b->cookie = cookie;
		b->kept = kept;
		registry_release_entry(r, b, TSCF_LEVEL_UNENCRYPTED, waiter);
	} else {
		registry_acknowledged(r, waiter, 0);
	}
}

static void release_preferred(void *context, struct tscf_binding *b)
{
	struct registry *r = context;
	struct tscf_binding_key key = b->key;
	if (b->state != TSCF_BINDING_ACTIVE || b->level != TSCF_LEVEL_ENCRYPTED_PREFERRED)
		return;
	b->grace_until = 0;
	r->events->releasing(r->context);
	/* Change the entry in place, whatever it becomes: the caller is iterating over the table. */
	if (!tscf_binding_key_is_whole(&key) && registry_wider_entry(r, &key))
		registry_bind(r, &key, TSCF_LEVEL_UNENCRYPTED, 0, false, REGISTRY_WAITER_PREFERRED);
	else
		registry_release_entry(r, b, TSCF_LEVEL_ENCRYPTED_PREFERRED, REGISTRY_WAITER_PREFERRED);
}

void registry_release_preferred(struct registry *r)
{
	tscf_bindings_each(r->table, release_preferred, r);
}

/* What an encrypted session may still hold for the key of @p b is released by the next encrypted tunnel. */
static void await_tunnel(struct registry *r, struct tscf_binding *b)
{
	registry_release_entry(r, b, TSCF_LEVEL_UNENCRYPTED, 0);
	b->cookie = 0;
}

void registry_end_exception(struct registry *r, const struct tscf_binding_key *key, uint64_t waiter)
{
	struct tscf_binding *b = tscf_bindings_get(r->table, key);
	if (!b || b->state != TSCF_BINDING_ACTIVE || b->level != TSCF_LEVEL_UNENCRYPTED) {
		registry_acknowledged(r, waiter, 0);
		return;
	}
	if (b->kept && !dtte_is_up(r->dtte)) {
		await_tunnel(r, b);
		registry_acknowledged(r, waiter, 0);
		return;
	}
	const struct tscf_binding_key ended = b->key;
	bool told = server_has(r, b, key);
	tscf_bindings_remove(r->table, b);
	/* Without an encrypted tunnel the server has never heard of it. */
	if (told)
		registry_queue(r, &ended, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_UNENCRYPTED, false, waiter);
	else
		registry_acknowledged(r, waiter, 0);
}

static void resync_at(struct registry *r, uint64_t at)
{
	uint64_t earliest = r->dump_started + REGISTRY_RESYNC_MIN_MS;
	r->asked = true;
	if (at < earliest)
		at = earliest;
	if (at < r->resync_at)
		r->resync_at = at;
}

void registry_resync_soon(struct registry *r)
{
	resync_at(r, tscf_timers_now(r->timers));
}

void registry_resync_after(struct registry *r)
{
	r->follow = r->seen_any = true;
	resync_at(r, tscf_timers_now(r->timers) + REGISTRY_MOMENT_MS);
}

bool registry_is_told(const struct registry *r)
{
	return r->exact && r->complete;
}

void registry_lost(struct registry *r)
{
	r->complete = false;
	r->lost = true;
	registry_resync_soon(r);
}

uint64_t registry_pause_without_guard(const struct registry *r)
{
	return r->unannounced ? REGISTRY_RESYNC_POLICY_MS : REGISTRY_RESYNC_MAX_MS;
}

void registry_resync_within(struct registry *r)
{
	uint64_t at = tscf_timers_now(r->timers) + registry_pause_without_guard(r);

	if (registry_is_told(r) && at < r->resync_at)
		r->resync_at = at;
}

enum tscf_level registry_level(const struct registry *r, const struct tscf_socket *s)
{
	uint32_t waiting = accept_queue_value(r->accept_queue, s->cookie);
	uint32_t value = waiting ? waiting : tscf_mark_get(s->mark, r->config->fwmark_mask);
	enum tscf_level level = (enum tscf_level)(value & TSCF_MARK_LEVEL);
	const struct policy *p = value == 0 ? policy_of_socket(&r->config->policies, s) : NULL;
	/* The kernel may not report the mark of a closed connection: that must not make it plain. */
	if (!p || (s->inode == 0 && s->state == TCP_TIME_WAIT && !tscf_level_wants_encryption(p->level)))
		return level;
	return p->level;
}

enum tscf_level registry_effective(const struct registry *r, enum tscf_level level)
{
	return level == TSCF_LEVEL_DEFAULT ? r->config->default_level : level;
}

bool registry_demand(const struct registry *r)
{
	const unsigned *n = r->counts;
	bool any = n[TSCF_LEVEL_ENCRYPTED_ONLY] > 0 || r->config->default_level == TSCF_LEVEL_ENCRYPTED_ONLY;
	bool preferred =
	    n[TSCF_LEVEL_ENCRYPTED_PREFERRED] > 0 || r->config->default_level == TSCF_LEVEL_ENCRYPTED_PREFERRED;
	any = any || r->covered || r->guests > 0 || r->entries_left;
	/* Sockets that are about to leave the tunnel need it until they have left. */
	return any || (preferred && r->preferred->state != PREFERRED_PLAIN);
}

void registry_only_seen(struct registry *r)
{
	r->only_until = tscf_timers_now(r->timers) + REGISTRY_ONLY_MS;
	if (r->stated == TSCF_LEVEL_ENCRYPTED_PREFERRED)
		dtte_needed(r->dtte, tscf_timers_now(r->timers));
}

void registry_entries_left(struct registry *r)
{
	/* Each tunnel ends them. */
	if (registry_demand(r) || dtte_is_up(r->dtte))
		return;
	tscf_info(
	    "the server still blocks ports of sockets that have gone: an encrypted tunnel is needed to free them");
	r->entries_left = true;
	dtte_demand(r->dtte, true, tscf_timers_now(r->timers));
}

void registry_request_tunnel(struct registry *r)
{
	registry_only_seen(r);
	dtte_touch(r->dtte, tscf_timers_now(r->timers));
}

enum tscf_level registry_need(struct registry *r)
{
	if (r->native)
		registry_only_seen(r);
	r->native = false;
	bool only = r->counts[TSCF_LEVEL_ENCRYPTED_ONLY] > 0 || r->config->default_level == TSCF_LEVEL_ENCRYPTED_ONLY ||
		    r->covered || r->guests > 0 || r->only > 0 || tscf_timers_now(r->timers) < r->only_until;
	return only ? TSCF_LEVEL_ENCRYPTED_ONLY : TSCF_LEVEL_ENCRYPTED_PREFERRED;
}

bool registry_has_only(const struct registry *r)
{
	return r->counts[TSCF_LEVEL_ENCRYPTED_ONLY] > 0 || r->list.count > 0 ||
	       r->config->default_level == TSCF_LEVEL_ENCRYPTED_ONLY;
}

static void forget(void *context, struct tscf_binding *b)
{
	tscf_bindings_remove(((struct registry *)context)->table, b);
}

void registry_forget(struct registry *r)
{
	tscf_bindings_each(r->table, forget, r);
	r->covered = r->entries_left = false;
	r->refusal[0] = '\0';
	registry_resync_soon(r);
}

static void drop_preferred(void *context, struct tscf_binding *b)
{
	struct registry *r = context;
	bool preferred = b->level == TSCF_LEVEL_ENCRYPTED_PREFERRED && b->state == TSCF_BINDING_ACTIVE;
	bool exception = b->level == TSCF_LEVEL_UNENCRYPTED && b->state == TSCF_BINDING_ACTIVE;
	if (!preferred && !exception)
		return;
	if (b->kept)
		await_tunnel(r, b);
	else
		tscf_bindings_remove(r->table, b);
}

void registry_tunnel_lost(struct registry *r)
{
	tscf_bindings_each(r->table, drop_preferred, r);
	/* Sockets whose packets a policy would refuse need their exceptions again. */
	if (r->unannounced)
		registry_resync_soon(r);
	registry_resync_within(r);
}
