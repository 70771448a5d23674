/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/registry_wire.h"

#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"
#include "tscf-client/sockets/registry_entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The operations that one request carries, kept until it is answered. */
struct inflight_batch {
	struct registry *registry;
	bool encrypted; /**< which tunnel it is on */
	unsigned count;
	struct registry_op ops[REGISTRY_OPS_PER_MESSAGE];
};

/* The next operation of each key may be sent after this. */
static void inflight_free(struct inflight_batch *p)
{
	struct tscf_bindings *under_way = p->registry->under_way[p->encrypted];
	for (unsigned i = 0; i < p->count; i++) {
		struct tscf_binding *b = tscf_bindings_get(under_way, &p->ops[i].wire.key);
		if (b && --b->generation == 0)
			tscf_bindings_remove(under_way, b);
	}
	free(p);
}

/* The server has been told that the socket leaves.  By the plain tunnel it has lifted the shield only: what an
 * encrypted session holds would pass to the next one, which must be told, too. */
static void told_of_end(struct registry *r, struct tscf_binding *b, bool encrypted, int error)
{
	b->announced = error != 0;
	if (error != 0)
		return;
	b->kept = b->kept && !encrypted;
	if (b->state == TSCF_BINDING_RELEASED)
		tscf_binding_release(b, tscf_timers_now(r->timers));
}

static void op_done(struct registry *r, struct registry_op *op, bool encrypted, int error)
{
	struct tscf_binding *b = tscf_bindings_get(r->table, &op->wire.key);
	if (b && error == -ENOSPC && op->wire.level == TSCF_LEVEL_UNENCRYPTED && b->level == op->wire.level) {
		/* No exception: the socket follows the rest of the address. */
		tscf_bindings_remove(r->table, b);
	} else if (b && op->wire.action == TSCF_BIND_ACTION_BIND && b->state == TSCF_BINDING_ACTIVE &&
		   b->level == op->wire.level) {
		b->announced = error == 0;
		b->shielded = b->shielded && error != 0;
		b->kept = b->kept && (error != 0 || !encrypted || b->level == TSCF_LEVEL_ENCRYPTED_ONLY);
		/* Packets that the server sent in clear before it knew are still under way for a moment. */
		if (error == 0 && b->grace_until != 0)
			b->grace_until = tscf_timers_now(r->timers) + TSCF_MOVE_GRACE_MS;
	} else if (b && op->wire.action != TSCF_BIND_ACTION_BIND && b->state != TSCF_BINDING_ACTIVE) {
		told_of_end(r, b, encrypted, error);
	}
	registry_acknowledged(r, op->waiter, error);
	r->events->changed(r->context);
	if (error != 0)
		registry_resync_within(r);
}

/* What is refused is sent again with the next dump: log each reason once, until the server knows all sockets. */
static void note_refusal(struct registry *r, const char *what, enum tscf_response code, const char *text)
{
	char reason[sizeof(r->refusal)];
	snprintf(reason, sizeof(reason), "%s%s%s", tscf_response_name(code), text[0] ? ": " : "", text);
	if (strcmp(reason, r->refusal) != 0)
		tscf_warning("the server refused to %s: %s", what, reason);
	memcpy(r->refusal, reason, sizeof(reason));
}

/* @return 0, or why @p what was asked for in vain: -ENOSPC or -EACCES if the server has refused it, or @p error. */
static int outcome(struct registry *r, const char *what, const struct tscf_message *response, int error)
{
	enum tscf_response code;
	char text[TSCF_RESPONSE_TEXT_MAX + 1];
	if (!response)
		return error;
	if (tscf_message_response(response, &code, text, sizeof(text)) < 0)
		return -EPROTO;
	if (code == TSCF_RESPONSE_SUCCESS)
		return 0;
	note_refusal(r, what, code, text);
	return code == TSCF_RESPONSE_LIMIT ? -ENOSPC : -EACCES;
}

static void inflight_done(struct inflight_batch *p, int error)
{
	for (unsigned i = 0; i < p->count; i++)
		op_done(p->registry, &p->ops[i], p->encrypted, error);
	struct registry *r = p->registry;
	inflight_free(p);
	if (error == -ENOSPC)
		registry_cover(r);
}

static void bind_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct registry *r = ((struct inflight_batch *)user)->registry;
	(void)context;
	inflight_done(user, outcome(r, "register sockets", response, error));
}

static void shield_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct inflight_batch *p = user;
	struct registry *r = p->registry;
	(void)context;
	error = outcome(r, "shield sockets", response, error);
	if (error == -ENOSPC)
		registry_cover(r);
	else if (error < 0 && error != -EACCES && error != -ECANCELED)
		tscf_warning("sockets cannot be shielded: %s", strerror(-error));
	/* Better no packets from the plain tunnel than clear ones that should be encrypted: do not end the quiet. */
	if (error < 0 && error != -ECANCELED)
		r->quiet = false;
	if (error < 0)
		for (unsigned i = 0; i < p->count; i++)
			op_done(r, &p->ops[i], p->encrypted, error);
	inflight_free(p);
	if (--r->shielding == 0 && r->quiet && error == 0)
		registry_flush(r);
}

static void unshield_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct inflight_batch *p = user;
	struct registry *r = p->registry;
	(void)context;
	r->unshielding = false;
	/* If refused: an earlier answer was lost, and the lock that its request carried is in force. */
	error = outcome(r, "lift the shields of sockets", response, error);
	if (error == 0 || error == -EACCES)
		memcpy(r->shield_key, r->next_shield_key, sizeof(r->shield_key));
	inflight_done(p, error);
}

static void begin_service(struct tunnel *t, struct tscf_writer *w, uint8_t *buffer, enum tscf_service service)
{
	tunnel_begin(t, w, buffer, TSCF_SERVICE_REQUEST);
	tscf_write_u16(w, TSCF_TLV_SERVICE_TYPE, service);
}

static void write_lock(struct tscf_writer *w, const uint8_t key[32])
{
	uint8_t lock[32];
	tscf_sha256(key, 32, lock);
	tscf_write_bytes(w, TSCF_TLV_SHIELD_LOCK, lock, sizeof(lock));
}

static struct inflight_batch *inflight_new(struct registry *r, bool encrypted)
{
	struct inflight_batch *p = malloc(sizeof(*p));
	if (p) {
		p->registry = r;
		p->encrypted = encrypted;
		p->count = 0;
	}
	return p;
}

static void inflight_add(struct inflight_batch *p, struct tscf_writer *w, const struct registry_op *op)
{
	struct registry *r = p->registry;
	struct tscf_wire_binding wire = op->wire;
	p->ops[p->count++] = *op;
	/* On the plain tunnel there are no exceptions; what this socket needs there is that its shield is lifted. */
	if (!p->encrypted && wire.level == TSCF_LEVEL_UNENCRYPTED)
		wire.action = TSCF_BIND_ACTION_RELEASE;
	tscf_write_binding(w, &wire);
	/* Requests are counted, since a binding may be sent while another request for the same key is under way. */
	struct tscf_binding *u =
	    tscf_bindings_bind(r->under_way[p->encrypted], &op->wire.key, op->wire.level, NULL, NULL);
	if (u)
		u->generation++;
	struct tscf_binding *b = tscf_bindings_get(r->table, &op->wire.key);
	if (!b)
		return;
	b->announced = op->wire.action == TSCF_BIND_ACTION_BIND;
	b->kept |= p->encrypted && b->announced && op->wire.level == TSCF_LEVEL_ENCRYPTED_ONLY;
}

static bool forbids_clear(const struct registry_op *op)
{
	return op->wire.action == TSCF_BIND_ACTION_BIND && tscf_level_wants_encryption(op->wire.level);
}

/*
 * Requests may overtake each other.  On the encrypted tunnel, an operation that forbids clear packets waits for
 * nothing: the server recognises older requests by their number.  A bind does not wait for the other tunnel either,
 * which may be dead.
 */
static bool must_wait(const struct registry *r, const struct registry_op *op, bool encrypted)
{
	if (encrypted && forbids_clear(op))
		return false;
	if (op->wire.action == TSCF_BIND_ACTION_BIND)
		return tscf_bindings_get(r->under_way[encrypted], &op->wire.key);
	return registry_under_way(r, &op->wire.key);
}

/* False if the table says something else by now, or the server knows already. */
static bool is_current(const struct registry *r, const struct registry_op *op)
{
	const struct tscf_binding *b = tscf_bindings_get(r->table, &op->wire.key);
	bool is_bind = op->wire.action == TSCF_BIND_ACTION_BIND;
	if (!b)
		return !is_bind;
	if (b->announced == is_bind && !op->waiter)
		return false;
	switch (b->state) {
	case TSCF_BINDING_ACTIVE:
		return is_bind && b->level == op->wire.level;
	case TSCF_BINDING_TOMBSTONE:
		return op->wire.action == TSCF_BIND_ACTION_CLOSE ||
		       (!is_bind && b->expires <= tscf_timers_now(r->timers));
	default:
		return !is_bind;
	}
}

/** Goes through the pending operations: those before `kept` stay, those from `at` on have not been looked at. */
struct sorter {
	unsigned at, kept;
};

/* The next message's worth of pending operations that `fits` accepts. */
static struct inflight_batch *collect(struct registry *r, struct tscf_writer *w, bool encrypted, struct sorter *s,
				      bool (*fits)(const struct registry *r, const struct registry_op *op))
{
	struct inflight_batch *p = inflight_new(r, encrypted);
	while (p && s->at < r->pending_count && p->count < REGISTRY_OPS_PER_MESSAGE) {
		struct registry_op op = r->pending[s->at++];
		if (!is_current(r, &op))
			registry_acknowledged(r, op.waiter, 0);
		else if (fits(r, &op) && !must_wait(r, &op, encrypted))
			inflight_add(p, w, &op);
		else
			r->pending[s->kept++] = op;
	}
	return p;
}

static void sorted(struct registry *r, struct sorter *s)
{
	while (s->at < r->pending_count)
		r->pending[s->kept++] = r->pending[s->at++];
	r->pending_count = s->kept;
}

static void dispatch(struct tunnel *t, struct tscf_writer *w, struct inflight_batch *p, uint16_t tries,
		     request_done done)
{
	int error = tunnel_request(t, w, tries, done, p);
	if (error < 0)
		done(t, p, NULL, error);
}

/* Until the server knows of a move, packets come down in clear, and a program may be waiting for its answer. */
static bool is_urgent(const struct inflight_batch *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->ops[i].waiter || (forbids_clear(&p->ops[i]) && (p->ops[i].wire.flags & TSCF_BIND_FLAG_MOVED)))
			return true;
	return false;
}

static void dispatch_bindings(struct tunnel *t, struct tscf_writer *w, struct inflight_batch *p)
{
	int error = is_urgent(p) ? tunnel_request_urgent(t, w, REGISTRY_TRIES, bind_done, p)
				 : tunnel_request(t, w, REGISTRY_TRIES, bind_done, p);
	if (error < 0)
		bind_done(t, p, NULL, error);
}

static bool fits_any(const struct registry *r, const struct registry_op *op)
{
	(void)r, (void)op;
	return true;
}

static bool fits_shield(const struct registry *r, const struct registry_op *op)
{
	(void)r;
	return op->wire.action == TSCF_BIND_ACTION_BIND && op->wire.level == TSCF_LEVEL_ENCRYPTED_ONLY &&
	       op->wire.flags == 0;
}

static bool fits_unshield(const struct registry *r, const struct registry_op *op)
{
	const struct tscf_binding *b = tscf_bindings_get(r->table, &op->wire.key);
	bool excepted = op->wire.level == TSCF_LEVEL_UNENCRYPTED && b && b->shielded;
	return excepted || op->wire.action != TSCF_BIND_ACTION_BIND;
}

static void send_bindings(struct registry *r)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	struct sorter s = {0, 0};
	struct inflight_batch *p;
	do {
		begin_service(r->encrypted, &w, buffer, TSCF_SERVICE_BIND);
		write_lock(&w, r->shield_key);
		p = collect(r, &w, true, &s, fits_any);
		if (p && p->count > 0)
			dispatch_bindings(r->encrypted, &w, p);
		else
			free(p);
	} while (p && s.at < r->pending_count);
	sorted(r, &s);
}

static void dispatch_shields(struct registry *r, struct tscf_writer *w, struct inflight_batch *p)
{
	for (unsigned i = 0; i < p->count; i++)
		p->ops[i].waiter = 0; /* a shield is no binding: the waiter for a binding goes on waiting */
	r->shielding++;
	dispatch(r->plain, w, p, REQUEST_TRIES_ENDLESS, shield_done);
}

static void begin_shields(struct registry *r, struct tscf_writer *w, uint8_t *buffer)
{
	begin_service(r->plain, w, buffer, TSCF_SERVICE_SHIELD);
	write_lock(w, r->shield_key);
}

static void send_shields(struct registry *r)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	struct sorter s = {0, 0};
	struct inflight_batch *p;
	do {
		begin_shields(r, &w, buffer);
		p = collect(r, &w, false, &s, fits_shield);
		if (p && p->count > 0)
			dispatch_shields(r, &w, p);
		else
			free(p);
	} while (p && s.at < r->pending_count);
	sorted(r, &s);
}

/* Sent only when every shield has arrived. */
static void send_complete(struct registry *r)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	struct inflight_batch *p = inflight_new(r, false);
	if (!p)
		return;
	r->quiet = false;
	begin_service(r->plain, &w, buffer, TSCF_SERVICE_SHIELD);
	tscf_write_bytes(&w, TSCF_TLV_COMPLETE, NULL, 0);
	r->shielding++;
	dispatch(r->plain, &w, p, REQUEST_TRIES_ENDLESS, shield_done);
}

/* Sending the key uses it up, so only one request is under way at a time.  Operations that do not fit wait for the
 * next. */
static void send_unshields(struct registry *r)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	struct sorter s = {0, 0};
	if (r->unshielding)
		return;
	begin_service(r->plain, &w, buffer, TSCF_SERVICE_UNSHIELD);
	tscf_write_bytes(&w, TSCF_TLV_SHIELD_KEY, r->shield_key, sizeof(r->shield_key));
	tscf_random(r->next_shield_key, sizeof(r->next_shield_key));
	write_lock(&w, r->next_shield_key);
	struct inflight_batch *p = collect(r, &w, false, &s, fits_unshield);
	sorted(r, &s);
	if (!p || p->count == 0) {
		free(p);
		return;
	}
	r->unshielding = true;
	dispatch(r->plain, &w, p, REGISTRY_TRIES, unshield_done);
}

/* A socket that waits to be encrypted waits for the next tunnel.  One that leaves, also as an exception from a wider
 * entry, need not wait for a tunnel: the plain one is set up again before it carries anything. */
static void drop(struct registry *r, const struct registry_op *op)
{
	bool leads_to_plain = op->wire.action != TSCF_BIND_ACTION_BIND || op->wire.level == TSCF_LEVEL_UNENCRYPTED;
	if (leads_to_plain || op->waiter == REGISTRY_WAITER_PREFERRED)
		registry_acknowledged(r, op->waiter, 0);
}

static void drop_all(struct registry *r)
{
	for (unsigned i = 0; i < r->pending_count; i++)
		drop(r, &r->pending[i]);
	r->pending_count = 0;
}

/* Drop operations that only an encrypted tunnel can carry: they are sent from the table when there is one. */
static void drop_bindings(struct registry *r)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < r->pending_count; i++)
		if (fits_shield(r, &r->pending[i]) || fits_unshield(r, &r->pending[i]))
			r->pending[kept++] = r->pending[i];
		else
			drop(r, &r->pending[i]);
	r->pending_count = kept;
}

/* All sockets are known here, and to the server.  If not, the next dump may bring that about. */
static bool is_announced(struct registry *r)
{
	if (!r->listed || r->dumping || r->covered || r->refusal[0] || !registry_is_idle(r))
		return false;
	r->listed = registry_all_known(r);
	return r->listed;
}

static void announced_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct registry *r = user;

	(void)context;
	/* A server that answers knows of it, or never will. */
	if (!response) {
		r->announcing |= error != -ECANCELED;
		return;
	}
	r->entries_left = false;
	dtte_demand(r->dtte, registry_demand(r), tscf_timers_now(r->timers));
}

/* The server has entries of former tunnels, perhaps of a former run of the client: those of sockets that have gone in
 * the meantime would stay for ever. */
static void send_announced(struct registry *r)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	int error;

	r->announcing = false;
	tscf_debug("the server has confirmed all %u bindings", tscf_bindings_count(r->table));
	begin_service(r->encrypted, &w, buffer, TSCF_SERVICE_BIND);
	tscf_write_bytes(&w, TSCF_TLV_COMPLETE, NULL, 0);
	error = tunnel_request(r->encrypted, &w, REGISTRY_TRIES, announced_done, r);
	if (error < 0)
		announced_done(r->encrypted, r, NULL, error);
}

void registry_flush(struct registry *r)
{
	bool plain_up = r->plain->state == TUNNEL_UP;
	if (r->pending_count > 0 && dtte_is_up(r->dtte)) {
		send_bindings(r);
	} else if (r->pending_count > 0 && plain_up) {
		send_shields(r);
		send_unshields(r);
		drop_bindings(r);
	} else {
		drop_all(r);
	}
	if (r->quiet && r->shielding == 0 && plain_up)
		send_complete(r);
	if (r->announcing && dtte_is_up(r->dtte) && is_announced(r))
		send_announced(r);
}

/** The shields of the whole table, as messages. */
struct shielder {
	struct registry *registry;
	struct inflight_batch *batch; /**< being filled, or NULL */
	struct tscf_writer w;
	uint8_t buffer[TSCF_MESSAGE_MAX];
	bool failed;
};

static void shield(void *context, struct tscf_binding *b)
{
	struct shielder *s = context;
	struct registry_op op = {
	    .wire = {.key = b->key, .action = TSCF_BIND_ACTION_BIND, .level = TSCF_LEVEL_ENCRYPTED_ONLY}};
	if (b->state != TSCF_BINDING_ACTIVE || b->level != TSCF_LEVEL_ENCRYPTED_ONLY)
		return;
	b->grace_until = 0;
	/* A request to lift the shield of this key is under way: the shield must come after it. */
	if (must_wait(s->registry, &op, false)) {
		b->announced = false;
		registry_resync_soon(s->registry);
		return;
	}
	if (!s->batch) {
		begin_shields(s->registry, &s->w, s->buffer);
		s->batch = inflight_new(s->registry, false);
		s->failed = s->failed || !s->batch;
	}
	if (!s->batch)
		return;
	inflight_add(s->batch, &s->w, &op);
	if (s->batch->count == REGISTRY_OPS_PER_MESSAGE) {
		dispatch_shields(s->registry, &s->w, s->batch);
		s->batch = NULL;
	}
}

void registry_shield_all(struct registry *r)
{
	struct shielder s = {.registry = r};
	if (r->covered || r->config->default_level == TSCF_LEVEL_ENCRYPTED_ONLY)
		registry_bind_whole_address(r);
	if (r->plain->state != TUNNEL_UP)
		return;
	tscf_bindings_each(r->table, shield, &s);
	if (s.batch)
		dispatch_shields(r, &s.w, s.batch);
	if (s.failed) {
		/* The quiet does not end: nothing comes down in clear. */
		tscf_error("out of memory: not all sockets are shielded");
		r->quiet = false;
	}
	if (r->quiet && r->shielding == 0)
		send_complete(r);
}
