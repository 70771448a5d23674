/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/moves.h"

#include "common/base/log.h"
#include "tscf-client/sockets/classify.h"
#include "tscf-client/sockets/moves_answer.h"
#include "tscf-client/sockets/moves_note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a level means for one socket: without a mark, policies decide. */
static enum tscf_level effective_of(const struct moves *moves, uint32_t value, const struct tscf_socket *s)
{
	struct tscf_socket with = *s;
	with.mark = tscf_mark_set(s->mark, moves->config->fwmark_mask, value);
	return registry_effective(moves->registry, registry_level(moves->registry, &with));
}

/* Close a socket of a change.  It may be the socket's last descriptor, unless the call that brought it is still
 * open. */
static void let_go(struct moves *moves, const struct change *change, int fd)
{
	if (fd >= 0 && change->call && !change->detailed)
		tscf_control_release(change->call, fd);
	else if (fd >= 0)
		tscf_control_discard(*moves->control, fd);
}

static struct change *change_new(struct moves *moves, enum tscf_level level)
{
	struct change *change = calloc(1, sizeof(*change));
	if (!change)
		return NULL;
	change->level = level;
	change->deadline = tscf_timers_now(moves->timers) + MOVES_WAIT_MS;
	change->last = &change->moves;
	clock_gettime(CLOCK_MONOTONIC, &change->started);
	change->next = moves->changes;
	moves->changes = change;
	return change;
}

static struct change *change_for(struct moves *moves, struct tscf_control_call_in *call, bool detailed)
{
	struct change *change = change_new(moves, (enum tscf_level)call->request.level);
	if (!change)
		return NULL;
	if (call->request.timeout_ms > 0)
		change->deadline = tscf_timers_now(moves->timers) + call->request.timeout_ms;
	change->call = call;
	change->detailed = detailed;
	call->user = change;
	return change;
}

static void answer(struct moves *moves, struct change *change)
{
	struct tscf_control_call_in *call = change->call;
	if (!call)
		return;
	change->call = NULL;
	call->user = NULL;
	char *text = change->detailed ? moves_describe(moves, change) : NULL;
	tscf_control_answer(call, -change->error, text);
	free(text);
}

static void move_done(struct moves *moves, struct move *m)
{
	if (m->done)
		return;
	m->done = true;
	m->change->open--;
	HASH_DELETE(by_socket, moves->by_socket, m);
}

static void change_free(struct moves *moves, struct change *change)
{
	for (struct change **at = &moves->changes; *at; at = &(*at)->next) {
		if (*at == change) {
			*at = change->next;
			break;
		}
	}
	while (change->moves) {
		struct move *m = change->moves;
		change->moves = m->next;
		move_done(moves, m);
		HASH_DEL(moves->by_id, m);
		let_go(moves, change, m->fd);
		free(m);
	}
	moves_missed_free(change);
	free(change);
}

/* An answered change stays while one of its sockets waits for its mark. */
static void settle(struct moves *moves, struct change *change)
{
	if (change->open > 0)
		return;
	answer(moves, change);
	change_free(moves, change);
}

/* The newest request for a socket holds: an older one must not set its mark later. */
static void supersede(struct moves *moves, uint64_t cookie)
{
	struct move *m;
	HASH_FIND(by_socket, moves->by_socket, &cookie, sizeof(cookie), m);
	if (!m)
		return;
	struct change *change = m->change;
	let_go(moves, change, m->fd);
	m->fd = -1;
	move_done(moves, m);
	settle(moves, change);
}

static struct move *move_new(struct moves *moves, struct change *change, const struct tscf_socket *s, uint32_t value,
			     int fd, pid_t pid)
{
	struct move *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	supersede(moves, s->cookie);
	m->id = ++moves->last_id;
	m->change = change;
	m->socket = *s;
	m->value = value;
	m->level = (enum tscf_level)(value & TSCF_MARK_LEVEL);
	m->effective = effective_of(moves, value, s);
	m->fd = fd;
	m->pid = pid;
	*change->last = m;
	change->last = &m->next;
	change->count++;
	change->open++;
	HASH_ADD(hh, moves->by_id, id, sizeof(m->id), m);
	HASH_ADD(by_socket, moves->by_socket, socket.cookie, sizeof(m->socket.cookie), m);
	return m;
}

/* Connections that wait in the queue of a listening socket are marked with it. */
static int mark_socket(struct moves *moves, const struct move *m)
{
	bool encrypted = tscf_level_wants_encryption(m->level);
	bool queue = encrypted && accept_queue_listens(&m->socket);
	const char *what = "a socket of this protocol cannot be encrypted";
	int error = encrypted && !tscf_socket_obeys_mark(&m->socket) ? -EOPNOTSUPP : 0;
	if (error == 0 && queue) {
		what = "cannot list the connections of a listening socket";
		error = accept_queue_before(moves->accept_queue, &m->socket);
	}
	if (error == 0) {
		what = "cannot set the mark of a socket";
		error = tscf_socket_set_mark(m->fd, moves->config->fwmark_mask, m->value);
	}
	if (error == 0 && queue) {
		what = "a listening socket has its mark, but the connections that wait for it have none";
		error = accept_queue_after(moves->accept_queue, &m->socket, m->value);
	}
	if (error < 0)
		tscf_warning("%s: %s", what, strerror(-error));
	return error;
}

static void set_mark(struct moves *moves, struct move *m)
{
	int error = mark_socket(moves, m);
	if (error < 0) {
		/* The caller must not use the socket after this error. */
		if (m->change->by_default && m->level == TSCF_LEVEL_ENCRYPTED_ONLY)
			error = -EACCES;
		m->failed = true;
		moves_missed(moves, m->change, &m->socket, m->pid, error);
	} else {
		subscriptions_socket(moves->subscriptions, &m->socket, m->level);
		moves_note(moves, m, effective_of(moves, m->before, &m->socket));
	}
	let_go(moves, m->change, m->fd);
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
static void end_exceptions(struct moves *moves, struct move *m, const struct tscf_binding_key *keys, unsigned count)
{
	struct move copy = *m;
	set_mark(moves, m);
	wait_for(m, keys, count);
	for (unsigned i = 0; i < count; i++)
		registry_end_exception(moves->registry, &keys[i], waiter_of(&copy, &keys[i]));
}

static void bind_keys(struct moves *moves, struct move *m, const struct tscf_binding_key *keys, unsigned count,
		      bool moved)
{
	bool waits = m->change->detailed;
	if (waits)
		wait_for(m, keys, count);
	for (unsigned i = 0; i < count; i++)
		registry_bind(moves->registry, &keys[i], m->effective, m->socket.cookie, moved,
			      waits ? waiter_of(m, &keys[i]) : 0);
}

static bool by_policy(const struct moves *moves, const struct move *m)
{
	return m->level == TSCF_LEVEL_DEFAULT && policy_of_socket(&moves->config->policies, &m->socket);
}

static void to_encrypted(struct moves *moves, struct move *m, bool was_plain)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(moves->registry, &m->socket, keys);
	if (count > 0 && m->level == TSCF_LEVEL_DEFAULT && !by_policy(moves, m)) {
		end_exceptions(moves, m, keys, count);
		return;
	}
	if (count > 0) {
		bind_keys(moves, m, keys, count, was_plain);
		registry_flush(moves->registry);
		moves->registry->counts[m->effective]++;
	}
	/* From the mark on its packets must be held, although the tunnel may have been refused to preferred sockets. */
	if (m->effective == TSCF_LEVEL_ENCRYPTED_ONLY)
		registry_only_seen(moves->registry);
	set_mark(moves, m);
	registry_resync_soon(moves->registry);
	if (count > 0)
		dtte_demand(moves->dtte, true, tscf_timers_now(moves->timers));
	else
		dtte_touch(moves->dtte, tscf_timers_now(moves->timers));
	if (count == 0 || !m->change->detailed || m->failed)
		move_done(moves, m);
}

/*
 * The keys that must be released.  A tombstone of the port's last owner is lifted too, because this request is
 * explicit.  But the request does not concern other sockets that have the port now.  The resync finds out whether there
 * are any, in which case the binding stays.
 */
static unsigned keys_to_release(const struct moves *moves, const struct move *m, bool was_encrypted,
				struct tscf_binding_key keys[TSCF_FAMILIES])
{
	unsigned count = registry_keys(moves->registry, &m->socket, keys), kept = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct tscf_binding *b = tscf_bindings_get(moves->registry->table, &keys[i]);
		if ((was_encrypted || b) && !registry_is_of_others(b, m->socket.cookie))
			keys[kept++] = keys[i];
	}
	return kept;
}

static void to_plain(struct moves *moves, struct move *m, bool was_encrypted)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = keys_to_release(moves, m, was_encrypted, keys);
	struct move copy = *m;
	m->to_plain = true;
	registry_resync_soon(moves->registry);
	if (count == 0) {
		set_mark(moves, m);
		move_done(moves, m);
		return;
	}
	wait_for(m, keys, count);
	/* The last confirmation ends the move. */
	for (unsigned i = 0; i < count; i++)
		registry_release(moves->registry, &keys[i], waiter_of(&copy, &keys[i]));
}

/* A user's socket that becomes encrypted uses up part of the number that the server lets this client register. */
static bool has_share(struct moves *moves, const struct tscf_socket *s, uint32_t old, uint32_t value)
{
	if (tscf_level_wants_encryption(effective_of(moves, old, s)) ||
	    !tscf_level_wants_encryption(effective_of(moves, value, s)))
		return true;
	if (shares_take(&moves->registry->shares, s->uid))
		return true;
	tscf_debug("user %u has too many encrypted sockets", s->uid);
	return false;
}

/* @return 0 or -errno, which is noted, unless it is no inet socket. */
static int refuse(struct moves *moves, struct change *change, int fd, pid_t pid, int error)
{
	struct tscf_socket s;
	if (error < 0 && tscf_socket_of_fd(fd, &s) == -EAFNOSUPPORT)
		error = -EAFNOSUPPORT;
	else if (error < 0)
		moves_missed(moves, change, &s, pid, error);
	let_go(moves, change, fd);
	return error;
}

int moves_add(struct moves *moves, struct change *change, int fd, pid_t pid)
{
	struct tscf_socket s;
	int error = tscf_socket_of_own(fd, &s);
	uint32_t old = error < 0 ? 0 : tscf_mark_get(s.mark, moves->config->fwmark_mask), value = old;
	if (error >= 0)
		value = change->by_default ? classify(moves->guard, fd, &s, pid, change->level)
					   : tscf_mark_explicit(change->level);
	bool nothing = error >= 0 && change->by_default && value == old;
	if (nothing && moves->guard->on)
		guard_set_settle(&moves->guard->set, fd, value);
	if (error >= 0 && !nothing && !has_share(moves, &s, old, value))
		error = -EACCES;
	struct move *m = error < 0 || nothing ? NULL : move_new(moves, change, &s, value, fd, pid);
	if (!m)
		return refuse(moves, change, fd, pid, error < 0 ? error : nothing ? 0 : -ENOMEM);
	m->before = old;
	bool was = preferred_wants(moves->preferred, effective_of(moves, old, &s));
	if (preferred_wants(moves->preferred, m->effective))
		to_encrypted(moves, m, !was);
	else
		to_plain(moves, m, was);
	return 0;
}

static int check_level(const struct tscf_control_call_in *call)
{
	return call->request.level <= TSCF_LEVEL_ENCRYPTED_PREFERRED ? 0 : EINVAL;
}

static void give_level(struct moves *moves, struct tscf_control_call_in *call, bool by_default)
{
	struct change *change;
	if (call->fd < 0 || check_level(call) != 0 || !(change = change_for(moves, call, false))) {
		tscf_control_answer(call, EINVAL, NULL);
		return;
	}
	int fd = call->fd;
	call->fd = -1;
	change->by_default = by_default;
	change->open++;
	moves_end(moves, change, moves_add(moves, change, fd, call->pid));
}

void moves_set_level(struct moves *moves, struct tscf_control_call_in *call)
{
	give_level(moves, call, call->request.flags & TSCF_CONTROL_FLAG_DEFAULT);
}

void moves_get_level(struct moves *moves, struct tscf_control_call_in *call)
{
	struct tscf_socket s;
	int error = call->fd < 0 ? -EINVAL : tscf_socket_of_fd(call->fd, &s);
	if (error == 0)
		call->level = tscf_mark_level(s.mark, moves->config->fwmark_mask);
	tscf_control_answer(call, -error, NULL);
}

static void bound(struct moves *moves, const struct tscf_socket *s, bool moved)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	enum tscf_level level = registry_level(moves->registry, s);
	unsigned count = registry_keys(moves->registry, s, keys);
	for (unsigned i = 0; i < count; i++) {
		struct tscf_binding *b = tscf_bindings_get(moves->registry->table, &keys[i]);
		if (preferred_wants(moves->preferred, level))
			registry_bind(moves->registry, &keys[i], level, s->cookie, moved, 0);
		else if (level != TSCF_LEVEL_DEFAULT && b && !registry_is_of_others(b, s->cookie))
			registry_release(moves->registry, &keys[i], 0);
	}
	if (count == 0 || !preferred_wants(moves->preferred, level))
		return;
	registry_flush(moves->registry);
	moves->registry->counts[level]++;
	dtte_demand(moves->dtte, true, tscf_timers_now(moves->timers));
}

void moves_found(struct moves *moves, const struct tscf_socket *s)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	enum tscf_level level = registry_level(moves->registry, s);
	unsigned count = registry_keys(moves->registry, s, keys);
	for (unsigned i = 0; i < count; i++)
		registry_bind(moves->registry, &keys[i], level, s->cookie, false, 0);
	if (count == 0)
		return;
	moves->registry->counts[level]++;
	dtte_demand(moves->dtte, true, tscf_timers_now(moves->timers));
	if (moves->registry->exact)
		registry_told(moves->registry, s);
}

void moves_marked(struct moves *moves, const struct tscf_socket *s, uint32_t before)
{
	bool was = preferred_wants(moves->preferred,
				   effective_of(moves, tscf_mark_get(before, moves->config->fwmark_mask), s));
	enum tscf_level level = registry_level(moves->registry, s);
	bound(moves, s, !was);
	subscriptions_socket(moves->subscriptions, s, level);
	if (before != s->mark)
		history_level(&moves->history, s->cookie, false, tscf_timers_now(moves->timers));
	if (level == TSCF_LEVEL_ENCRYPTED_ONLY)
		registry_only_seen(moves->registry);
	if (preferred_wants(moves->preferred, level) && s->local_port == 0)
		dtte_touch(moves->dtte, tscf_timers_now(moves->timers));
	registry_told(moves->registry, s);
}

void moves_bound(struct moves *moves, struct tscf_control_call_in *call)
{
	struct tscf_socket s;
	uint32_t fresh;
	int error = call->fd < 0 ? -EINVAL : tscf_socket_of_own(call->fd, &s);
	if (error == 0 && call->request.flags & TSCF_CONTROL_FLAG_DEFAULT &&
	    classify_changes(moves->guard, call->fd, &s, call->pid, (enum tscf_level)call->request.level, &fresh)) {
		give_level(moves, call, true);
		return;
	}
	if (error == 0) {
		bound(moves, &s, false);
		subscriptions_socket(moves->subscriptions, &s, registry_level(moves->registry, &s));
	}
	registry_resync_soon(moves->registry);
	tscf_control_answer(call, -error, NULL);
}

/* Answer callers that wait for the encrypted tunnel.  A socket that moves back goes on, since its mark depends on
 * it. */
static void give_up(struct moves *moves, struct change *change)
{
	answer(moves, change);
	for (struct move *m = change->moves; m; m = m->next)
		if (!m->to_plain)
			move_done(moves, m);
	settle(moves, change);
}

static bool waits_for_tunnel(const struct moves *moves, const struct change *change)
{
	return preferred_wants(moves->preferred, registry_effective(moves->registry, change->level));
}

struct change *moves_begin(struct moves *moves, struct tscf_control_call_in *call)
{
	struct change *change = check_level(call) == 0 ? change_for(moves, call, true) : NULL;
	if (change)
		change->open++;
	return change;
}

struct change *moves_begin_own(struct moves *moves, enum tscf_level level)
{
	struct change *change = change_new(moves, level);
	if (change)
		change->open++;
	return change;
}

struct change *moves_begin_default(struct moves *moves, enum tscf_level level)
{
	struct change *change = change_new(moves, level);
	if (!change)
		return NULL;
	change->by_default = true;
	change->open++;
	return change;
}

void moves_end(struct moves *moves, struct change *change, int error)
{
	change->open--;
	if (error < 0)
		change->error = error;
	if (change->detailed && moves->dtte->state == DTTE_FAILED && waits_for_tunnel(moves, change))
		give_up(moves, change);
	else
		settle(moves, change);
}

void moves_gone(struct tscf_control_call_in *call)
{
	struct change *change = call->user;
	if (change)
		change->call = NULL;
}

void moves_acknowledged(struct moves *moves, uint64_t waiter, int error)
{
	struct move *m = NULL;
	uint64_t id = waiter >> 1;
	if (id != 0)
		HASH_FIND(hh, moves->by_id, &id, sizeof(id), m);
	if (!m || m->done)
		return;
	if (m->to_plain || error == 0)
		m->waits &= ~(1U << (waiter & 1));
	if (m->waits != 0)
		return;
	if (m->to_plain) {
		set_mark(moves, m);
		/* A dump that ran meanwhile has seen the old mark. */
		registry_resync_soon(moves->registry);
	} else if (error < 0) {
		return; /* go on waiting: the encrypted tunnel may come back before the deadline */
	}
	move_done(moves, m);
	settle(moves, m->change);
}

bool moves_is_leaving(const struct moves *moves, uint64_t cookie)
{
	struct move *m;
	HASH_FIND(by_socket, moves->by_socket, &cookie, sizeof(cookie), m);
	return m && m->to_plain;
}

void moves_tunnel_up(struct moves *moves)
{
	for (struct change *change = moves->changes; change; change = change->next) {
		for (struct move *m = change->moves; m; m = m->next) {
			struct tscf_binding_key keys[TSCF_FAMILIES];
			if (!m->done && !m->to_plain)
				bind_keys(moves, m, keys, registry_keys(moves->registry, &m->socket, keys), true);
		}
	}
}

void moves_tunnel_failed(struct moves *moves)
{
	for (struct change *change = moves->changes, *next; change; change = next) {
		next = change->next;
		if (waits_for_tunnel(moves, change))
			give_up(moves, change);
	}
}

void moves_preferred_plain(struct moves *moves)
{
	for (struct change *change = moves->changes, *next; change; change = next) {
		next = change->next;
		if (registry_effective(moves->registry, change->level) == TSCF_LEVEL_ENCRYPTED_PREFERRED)
			give_up(moves, change);
	}
}

static void tick(void *context)
{
	struct moves *moves = context;
	for (struct change *change = moves->changes, *next; change; change = next) {
		next = change->next;
		if (tscf_timers_now(moves->timers) >= change->deadline) {
			change->deadline = UINT64_MAX;
			give_up(moves, change);
		}
	}
}

static uint64_t next_due(const void *context)
{
	const struct moves *moves = context;
	uint64_t next = UINT64_MAX;
	for (const struct change *change = moves->changes; change; change = change->next)
		if (change->deadline < next)
			next = change->deadline;
	return next;
}

void moves_init(struct moves *moves)
{
	tscf_timers_add(moves->timers, &moves->timer, next_due, tick, moves);
}

void moves_free(struct moves *moves)
{
	while (moves->changes) {
		answer(moves, moves->changes);
		change_free(moves, moves->changes);
	}
	history_free(&moves->history);
}
