/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/registry.h"

#include "common/base/log.h"
#include "common/crypto/random.h"
#include "tscf-client/context.h"
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

/* Sockets that a policy speaks of bear no mark: all are looked at, and from then on, or those that none speaks of any
 * more would seem to be gone. */
static int watch_sockets(struct registry *r)
{
	struct client *c = r->client;
	struct tscf_sockdiag *diag;
	r->unannounced = policies_want_encryption(&c->config->policies);
	bool all = policies_ruled(&c->config->policies) > 0;
	r->seen_any |= all;
	if (r->diag && (r->lists_all || !all))
		return 0;
	int error = tscf_sockdiag_open(c->loop, all ? 0 : c->config->fwmark_mask, &diag_handler, c, &diag);
	if (error < 0)
		return error;
	if (r->diag)
		tscf_sockdiag_close(r->diag);
	tscf_sockdiag_also_bound(diag, (uint32_t)c->encrypted_tun.index);
	r->dumping = false;
	r->lists_all = all;
	r->diag = diag;
	return 0;
}

int registry_init(struct registry *r, struct client *c, const struct registry_events *events)
{
	*r = (struct registry){.client = c, .events = events, .resync_at = UINT64_MAX};
	r->table = tscf_bindings_new();
	r->fragments = tscf_fragments_new(FRAGMENTS);
	r->under_way[0] = tscf_bindings_new();
	r->under_way[1] = tscf_bindings_new();
	tscf_random(r->shield_key, sizeof r->shield_key);
	if (!r->table || !r->fragments || !r->under_way[0] || !r->under_way[1])
		return -ENOMEM;
	int error = device_bound_init(&r->device_bound, (uint32_t)c->encrypted_tun.index);
	return error < 0 ? error : watch_sockets(r);
}

int registry_policies_changed(struct client *c)
{
	struct registry *r = &c->registry;
	int error = watch_sockets(r);
	if (error == 0)
		registry_resync_now(c);
	return error;
}

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
	free(r->pending);
	*r = (struct registry){.client = r->client};
}

static void begin_dump(struct registry *r)
{
	r->resync_at = UINT64_MAX;
	r->dump_started = r->client->now;
	r->generation++;
	memset(r->counting, 0, sizeof r->counting);
	shares_begin(&r->shares);
}

/* @return whether the socket sends and receives as @p plain, an internal address. */
static bool has_address(const struct tscf_socket *s, const struct tscf_addr *plain)
{
	if (!tscf_addr_is_any(&s->local))
		return tscf_addr_equal(&s->local, plain);
	/* An any-address of IPv6 is one of IPv4 as well, unless the program has said otherwise. */
	return s->local.family == plain->family || (s->local.family == AF_INET6 && !s->ipv6_only);
}

unsigned registry_keys(const struct client *c, const struct tscf_socket *s, struct tscf_binding_key keys[TSCF_FAMILIES])
{
	unsigned count = 0;
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		const struct tscf_addr *plain = &c->plain.internal.of[i];
		struct tscf_binding_key *key = &keys[count];
		if (!plain->family || s->local_port == 0 || !has_address(s, plain))
			continue;
		memset(key, 0, sizeof *key);
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

static void bind_whole_address(struct client *c, const struct tscf_addr *local)
{
	struct tscf_binding_key key;
	memset(&key, 0, sizeof key);
	key.local = *local;
	enum tscf_level level = c->registry.covered ? TSCF_LEVEL_ENCRYPTED_ONLY : c->config->default_level;
	struct tscf_binding *b = tscf_bindings_bind(c->registry.table, &key, level, c, &c->registry.list);
	/* Only what preferred encryption may have been plain before. */
	if (b && level == TSCF_LEVEL_ENCRYPTED_PREFERRED)
		b->grace_until = c->now + REGISTRY_UNCONFIRMED_MS;
}

void registry_bind_whole_address(struct client *c)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (c->plain.internal.of[i].family)
			bind_whole_address(c, &c->plain.internal.of[i]);
}

static bool is_whole_address(const struct tscf_binding_key *key)
{
	return key->protocol == 0 && key->local_port == 0;
}

void registry_acknowledged(struct client *c, uint64_t waiter, int error)
{
	if (waiter != 0)
		c->registry.events->acknowledged(c, waiter, error);
}

void registry_queue(struct client *c, const struct tscf_binding_key *key, enum tscf_bind_action action,
		    enum tscf_level level, bool moved, uint64_t waiter)
{
	struct registry *r = &c->registry;
	if (r->pending_count == r->pending_size) {
		unsigned size = r->pending_size ? 2 * r->pending_size : 64;
		struct registry_op *grown = realloc(r->pending, size * sizeof *grown);
		if (!grown) {
			/* The next resync finds the difference again. */
			tscf_error("out of memory: a socket is registered later");
			registry_resync_soon(c);
			registry_acknowledged(c, waiter, -ENOMEM);
			return;
		}
		r->pending = grown;
		r->pending_size = size;
	}
	r->pending[r->pending_count++] = (struct registry_op){
	    .wire = {.key = *key, .action = action, .level = level, .flags = moved ? TSCF_BIND_FLAG_MOVED : 0},
	    .waiter = waiter};
}

bool registry_under_way(const struct client *c, const struct tscf_binding_key *key)
{
	return tscf_bindings_get(c->registry.under_way[0], key) || tscf_bindings_get(c->registry.under_way[1], key);
}

bool registry_is_of_others(const struct tscf_binding *b, uint64_t cookie)
{
	return b && b->state == TSCF_BINDING_ACTIVE && tscf_level_wants_encryption(b->level) && b->cookie != cookie;
}

void registry_release_entry(struct client *c, struct tscf_binding *b, enum tscf_level level, uint64_t waiter)
{
	tscf_binding_release(b, c->now);
	b->level = level;
	b->told = true;
	b->expires = TSCF_FOREVER;
	registry_queue(c, &b->key, TSCF_BIND_ACTION_RELEASE, TSCF_LEVEL_UNENCRYPTED, false, waiter);
}

/* A preferred socket is bound only while it is in the encrypted tunnel: until then it is a plain one, also if it was
 * encrypted-only before. */
static void keep_plain(struct client *c, struct tscf_binding *b, uint64_t cookie)
{
	/* What a late packet has made, which was on its way to the tunnel when that was lost, is this socket's. */
	if (!b || b->state != TSCF_BINDING_ACTIVE || (!b->implicit && registry_is_of_others(b, cookie)))
		return;
	if (b->told || registry_under_way(c, &b->key))
		registry_release_entry(c, b, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0);
	else
		tscf_bindings_remove(c->registry.table, b);
}

void registry_bind(struct client *c, const struct tscf_binding_key *key, enum tscf_level level, uint64_t cookie,
		   bool moved, uint64_t waiter)
{
	struct registry *r = &c->registry;
	struct tscf_binding *b = tscf_bindings_get(r->table, key);
	r->seen_any = true;
	if (level == TSCF_LEVEL_ENCRYPTED_PREFERRED &&
	    (!dtte_is_up(&c->dtte) || trusted_network_here(&c->trusted_network))) {
		keep_plain(c, b, cookie);
		return;
	}
	bool shared = b && b->generation == r->generation && b->cookie != 0 && registry_is_of_others(b, cookie);
	/* Of sockets that share a key the strictest decides: what comes down cannot be told apart. */
	if (shared && b->level == TSCF_LEVEL_ENCRYPTED_ONLY && tscf_level_wants_encryption(level))
		level = TSCF_LEVEL_ENCRYPTED_ONLY;
	bool known = b && b->state == TSCF_BINDING_ACTIVE && b->level == level && b->told;
	moved = moved || (b && b->state == TSCF_BINDING_RELEASED && b->expires > c->now);
	b = tscf_bindings_bind(r->table, key, level, c, &r->list);
	if (!b) {
		tscf_error("out of memory: a socket is not registered");
		return;
	}
	b->told = known;
	b->cookie = shared ? REGISTRY_SEVERAL : cookie;
	b->generation = r->generation;
	/* Where the tunnel is refused the socket is shielded now: it has nothing more to receive. */
	if (moved && b->grace_until == 0 && c->dtte.gate != DTTE_GATE_SHUT)
		b->grace_until = c->now + REGISTRY_UNCONFIRMED_MS;
	/* As long as it is moving it is told as such, or the server would refuse what is under way. */
	if (!known || waiter)
		registry_queue(c, key, TSCF_BIND_ACTION_BIND, level, b->grace_until > c->now, waiter);
}

/* A wider entry (the whole address) would keep the socket in the encrypted tunnel, and a policy what comes for it: make
 * an exception. */
static bool wider_entry(struct client *c, const struct tscf_binding_key *key)
{
	if (policies_want_encryption(&c->config->policies))
		return true;
	struct tscf_binding *wide = tscf_bindings_find(c->registry.table, key, c->now);
	return wide && wide->state == TSCF_BINDING_ACTIVE && trusted_network_wants(&c->trusted_network, wide->level);
}

void registry_release(struct client *c, const struct tscf_binding_key *key, uint64_t waiter)
{
	struct registry *r = &c->registry;
	struct tscf_binding *b = tscf_bindings_get(r->table, key);
	if (b && b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_UNENCRYPTED) {
		registry_acknowledged(c, waiter, 0);
		return;
	}
	bool told = (b && b->told) || registry_under_way(c, key);
	uint64_t cookie = b ? b->cookie : 0;
	if (b)
		tscf_bindings_remove(r->table, b);
	if (wider_entry(c, key)) {
		registry_bind(c, key, TSCF_LEVEL_UNENCRYPTED, 0, false, waiter);
		return;
	}
	b = told ? tscf_bindings_bind(r->table, key, TSCF_LEVEL_UNENCRYPTED, c, &r->list) : NULL;
	if (b) {
		b->cookie = cookie;
		registry_release_entry(c, b, TSCF_LEVEL_UNENCRYPTED, waiter);
	} else {
		registry_acknowledged(c, waiter, 0);
	}
}

static void release_preferred(void *context, struct tscf_binding *b)
{
	struct client *c = context;
	struct tscf_binding_key key = b->key;
	if (b->state != TSCF_BINDING_ACTIVE || b->level != TSCF_LEVEL_ENCRYPTED_PREFERRED)
		return;
	b->grace_until = 0;
	c->registry.events->releasing(c);
	/* The entry is changed in its place, whatever it becomes: the table is being gone through. */
	if (!is_whole_address(&key) && wider_entry(c, &key))
		registry_bind(c, &key, TSCF_LEVEL_UNENCRYPTED, 0, false, REGISTRY_WAITER_TRUST);
	else
		registry_release_entry(c, b, TSCF_LEVEL_ENCRYPTED_PREFERRED, REGISTRY_WAITER_TRUST);
}

void registry_release_preferred(struct client *c)
{
	tscf_bindings_each(c->registry.table, release_preferred, c);
}

void registry_end_exception(struct client *c, const struct tscf_binding_key *key, uint64_t waiter)
{
	struct tscf_binding *b = tscf_bindings_get(c->registry.table, key);
	if (!b || b->state != TSCF_BINDING_ACTIVE || b->level != TSCF_LEVEL_UNENCRYPTED) {
		registry_acknowledged(c, waiter, 0);
		return;
	}
	tscf_bindings_remove(c->registry.table, b);
	registry_queue(c, key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_UNENCRYPTED, false, waiter);
}

void registry_flow(struct client *c, const struct tscf_binding_key *flow)
{
	struct tscf_binding_key key;
	tscf_binding_key_implicit(flow, &key);
	struct tscf_binding *b =
	    tscf_bindings_bind(c->registry.table, &key, TSCF_LEVEL_ENCRYPTED_ONLY, c, &c->registry.list);
	if (b) {
		/* The packet itself binds the flow at the server, unless it is lost or a fragment: so it is told as
		 * well. */
		b->implicit = true;
		b->generation = c->registry.generation;
		registry_queue(c, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, false, 0);
	}
	c->registry.seen_any = true;
	registry_resync_soon(c);
}

void registry_resync_soon(struct client *c)
{
	uint64_t at = c->registry.dump_started + REGISTRY_RESYNC_MIN_MS;
	if (at < c->now)
		at = c->now;
	if (at < c->registry.resync_at)
		c->registry.resync_at = at;
}

/* A socket that is moving back keeps its mark until the server knows (moves.h), and the dump may be older than its new
 * mark. */
static bool is_leaving(const struct client *c, const struct tscf_socket *s, const struct tscf_binding *b)
{
	bool released = b && b->state == TSCF_BINDING_RELEASED && b->expires > c->now;
	return c->registry.events->is_leaving(c, s->cookie) ||
	       (released && b->cookie == s->cookie && b->level == TSCF_LEVEL_UNENCRYPTED);
}

/* Whether an encrypted socket has the same key, which then decides, is known only when the dump is complete. */
static void dump_plain_socket(struct client *c, const struct tscf_socket *s, const struct tscf_binding_key *key,
			      struct tscf_binding *b)
{
	struct registry *r = &c->registry;
	if (b && b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_UNENCRYPTED)
		b->generation = r->generation;
	else if (b && b->state == TSCF_BINDING_ACTIVE)
		b->plain_generation = r->generation;
	else if (wider_entry(c, key))
		registry_bind(c, key, TSCF_LEVEL_UNENCRYPTED, s->cookie, false, 0);
}

enum tscf_level registry_level(const struct client *c, const struct tscf_socket *s)
{
	uint32_t value = tscf_mark_get(s->mark, c->config->fwmark_mask);
	enum tscf_level level = (enum tscf_level)(value & TSCF_MARK_LEVEL);
	const struct policy *p = value == 0 ? policy_of_socket(&c->config->policies, s) : NULL;
	/* Of a closed connection the kernel may not tell the mark: that must not make it plain. */
	if (!p || (s->inode == 0 && s->state == TCP_TIME_WAIT && !tscf_level_wants_encryption(p->level)))
		return level;
	return p->level;
}

enum tscf_level registry_effective(const struct client *c, enum tscf_level level)
{
	return level == TSCF_LEVEL_DEFAULT ? c->config->default_level : level;
}

/* A socket that has sent something to where a policy allows no clear packets: what comes back cannot be told from what
 * else it receives. */
static bool sent_to_encrypted_only(const struct client *c, const struct tscf_socket *s, const struct tscf_binding *b)
{
	uint32_t value = tscf_mark_get(s->mark, c->config->fwmark_mask);
	return b && b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_ENCRYPTED_ONLY &&
	       !(value & TSCF_MARK_EXPLICIT) &&
	       policy_may_need_encryption(&c->config->policies, s, value >> TSCF_MARK_POLICY_SHIFT);
}

/* If a policy has bound it, it does no more. */
static void dump_default_socket(struct client *c, const struct tscf_socket *s, struct tscf_binding *b)
{
	if (b && b->state == TSCF_BINDING_ACTIVE && b->cookie == s->cookie && s->inode != 0)
		b->plain_generation = c->registry.generation;
}

static void dump_key(struct client *c, const struct tscf_socket *s, enum tscf_level level,
		     const struct tscf_binding_key *key)
{
	struct tscf_binding *b = tscf_bindings_get(c->registry.table, key);
	/* A preferred socket that has no binding, or is an exception, was plain until now. */
	bool moved = level == TSCF_LEVEL_ENCRYPTED_PREFERRED && (!b || b->level == TSCF_LEVEL_UNENCRYPTED);
	if (sent_to_encrypted_only(c, s, b))
		registry_bind(c, key, TSCF_LEVEL_ENCRYPTED_ONLY, s->cookie, false, 0);
	else if (level == TSCF_LEVEL_DEFAULT)
		dump_default_socket(c, s, b);
	else if (!trusted_network_wants(&c->trusted_network, level))
		dump_plain_socket(c, s, key, b);
	else if (!is_leaving(c, s, b))
		registry_bind(c, key, level, s->cookie, moved, 0);
	else if (b && b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_UNENCRYPTED)
		b->generation = c->registry.generation;
}

static void dump_socket(void *context, const struct tscf_socket *s)
{
	struct client *c = context;
	struct registry *r = &c->registry;
	struct tscf_binding_key keys[TSCF_FAMILIES];
	enum tscf_level level = registry_level(c, s);
	if (level != TSCF_LEVEL_DEFAULT) {
		r->counting[level]++;
		if (tscf_level_wants_encryption(level))
			shares_seen(&r->shares, s->uid);
		c->registry.events->seen(c, s, level);
	}
	unsigned count = registry_keys(c, s, keys);
	device_bound_seen(&r->device_bound, s, keys, count, r->generation);
	for (unsigned i = 0; i < count; i++)
		dump_key(c, s, level, &keys[i]);
}

/*
 * After a dump: what was not in it is gone.  A binding made by packets of a raw socket has no socket with its port; it
 * stays as long as there is a packet between two dumps (decide.c).
 */
static void sweep(void *context, struct tscf_binding *b)
{
	struct client *c = context;
	struct registry *r = &c->registry;
	bool up = dtte_is_up(&c->dtte);
	if (b->guest_until != 0) {
		registry_sweep_guest(c, b);
		return;
	}
	if (b->state == TSCF_BINDING_ACTIVE) {
		bool in_use = b->implicit && b->generation + 1 == r->generation;
		if (b->generation == r->generation || in_use || is_whole_address(&b->key))
			return;
		if (b->level == TSCF_LEVEL_ENCRYPTED_PREFERRED) {
			/* What may be plain leaves nothing behind that could stop the next socket of that port. */
			keep_plain(c, b, b->cookie);
			return;
		}
		if (b->level == TSCF_LEVEL_UNENCRYPTED) {
			registry_queue(c, &b->key, TSCF_BIND_ACTION_CLOSE, b->level, false, 0);
			tscf_bindings_remove(r->table, b);
			return;
		}
		if (b->plain_generation == r->generation && b->told) {
			/* Not by a move: a policy may claim the socket again at once (is_leaving). */
			b->cookie = 0;
			registry_release_entry(c, b, TSCF_LEVEL_UNENCRYPTED, 0);
			return;
		}
		tscf_binding_bury(b, c->now);
		if (up && (b->told || r->covered))
			registry_queue(c, &b->key, TSCF_BIND_ACTION_CLOSE, b->level, false, 0);
		return;
	}
	bool expired = b->expires <= c->now;
	if (b->told && (up || expired || b->state == TSCF_BINDING_RELEASED)) {
		bool close = b->state == TSCF_BINDING_TOMBSTONE && up;
		registry_queue(c, &b->key, close ? TSCF_BIND_ACTION_CLOSE : TSCF_BIND_ACTION_RELEASE, b->level, false,
			       0);
	} else if (!b->told && expired) {
		tscf_bindings_remove(r->table, b);
	}
}

static void dump_done(void *context, int error)
{
	struct client *c = context;
	struct registry *r = &c->registry;
	r->dumping = false;
	/* Half a dump says nothing about what is gone. */
	if (error == 0) {
		memcpy(r->counts, r->counting, sizeof r->counts);
		shares_end(&r->shares);
		r->guests = 0;
		tscf_bindings_each(r->table, sweep, c);
		if (r->covered)
			registry_uncover(c);
		device_bound_sweep(&r->device_bound, r->generation);
		c->registry.events->dumped(c);
	} else if (error != -ECANCELED) {
		/* One that is broken off is followed by one that is waited for. */
		tscf_warning("cannot list the sockets: %s", strerror(-error));
	}
	bool busy = r->seen_any || tscf_bindings_count(r->table) > 0;
	if (busy && r->resync_at == UINT64_MAX)
		r->resync_at = c->now + (r->unannounced ? REGISTRY_RESYNC_POLICY_MS : REGISTRY_RESYNC_MAX_MS);
	dtte_demand(&c->dtte, registry_demand(c), c->now);
}

static void socket_destroyed(void *context, const struct tscf_socket *s)
{
	struct client *c = context;
	c->registry.events->gone(c, s->cookie);
	if (c->registry.seen_any)
		registry_resync_soon(c);
}

void registry_tick(struct client *c)
{
	struct registry *r = &c->registry;
	if (c->now < r->resync_at || r->dumping)
		return;
	begin_dump(r);
	int error = tscf_sockdiag_dump(r->diag);
	r->dumping = error == 0;
	if (error < 0)
		dump_done(c, error);
}

void registry_resync_now(struct client *c)
{
	begin_dump(&c->registry);
	tscf_sockdiag_dump_now(c->registry.diag);
}

uint64_t registry_next(const struct client *c)
{
	return c->registry.dumping ? UINT64_MAX : c->registry.resync_at;
}

bool registry_demand(const struct client *c)
{
	const unsigned *n = c->registry.counts;
	bool any = n[TSCF_LEVEL_ENCRYPTED_ONLY] > 0 || c->config->default_level == TSCF_LEVEL_ENCRYPTED_ONLY;
	bool preferred =
	    n[TSCF_LEVEL_ENCRYPTED_PREFERRED] > 0 || c->config->default_level == TSCF_LEVEL_ENCRYPTED_PREFERRED;
	any = any || c->registry.covered || c->registry.guests > 0;
	/* Those who are about to leave the tunnel need it until they have. */
	return any || (preferred && c->trusted_network.state != TRUSTED_NETWORK_PLAIN);
}

bool registry_has_only(const struct client *c)
{
	return c->registry.counts[TSCF_LEVEL_ENCRYPTED_ONLY] > 0 || c->registry.list.count > 0 ||
	       c->config->default_level == TSCF_LEVEL_ENCRYPTED_ONLY;
}

static void forget(void *context, struct tscf_binding *b)
{
	tscf_bindings_remove(((struct client *)context)->registry.table, b);
}

void registry_forget(struct client *c)
{
	tscf_bindings_each(c->registry.table, forget, c);
	c->registry.covered = false;
	registry_resync_soon(c);
}

static void tell_again(void *context, struct tscf_binding *b)
{
	struct client *c = context;
	bool in_grace = b->grace_until > c->now;
	if (b->state == TSCF_BINDING_ACTIVE) {
		b->told = false;
		registry_queue(c, &b->key, TSCF_BIND_ACTION_BIND, b->level, in_grace, 0);
	} else if (b->told) {
		registry_queue(c, &b->key,
			       b->state == TSCF_BINDING_TOMBSTONE ? TSCF_BIND_ACTION_CLOSE : TSCF_BIND_ACTION_RELEASE,
			       b->level, false, 0);
	}
}

void registry_tunnel_up(struct client *c)
{
	if (c->registry.covered || trusted_network_wants(&c->trusted_network, c->config->default_level))
		registry_bind_whole_address(c);
	c->registry.telling = true;
	tscf_bindings_each(c->registry.table, tell_again, c);
	/*
	 * The preferred sockets are not in the table while there is no tunnel.  They must be told of before the rules
	 * send their packets this way, so this one dump is waited for.
	 */
	registry_resync_now(c);
}

static void drop_preferred(void *context, struct tscf_binding *b)
{
	struct client *c = context;
	bool preferred = b->level == TSCF_LEVEL_ENCRYPTED_PREFERRED && b->state == TSCF_BINDING_ACTIVE;
	bool exception = b->level == TSCF_LEVEL_UNENCRYPTED && b->state == TSCF_BINDING_ACTIVE;
	if (preferred || exception)
		tscf_bindings_remove(c->registry.table, b);
}

void registry_tunnel_lost(struct client *c)
{
	tscf_bindings_each(c->registry.table, drop_preferred, c);
	/* What a policy would refuse needs its exceptions again. */
	if (c->registry.unannounced)
		registry_resync_soon(c);
}
