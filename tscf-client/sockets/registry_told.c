/* SPDX-License-Identifier: GPL-3.0-or-later */
/* registry_told.c - sockets that the guard's events tell of, and that the kernel says are gone, between two dumps. */
#include "tscf-client/sockets/registry.h"

#include "common/base/log.h"
#include "tscf-client/sockets/registry_entry.h"

#include <string.h>

/** How long the sockets are listed as without a guard after a listing has shown one that no event had told of. */
#define DISTRUST_MS 60000

/* Sockets without a port are in no dump either; one without an end of its own, such as a raw socket, is. */
static bool has_port(const struct tscf_socket *s)
{
	return s->local_port != 0 || s->type == SOCK_RAW;
}

static void update(struct registry *r)
{
	memcpy(r->counts, r->known.counts, sizeof(r->counts));
	dtte_demand(r->dtte, registry_demand(r), tscf_timers_now(r->timers));
}

void registry_told(struct registry *r, const struct tscf_socket *s)
{
	if (!registry_is_told(r) || s->cookie == 0) {
		registry_resync_soon(r);
		return;
	}
	if (!has_port(s))
		return;
	r->seen_any = true;
	registry_see(r, s, true);
	update(r);
}

void registry_flow(struct registry *r, const struct tscf_binding_key *flow)
{
	struct tscf_binding_key key;
	struct tscf_socket s;
	tscf_binding_key_implicit(flow, &key);
	struct tscf_binding *b = tscf_bindings_bind(r->table, &key, TSCF_LEVEL_ENCRYPTED_ONLY, r, &r->list);
	if (b) {
		/* The packet itself binds the flow at the server, unless it is lost or a fragment.  So announce it as
		 * well. */
		b->implicit = true;
		b->generation = r->generation;
		registry_queue(r, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, false, 0);
	}
	r->seen_any = true;
	registry_only_seen(r);
	/* The socket is the kernel's to name.  An entry that its packets alone keep needs the dumps. */
	if (registry_is_told(r) &&
	    tscf_sockdiag_flow_socket(&r->device_bound.diag, flow, r->device_bound.device, &s) == 0) {
		registry_told(r, &s);
		registry_resync_within(r);
		return;
	}
	registry_resync_soon(r);
}

/* Whether a connection that has ended is in TIME_WAIT, where the kernel may yet send packets for it. */
static bool still_waits(struct registry *r, const struct tscf_socket *s)
{
	const struct tscf_binding_key flow = {.local = s->local,
					      .remote = s->remote,
					      .local_port = s->local_port,
					      .remote_port = s->remote_port,
					      .protocol = s->protocol};
	struct tscf_socket found;

	return s->type == SOCK_STREAM && s->remote_port != 0 &&
	       tscf_sockdiag_flow_socket(&r->device_bound.diag, &flow, s->device, &found) == 0 &&
	       found.cookie == s->cookie;
}

static bool listens(const struct tscf_socket *s)
{
	return s->type == SOCK_STREAM && s->remote_port == 0;
}

/* @return whether nothing but the socket with @p cookie can need the entry. */
static bool is_sole(const struct registry *r, const struct tscf_binding *b, uint64_t cookie)
{
	return b->cookie == cookie && b->level != TSCF_LEVEL_UNENCRYPTED && b->guest_until == 0 && !b->implicit &&
	       b->plain_generation != r->generation;
}

static void end_keys(struct registry *r, const struct tscf_socket *s)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(r, s, keys);

	for (unsigned i = 0; i < count; i++) {
		struct tscf_binding *b = tscf_bindings_get(r->table, &keys[i]);

		if (!b || b->state != TSCF_BINDING_ACTIVE)
			continue;
		if (is_sole(r, b, s->cookie))
			registry_end_entry(r, b);
		else
			registry_resync_soon(r);
	}
}

void registry_gone(struct registry *r, uint64_t cookie)
{
	struct known_socket *one = known_get(&r->known, cookie);
	struct tscf_socket s;

	if (!one)
		return;
	s = one->socket;
	if (!one->closing && still_waits(r, &s)) {
		one->closing = true;
		return;
	}
	if (tscf_level_wants_encryption(one->level))
		shares_less(&r->shares, s.uid, one->generation == r->generation);
	known_forget(&r->known, one);
	/* A dump binds the connections that the entry of a listening socket has covered, before that entry ends. */
	if (listens(&s))
		registry_resync_soon(r);
	else
		end_keys(r, &s);
	/* What was read of a running dump may still contain it. */
	if (r->dumping || s.device != 0)
		registry_resync_soon(r);
	update(r);
}

/* The first listing in which a socket is missing may be younger than its end, of which the kernel tells a moment
 * later. */
static void compare_one(struct registry *r, struct known_socket *one, unsigned *missed)
{
	if (one->generation == r->generation) {
		*missed += one->unexpected;
		one->unexpected = false;
		return;
	}
	if (r->reconciling && !one->closing && !known_is_silent(&one->socket)) {
		if (!one->absent) {
			known_miss(&r->known, one);
			return;
		}
		r->sockets_stale++;
	}
	known_forget(&r->known, one);
}

void registry_compare(struct registry *r)
{
	struct known_socket *one, *next;
	unsigned missed = 0;

	if (!r->exact)
		return;
	r->events->catch_up(r->context);
	for (one = r->known.by_cookie; one; one = next) {
		next = one->hh.next;
		compare_one(r, one, &missed);
	}
	if (missed > 0) {
		r->sockets_missed += missed;
		r->distrust_until = tscf_timers_now(r->timers) + DISTRUST_MS;
		tscf_info("the guard did not report %u sockets: for %d s the kernel's list is read as often as without "
			  "a guard",
			  missed, DISTRUST_MS / 1000);
	}
	r->complete = !r->lost;
	memcpy(r->counts, r->known.counts, sizeof(r->counts));
}

void registry_set_exact(struct registry *r, bool exact)
{
	if (exact == r->exact)
		return;
	r->exact = exact;
	known_free(&r->known);
	registry_lost(r);
}

/* *waiting becomes true if the entry waits for something that each listing brings on. */
static void look_at_entry(void *waiting, struct tscf_binding *b)
{
	bool kept_by_packets = b->state == TSCF_BINDING_ACTIVE && (b->implicit || b->guest_until != 0);

	if (kept_by_packets || registry_is_unknown(b))
		*(bool *)waiting = true;
}

uint64_t registry_pause(struct registry *r)
{
	uint64_t now = tscf_timers_now(r->timers);
	bool waiting = false;

	if (registry_is_told(r) && !r->covered && r->known.silent == 0 && now >= r->distrust_until)
		tscf_bindings_each(r->table, look_at_entry, &waiting);
	else
		waiting = true;
	return waiting ? registry_pause_without_guard(r) : REGISTRY_RECONCILE_MS;
}
