/* SPDX-License-Identifier: GPL-3.0-or-later */
/* registry_dump.c - compares the kernel's sockets with the bindings sent to the server. */
#include "tscf-client/sockets/registry.h"

#include "common/base/log.h"
#include "common/crypto/random.h"
#include "tscf-client/sockets/registry_entry.h"
#include "tscf-client/sockets/registry_wire.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

/** Datagrams whose fragments are under way at a time. */
#define FRAGMENTS 1024

static void dump_socket(void *context, const struct tscf_socket *s);
static void dump_done(void *context, int error);
static void socket_destroyed(void *context, const struct tscf_socket *s);

static const struct tscf_sockdiag_handler diag_handler = {dump_socket, dump_done, socket_destroyed};

/* Sockets that only a policy concerns have no mark, so the dumps list all sockets.  They go on doing so, or sockets
 * that no policy concerns any more would seem to be gone. */
static int watch_sockets(struct registry *r)
{
	struct tscf_sockdiag *diag;
	r->unannounced = policies_want_encryption(&r->config->policies);
	bool all = policies_ruled(&r->config->policies) > 0;
	r->seen_any |= all;
	if (r->diag && (r->lists_all || !all))
		return 0;
	int error = tscf_sockdiag_open(r->timers->loop, all ? 0 : r->config->fwmark_mask, &diag_handler, r, &diag);
	if (error < 0)
		return error;
	if (r->diag)
		tscf_sockdiag_close(r->diag);
	tscf_sockdiag_also_bound(diag, (uint32_t)r->encrypted_tun->index);
	r->dumping = false;
	r->lists_all = all;
	r->diag = diag;
	return 0;
}

int registry_policies_changed(struct registry *r)
{
	int error = watch_sockets(r);
	/* Sockets may be of interest now that were not before. */
	r->asked = true;
	if (error == 0)
		registry_resync_now(r);
	return error;
}

static void begin_dump(struct registry *r)
{
	r->resync_at = UINT64_MAX;
	r->dump_started = tscf_timers_now(r->timers);
	r->generation++;
	r->reconciling = registry_is_told(r) && !r->asked;
	r->asked = r->lost = false;
	r->listings++;
	memset(r->counting, 0, sizeof(r->counting));
	shares_begin(&r->shares);
}

static void dump_socket(void *context, const struct tscf_socket *s)
{
	struct registry *r = context;
	enum tscf_level level = registry_level(r, s);
	if (level != TSCF_LEVEL_DEFAULT)
		r->counting[level]++;
	if (!r->exact && tscf_level_wants_encryption(level))
		shares_seen(&r->shares, s->uid);
	registry_see(r, s, false);
}

/* The server is to end its entry.  @p bury: as a tombstone, if it is one here. */
static void queue_end(struct registry *r, const struct tscf_binding *b, bool bury)
{
	bool close = bury && b->state == TSCF_BINDING_TOMBSTONE;
	registry_queue(r, &b->key, close ? TSCF_BIND_ACTION_CLOSE : TSCF_BIND_ACTION_RELEASE, b->level, false, 0);
}

/*
 * After a dump: sockets that were not in it are gone.  A binding made by packets of a raw socket has no socket with its
 * port; it stays as long as there is a packet between two dumps (decide.c).
 */
static void sweep(void *context, struct tscf_binding *b)
{
	struct registry *r = context;
	bool up = dtte_is_up(r->dtte);
	if (b->guest_until != 0) {
		registry_sweep_guest(r, b);
		return;
	}
	if (b->state == TSCF_BINDING_ACTIVE) {
		bool in_use = b->implicit && b->generation + 1 == r->generation;
		if (b->generation != r->generation && !in_use && !tscf_binding_key_is_whole(&b->key)) {
			/* Perhaps the entry is gone now. */
			registry_end_entry(r, b);
			return;
		}
		if (b->level == TSCF_LEVEL_UNENCRYPTED && b->shielded && !b->announced)
			registry_queue(r, &b->key, TSCF_BIND_ACTION_BIND, b->level, false, 0);
		r->only += b->level == TSCF_LEVEL_ENCRYPTED_ONLY;
		return;
	}
	bool expired = b->expires <= tscf_timers_now(r->timers);
	if (b->announced && (up || expired || b->state == TSCF_BINDING_RELEASED))
		queue_end(r, b, up);
	else if (!b->announced && !b->kept && expired)
		tscf_bindings_remove(r->table, b);
}

/* The socket is gone, and the server knows: the entry is forgotten as soon as it expires.  No dump is needed for that.
 */
static bool is_over(const struct tscf_binding *b)
{
	return b->state != TSCF_BINDING_ACTIVE && b->guest_until == 0 && !b->announced && !b->kept;
}

static void find_oldest(void *oldest, struct tscf_binding *b)
{
	uint64_t *at = oldest;
	if (is_over(b) && b->expires < *at)
		*at = b->expires;
}

/* Entries that expire at about the same time are forgotten together. */
static void plan_expiry(struct registry *r)
{
	uint64_t earliest = tscf_timers_now(r->timers) + REGISTRY_EXPIRY_PAUSE_MS;
	r->expire_at = UINT64_MAX;
	tscf_bindings_each(r->table, find_oldest, &r->expire_at);
	if (r->expire_at < earliest)
		r->expire_at = earliest;
}

static void dump_done(void *context, int error)
{
	struct registry *r = context;
	r->dumping = false;
	/* An incomplete dump does not show which sockets are gone. */
	r->listed = error == 0;
	if (error == 0) {
		memcpy(r->counts, r->counting, sizeof(r->counts));
		registry_compare(r);
		shares_end(&r->shares);
		r->guests = r->only = 0;
		tscf_bindings_each(r->table, sweep, r);
		if (r->covered || r->refusal[0])
			registry_settle(r);
		device_bound_sweep(&r->device_bound, r->generation);
		r->events->dumped(r->context);
	} else if (error != -ECANCELED) {
		/* A cancelled dump needs no warning: another one follows, and the client waits for that. */
		tscf_warning("cannot list the sockets: %s", strerror(-error));
		r->asked |= !r->reconciling;
	}
	plan_expiry(r);
	bool busy = r->seen_any || tscf_bindings_count(r->table) > 0;
	bool again = error != 0 || r->follow;
	r->follow = r->follow && r->resync_at != UINT64_MAX;
	if (busy && r->resync_at == UINT64_MAX)
		r->resync_at =
		    tscf_timers_now(r->timers) + (again ? registry_pause_without_guard(r) : registry_pause(r));
	dtte_demand(r->dtte, registry_demand(r), tscf_timers_now(r->timers));
}

static void socket_destroyed(void *context, const struct tscf_socket *s)
{
	struct registry *r = context;
	/* What was told of the socket came before its end. */
	r->events->catch_up(r->context);
	r->events->gone(r->context, s->cookie);
	if (registry_is_told(r) && s->family != 0)
		registry_gone(r, s->cookie);
	else if (r->seen_any)
		registry_resync_soon(r);
}

static void expire(void *context, struct tscf_binding *b)
{
	struct registry *r = context;
	if (is_over(b) && b->expires <= tscf_timers_now(r->timers))
		tscf_bindings_remove(r->table, b);
}

static void tick(void *context)
{
	struct registry *r = context;
	if (r->resync_at > tscf_timers_now(r->timers)) {
		tscf_bindings_each(r->table, expire, r);
		plan_expiry(r);
		return;
	}
	begin_dump(r);
	int error = tscf_sockdiag_dump(r->diag);
	r->dumping = error == 0;
	if (error < 0)
		dump_done(r, error);
}

static uint64_t next_due(const void *context)
{
	const struct registry *r = context;
	if (r->dumping)
		return UINT64_MAX;
	return r->expire_at < r->resync_at ? r->expire_at : r->resync_at;
}

void registry_resync_now(struct registry *r)
{
	/* It takes the place of a dump that is running. */
	r->asked |= r->dumping && !r->reconciling;
	begin_dump(r);
	tscf_sockdiag_dump_now(r->diag);
}

static void tell_again(void *context, struct tscf_binding *b)
{
	struct registry *r = context;
	bool in_grace = b->grace_until > tscf_timers_now(r->timers), expired = b->expires <= tscf_timers_now(r->timers);
	if (b->state == TSCF_BINDING_ACTIVE) {
		b->announced = false;
		registry_queue(r, &b->key, TSCF_BIND_ACTION_BIND, b->level, in_grace, 0);
	} else if (b->announced || b->kept) {
		b->announced = true;
		queue_end(r, b, !expired);
	}
}

void registry_tunnel_up(struct registry *r)
{
	if (r->covered || preferred_wants(r->preferred, r->config->default_level))
		registry_bind_whole_address(r);
	r->announcing = true;
	r->listed = false;
	tscf_bindings_each(r->table, tell_again, r);
	/*
	 * The preferred sockets are not in the table while there is no tunnel.  They must be announced before the rules
	 * send their packets this way, so wait for this one dump.
	 */
	registry_resync_now(r);
}

int registry_init(struct registry *r)
{
	r->resync_at = r->expire_at = UINT64_MAX;
	r->table = tscf_bindings_new();
	r->fragments = tscf_fragments_new(FRAGMENTS);
	r->under_way[0] = tscf_bindings_new();
	r->under_way[1] = tscf_bindings_new();
	tscf_random(r->shield_key, sizeof(r->shield_key));
	if (!r->table || !r->fragments || !r->under_way[0] || !r->under_way[1])
		return -ENOMEM;
	tscf_timers_add(r->timers, &r->timer, next_due, tick, r);
	int error = device_bound_init(&r->device_bound, (uint32_t)r->encrypted_tun->index);
	return error < 0 ? error : watch_sockets(r);
}
