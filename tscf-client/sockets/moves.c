/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/moves.h"

#include "common/base/log.h"
#include "tscf-client/context.h"
#include "tscf-client/sockets/classify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double milliseconds_since(const struct timespec *then)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) * 1e3 + (double)(now.tv_nsec - then->tv_nsec) / 1e6;
}

/* What a level means for one socket: without a mark, policies decide. */
static enum tscf_level effective_of(const struct client *c, uint32_t value, const struct tscf_socket *s)
{
	struct tscf_socket with = *s;
	with.mark = tscf_mark_set(s->mark, c->config->fwmark_mask, value);
	return registry_effective(&c->registry, registry_level(&c->registry, &with));
}

/* Close a socket of a change.  It may be the socket's last descriptor, unless the call that brought it is still
 * open. */
static void let_go(struct client *c, const struct change *change, int fd)
{
	if (fd >= 0 && change->call && !change->detailed)
		tscf_control_release(change->call, fd);
	else if (fd >= 0)
		tscf_control_discard(c->control, fd);
}

static struct change *change_new(struct client *c, enum tscf_level level)
{
	struct change *change = calloc(1, sizeof(*change));
	if (!change)
		return NULL;
	change->level = level;
	change->deadline = c->now + MOVES_WAIT_MS;
	change->last = &change->moves;
	clock_gettime(CLOCK_MONOTONIC, &change->started);
	change->next = c->moves.changes;
	c->moves.changes = change;
	return change;
}

static struct change *change_for(struct client *c, struct tscf_control_call_in *call, bool detailed)
{
	struct change *change = change_new(c, (enum tscf_level)call->request.level);
	if (!change)
		return NULL;
	if (call->request.timeout_ms > 0)
		change->deadline = c->now + call->request.timeout_ms;
	change->call = call;
	change->detailed = detailed;
	call->user = change;
	return change;
}

static char *describe(struct client *c, const struct change *change)
{
	json_t *list = json_array();
	for (const struct move *m = change->moves; m; m = m->next)
		json_array_append_new(list, report_socket(c, &m->socket, m->value, m->pid, NULL));
	json_t *answer =
	    json_pack("{s:i, s:i, s:f, s:s, s:s, s:o}", "moved", (int)(change->count - change->open), "pending",
		      (int)change->open, "milliseconds", milliseconds_since(&change->started), "encrypted",
		      dtte_state_name(c->dtte.state), "reason", c->dtte.reason, "sockets", list);
	char *text = answer ? json_dumps(answer, 0) : NULL;
	json_decref(answer);
	return text;
}

static void answer(struct client *c, struct change *change)
{
	struct tscf_control_call_in *call = change->call;
	if (!call)
		return;
	change->call = NULL;
	call->user = NULL;
	char *text = change->detailed && change->count > 0 ? describe(c, change) : NULL;
	tscf_control_answer(call, -change->error, text);
	free(text);
}

static void move_done(struct client *c, struct move *m)
{
	if (m->done)
		return;
	m->done = true;
	m->change->open--;
	HASH_DELETE(by_socket, c->moves.by_socket, m);
}

static void change_free(struct client *c, struct change *change)
{
	for (struct change **at = &c->moves.changes; *at; at = &(*at)->next) {
		if (*at == change) {
			*at = change->next;
			break;
		}
	}
	while (change->moves) {
		struct move *m = change->moves;
		change->moves = m->next;
		move_done(c, m);
		HASH_DEL(c->moves.by_id, m);
		let_go(c, change, m->fd);
		free(m);
	}
	free(change);
}

/* An answered change stays while one of its sockets waits for its mark. */
static void settle(struct client *c, struct change *change)
{
	if (change->open > 0)
		return;
	answer(c, change);
	change_free(c, change);
}

/* The newest request for a socket holds: an older one must not set its mark later. */
static void supersede(struct client *c, uint64_t cookie)
{
	struct move *m;
	HASH_FIND(by_socket, c->moves.by_socket, &cookie, sizeof(cookie), m);
	if (!m)
		return;
	struct change *change = m->change;
	let_go(c, change, m->fd);
	m->fd = -1;
	move_done(c, m);
	settle(c, change);
}

static struct move *move_new(struct client *c, struct change *change, const struct tscf_socket *s, uint32_t value,
			     int fd, pid_t pid)
{
	struct move *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	supersede(c, s->cookie);
	m->id = ++c->moves.last_id;
	m->change = change;
	m->socket = *s;
	m->value = value;
	m->level = (enum tscf_level)(value & TSCF_MARK_LEVEL);
	m->effective = effective_of(c, value, s);
	m->fd = fd;
	m->pid = pid;
	*change->last = m;
	change->last = &m->next;
	change->count++;
	change->open++;
	HASH_ADD(hh, c->moves.by_id, id, sizeof(m->id), m);
	HASH_ADD(by_socket, c->moves.by_socket, socket.cookie, sizeof(m->socket.cookie), m);
	return m;
}

/* Connections that wait in the queue of a listening socket are marked with it. */
static int mark_socket(struct client *c, const struct move *m)
{
	bool queue = tscf_level_wants_encryption(m->level) && accept_queue_listens(&m->socket);
	int error = queue ? accept_queue_before(&c->accept_queue, &m->socket) : 0;
	if (error == 0)
		error = tscf_socket_set_mark(m->fd, c->config->fwmark_mask, m->value);
	return error == 0 && queue ? accept_queue_after(&c->accept_queue, &m->socket, m->value) : error;
}

static void set_mark(struct client *c, struct move *m)
{
	int error = mark_socket(c, m);
	if (error < 0) {
		tscf_warning("cannot set the mark of a socket: %s", strerror(-error));
		/* The caller must not use the socket after this error. */
		if (m->change->by_default && m->level == TSCF_LEVEL_ENCRYPTED_ONLY)
			error = -EACCES;
		if (m->change->error == 0)
			m->change->error = error;
	} else {
		subscriptions_socket(&c->subscriptions, &m->socket, m->level);
	}
	let_go(c, m->change, m->fd);
	m->fd = -1;
}

/* The server confirms keys; a socket with two keys waits for both.  @return the registry's waiter for the move. */
static uint64_t waiter_of(const struct move *m, const struct tscf_binding_key *key)
{
	return m->id << 1 | tscf_family_index(key->local.family);
}

static void wait_for(struct move *m, const struct tscf_binding_key *keys, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		m->waits |= 1U << tscf_family_index(keys[i].local.family);
}

/* The binding of the default level covers the whole address. */
static void end_exceptions(struct client *c, struct move *m, const struct tscf_binding_key *keys, unsigned count)
{
	struct move copy = *m;
	set_mark(c, m);
	wait_for(m, keys, count);
	for (unsigned i = 0; i < count; i++)
		registry_end_exception(&c->registry, &keys[i], waiter_of(&copy, &keys[i]));
}

static void bind_keys(struct client *c, struct move *m, const struct tscf_binding_key *keys, unsigned count, bool moved)
{
	bool waits = m->change->detailed;
	if (waits)
		wait_for(m, keys, count);
	for (unsigned i = 0; i < count; i++)
		registry_bind(&c->registry, &keys[i], m->effective, m->socket.cookie, moved, waits ? waiter_of(m, &keys[i]) : 0);
}

static bool by_policy(const struct client *c, const struct move *m)
{
	return m->level == TSCF_LEVEL_DEFAULT && policy_of_socket(&c->config->policies, &m->socket);
}

static void to_encrypted(struct client *c, struct move *m, bool was_plain)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(&c->registry, &m->socket, keys);
	if (count > 0 && m->level == TSCF_LEVEL_DEFAULT && !by_policy(c, m)) {
		end_exceptions(c, m, keys, count);
		return;
	}
	if (count > 0) {
		bind_keys(c, m, keys, count, was_plain);
		registry_flush(&c->registry);
		c->registry.counts[m->effective]++;
	}
	set_mark(c, m);
	if (count > 0)
		dtte_demand(&c->dtte, true, c->now);
	else
		dtte_touch(&c->dtte, c->now);
	registry_resync_soon(&c->registry);
	if (count == 0 || !m->change->detailed)
		move_done(c, m);
}

/*
 * The keys that must be released.  A tombstone of the port's last owner is lifted too, because this request is
 * explicit.  But the request does not concern other sockets that have the port now.  The resync finds out whether there
 * are any, in which case the binding stays.
 */
static unsigned keys_to_release(const struct client *c, const struct move *m, bool was_encrypted,
				struct tscf_binding_key keys[TSCF_FAMILIES])
{
	unsigned count = registry_keys(&c->registry, &m->socket, keys), kept = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct tscf_binding *b = tscf_bindings_get(c->registry.table, &keys[i]);
		if ((was_encrypted || b) && !registry_is_of_others(b, m->socket.cookie))
			keys[kept++] = keys[i];
	}
	return kept;
}

static void to_plain(struct client *c, struct move *m, bool was_encrypted)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = keys_to_release(c, m, was_encrypted, keys);
	struct move copy = *m;
	m->to_plain = true;
	registry_resync_soon(&c->registry);
	if (count == 0) {
		set_mark(c, m);
		move_done(c, m);
		return;
	}
	wait_for(m, keys, count);
	/* The last confirmation ends the move. */
	for (unsigned i = 0; i < count; i++)
		registry_release(&c->registry, &keys[i], waiter_of(&copy, &keys[i]));
}

/* A user's socket that becomes encrypted uses up part of the number that the server lets this client register. */
static bool has_share(struct client *c, const struct tscf_socket *s, uint32_t old, uint32_t value)
{
	if (tscf_level_wants_encryption(effective_of(c, old, s)) ||
	    !tscf_level_wants_encryption(effective_of(c, value, s)))
		return true;
	if (shares_take(&c->registry.shares, s->uid))
		return true;
	tscf_debug("user %u has too many encrypted sockets", s->uid);
	return false;
}

int moves_add(struct client *c, struct change *change, int fd, pid_t pid)
{
	struct tscf_socket s;
	int error = tscf_socket_same_netns(fd);
	if (error == 0)
		error = -EXDEV;
	else if (error > 0)
		error = tscf_socket_of_fd(fd, &s);
	uint32_t old = error < 0 ? 0 : tscf_mark_get(s.mark, c->config->fwmark_mask), value = old;
	if (error >= 0)
		value =
		    change->by_default ? classify(c, fd, &s, pid, change->level) : tscf_mark_explicit(change->level);
	bool nothing = error >= 0 && change->by_default && value == old;
	if (error >= 0 && !nothing && !has_share(c, &s, old, value))
		error = -EACCES;
	struct move *m = error < 0 || nothing ? NULL : move_new(c, change, &s, value, fd, pid);
	if (!m) {
		let_go(c, change, fd);
		return error < 0 ? error : nothing ? 0 : -ENOMEM;
	}
	bool was = trusted_network_wants(&c->trusted_network, effective_of(c, old, &s));
	if (trusted_network_wants(&c->trusted_network, m->effective))
		to_encrypted(c, m, !was);
	else
		to_plain(c, m, was);
	return 0;
}

static int check_level(const struct tscf_control_call_in *call)
{
	return call->request.level <= TSCF_LEVEL_ENCRYPTED_PREFERRED ? 0 : EINVAL;
}

static void give_level(struct client *c, struct tscf_control_call_in *call, bool by_default)
{
	struct change *change;
	if (call->fd < 0 || check_level(call) != 0 || !(change = change_for(c, call, false))) {
		tscf_control_answer(call, EINVAL, NULL);
		return;
	}
	int fd = call->fd;
	call->fd = -1;
	change->by_default = by_default;
	change->open++;
	moves_end(c, change, moves_add(c, change, fd, call->pid));
}

void moves_set_level(struct client *c, struct tscf_control_call_in *call)
{
	give_level(c, call, call->request.flags & TSCF_CONTROL_FLAG_DEFAULT);
}

void moves_get_level(struct client *c, struct tscf_control_call_in *call)
{
	struct tscf_socket s;
	int error = call->fd < 0 ? -EINVAL : tscf_socket_of_fd(call->fd, &s);
	if (error == 0)
		call->level = tscf_mark_level(s.mark, c->config->fwmark_mask);
	tscf_control_answer(call, -error, NULL);
}

static void bound(struct client *c, const struct tscf_socket *s, bool moved)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	enum tscf_level level = registry_level(&c->registry, s);
	unsigned count = registry_keys(&c->registry, s, keys);
	for (unsigned i = 0; i < count; i++) {
		struct tscf_binding *b = tscf_bindings_get(c->registry.table, &keys[i]);
		if (trusted_network_wants(&c->trusted_network, level))
			registry_bind(&c->registry, &keys[i], level, s->cookie, moved, 0);
		else if (level != TSCF_LEVEL_DEFAULT && b && !registry_is_of_others(b, s->cookie))
			registry_release(&c->registry, &keys[i], 0);
	}
	if (count == 0 || !trusted_network_wants(&c->trusted_network, level))
		return;
	registry_flush(&c->registry);
	c->registry.counts[level]++;
	dtte_demand(&c->dtte, true, c->now);
}

void moves_found(struct client *c, const struct tscf_socket *s)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	enum tscf_level level = registry_level(&c->registry, s);
	unsigned count = registry_keys(&c->registry, s, keys);
	for (unsigned i = 0; i < count; i++)
		registry_bind(&c->registry, &keys[i], level, s->cookie, false, 0);
	if (count == 0)
		return;
	c->registry.counts[level]++;
	dtte_demand(&c->dtte, true, c->now);
}

void moves_marked(struct client *c, const struct tscf_socket *s, uint32_t before)
{
	bool was = trusted_network_wants(&c->trusted_network,
					 effective_of(c, tscf_mark_get(before, c->config->fwmark_mask), s));
	enum tscf_level level = registry_level(&c->registry, s);
	bound(c, s, !was);
	subscriptions_socket(&c->subscriptions, s, level);
	if (trusted_network_wants(&c->trusted_network, level) && s->local_port == 0)
		dtte_touch(&c->dtte, c->now);
	registry_resync_soon(&c->registry);
}

void moves_bound(struct client *c, struct tscf_control_call_in *call)
{
	struct tscf_socket s;
	int error = call->fd < 0 ? -EINVAL : tscf_socket_same_netns(call->fd);
	if (error == 0)
		error = -EXDEV;
	else if (error > 0)
		error = tscf_socket_of_fd(call->fd, &s);
	if (error == 0 && call->request.flags & TSCF_CONTROL_FLAG_DEFAULT &&
	    classify_changes(c, call->fd, &s, call->pid, (enum tscf_level)call->request.level)) {
		give_level(c, call, true);
		return;
	}
	if (error == 0) {
		bound(c, &s, false);
		subscriptions_socket(&c->subscriptions, &s, registry_level(&c->registry, &s));
	}
	registry_resync_soon(&c->registry);
	tscf_control_answer(call, -error, NULL);
}

/* Answer callers that wait for the encrypted tunnel.  A socket that moves back goes on, since its mark depends on
 * it. */
static void give_up(struct client *c, struct change *change)
{
	answer(c, change);
	for (struct move *m = change->moves; m; m = m->next)
		if (!m->to_plain)
			move_done(c, m);
	settle(c, change);
}

static bool waits_for_tunnel(const struct client *c, const struct change *change)
{
	return trusted_network_wants(&c->trusted_network, registry_effective(&c->registry, change->level));
}

struct change *moves_begin(struct client *c, struct tscf_control_call_in *call)
{
	struct change *change = check_level(call) == 0 ? change_for(c, call, true) : NULL;
	if (change)
		change->open++;
	return change;
}

struct change *moves_begin_own(struct client *c, enum tscf_level level)
{
	struct change *change = change_new(c, level);
	if (change)
		change->open++;
	return change;
}

struct change *moves_begin_default(struct client *c, enum tscf_level level)
{
	struct change *change = change_new(c, level);
	if (!change)
		return NULL;
	change->by_default = true;
	change->open++;
	return change;
}

void moves_end(struct client *c, struct change *change, int error)
{
	change->open--;
	if (error < 0)
		change->error = error;
	if (change->detailed && c->dtte.state == DTTE_FAILED && waits_for_tunnel(c, change))
		give_up(c, change);
	else
		settle(c, change);
}

void moves_gone(struct client *c, struct tscf_control_call_in *call)
{
	struct change *change = call->user;
	(void)c;
	if (change)
		change->call = NULL;
}

void moves_acknowledged(struct client *c, uint64_t waiter, int error)
{
	struct move *m = NULL;
	uint64_t id = waiter >> 1;
	if (id != 0)
		HASH_FIND(hh, c->moves.by_id, &id, sizeof(id), m);
	if (!m || m->done)
		return;
	if (m->to_plain || error == 0)
		m->waits &= ~(1U << (waiter & 1));
	if (m->waits != 0)
		return;
	if (m->to_plain) {
		set_mark(c, m);
		/* A dump that ran meanwhile has seen the old mark. */
		registry_resync_soon(&c->registry);
	} else if (error < 0) {
		return; /* go on waiting: the encrypted tunnel may come back before the deadline */
	}
	move_done(c, m);
	settle(c, m->change);
}

bool moves_is_leaving(const struct client *c, uint64_t cookie)
{
	struct move *m;
	HASH_FIND(by_socket, c->moves.by_socket, &cookie, sizeof(cookie), m);
	return m && m->to_plain;
}

void moves_tunnel_up(struct client *c)
{
	for (struct change *change = c->moves.changes; change; change = change->next) {
		for (struct move *m = change->moves; m; m = m->next) {
			struct tscf_binding_key keys[TSCF_FAMILIES];
			if (!m->done && !m->to_plain)
				bind_keys(c, m, keys, registry_keys(&c->registry, &m->socket, keys), true);
		}
	}
}

void moves_tunnel_failed(struct client *c)
{
	for (struct change *change = c->moves.changes, *next; change; change = next) {
		next = change->next;
		if (waits_for_tunnel(c, change))
			give_up(c, change);
	}
}

void moves_trusted(struct client *c)
{
	for (struct change *change = c->moves.changes, *next; change; change = next) {
		next = change->next;
		if (registry_effective(&c->registry, change->level) == TSCF_LEVEL_ENCRYPTED_PREFERRED)
			give_up(c, change);
	}
}

static void tick(void *context)
{
	struct client *c = context;
	for (struct change *change = c->moves.changes, *next; change; change = next) {
		next = change->next;
		if (c->now >= change->deadline) {
			change->deadline = UINT64_MAX;
			give_up(c, change);
		}
	}
}

static uint64_t next_due(const void *context)
{
	const struct client *c = context;
	uint64_t next = UINT64_MAX;
	for (const struct change *change = c->moves.changes; change; change = change->next)
		if (change->deadline < next)
			next = change->deadline;
	return next;
}

void moves_init(struct client *c)
{
	tscf_timers_add(&c->timers, &c->moves.timer, next_due, tick, c);
}

void moves_free(struct client *c)
{
	while (c->moves.changes) {
		answer(c, c->moves.changes);
		change_free(c, c->moves.changes);
	}
}
