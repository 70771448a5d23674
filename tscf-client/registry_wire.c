/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "registry_wire.h"

#include "common/log.h"
#include "context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** The operations that one request carries, kept until it is answered. */
struct parcel {
	struct client *client;
	unsigned count;
	struct registry_op ops[REGISTRY_OPS_PER_MESSAGE];
};

static void op_done(struct client *c, struct registry_op *op, int error)
{
	struct tscf_binding *b = tscf_bindings_get(c->registry.table, &op->wire.key);
	if (b && op->wire.action == TSCF_BIND_ACTION_BIND && b->state == TSCF_BINDING_ACTIVE) {
		b->told = error == 0;
		/* What the server sent in clear before it knew is under way for a moment yet. */
		if (error == 0 && b->grace_until != 0)
			b->grace_until = c->now + TSCF_MOVE_GRACE_MS;
	} else if (b && op->wire.action != TSCF_BIND_ACTION_BIND && b->state != TSCF_BINDING_ACTIVE) {
		b->told = error != 0;
		if (error == 0 && b->state == TSCF_BINDING_RELEASED)
			tscf_binding_release(b, c->now);
	}
	if (op->waiter)
		moves_acknowledged(c, op->waiter, error);
}

static int outcome(const struct tscf_message *response, int error, char *text, size_t size)
{
	enum tscf_response code;
	if (!response)
		return error;
	if (tscf_message_response(response, &code, text, size) < 0)
		return -EPROTO;
	return code == TSCF_RESPONSE_SUCCESS ? 0 : -EACCES;
}

static void parcel_done(struct parcel *p, const struct tscf_message *response, int error)
{
	char text[201] = "";
	error = outcome(response, error, text, sizeof text);
	if (error == -EACCES)
		tscf_warning("the server refused to register sockets: %s", text[0] ? text : "no reason given");
	for (unsigned i = 0; i < p->count; i++)
		op_done(p->client, &p->ops[i], error);
	free(p);
}

static void bind_done(void *context, void *user, const struct tscf_message *response, int error)
{
	(void)context;
	parcel_done(user, response, error);
}

static void shield_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct parcel *p = user;
	struct client *c = p->client;
	char text[201] = "";
	(void)context;
	error = outcome(response, error, text, sizeof text);
	if (error < 0 && error != -ECANCELED) {
		/* Better nothing from the plain tunnel than something in clear that should not be: the quiet is not ended. */
		tscf_warning("the server refused to shield sockets: %s", text[0] ? text : strerror(-error));
		c->registry.quiet = false;
	}
	if (error < 0)
		for (unsigned i = 0; i < p->count; i++)
			op_done(c, &p->ops[i], error);
	free(p);
	if (--c->registry.shielding == 0 && c->registry.quiet && error == 0)
		registry_flush(c);
}

static void unshield_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct parcel *p = user;
	struct registry *r = &p->client->registry;
	char text[201];
	(void)context;
	r->unshielding = false;
	/* Refused: an earlier answer was lost, and the lock it told of is the one in force. */
	int result = outcome(response, error, text, sizeof text);
	if (result == 0 || result == -EACCES)
		memcpy(r->shield_key, r->next_shield_key, sizeof r->shield_key);
	parcel_done(p, response, error);
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
	tscf_write_bytes(w, TSCF_TLV_SHIELD_LOCK, lock, sizeof lock);
}

static struct parcel *parcel_new(struct client *c)
{
	struct parcel *p = malloc(sizeof *p);
	if (p) {
		p->client = c;
		p->count = 0;
	}
	return p;
}

static void parcel_add(struct parcel *p, struct tscf_writer *w, const struct registry_op *op)
{
	p->ops[p->count++] = *op;
	tscf_write_binding(w, &op->wire);
}

/* The next message's worth of pending operations that `fits` accepts; the others stay where they are for the caller to look at. */
static struct parcel *collect(struct client *c, struct tscf_writer *w, unsigned *from, bool (*fits)(const struct registry_op *op))
{
	struct registry *r = &c->registry;
	struct parcel *p = parcel_new(c);
	while (p && *from < r->pending_count && p->count < REGISTRY_OPS_PER_MESSAGE) {
		const struct registry_op *op = &r->pending[(*from)++];
		if (fits(op))
			parcel_add(p, w, op);
	}
	return p;
}

static void dispatch(struct tunnel *t, struct tscf_writer *w, struct parcel *p, uint16_t tries, request_done done)
{
	int error = tunnel_request(t, w, tries, done, p);
	if (error < 0)
		done(t, p, NULL, error);
}

static bool fits_any(const struct registry_op *op)
{
	(void)op;
	return true;
}

static bool fits_shield(const struct registry_op *op)
{
	return op->wire.action == TSCF_BIND_ACTION_BIND && op->wire.level == TSCF_LEVEL_ENCRYPTED_ONLY && op->wire.flags == 0;
}

static bool fits_unshield(const struct registry_op *op)
{
	return op->wire.action != TSCF_BIND_ACTION_BIND;
}

static void mark_told(struct client *c, const struct parcel *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		struct tscf_binding *b = tscf_bindings_get(c->registry.table, &p->ops[i].wire.key);
		if (b)
			b->told = p->ops[i].wire.action == TSCF_BIND_ACTION_BIND;
	}
}

static void send_bindings(struct client *c)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	for (unsigned i = 0; i < c->registry.pending_count;) {
		begin_service(&c->encrypted, &w, buffer, TSCF_SERVICE_BIND);
		write_lock(&w, c->registry.shield_key);
		struct parcel *p = collect(c, &w, &i, fits_any);
		if (!p)
			return;
		mark_told(c, p);
		dispatch(&c->encrypted, &w, p, REGISTRY_TRIES, bind_done);
	}
}

static void send_shields(struct client *c)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	for (unsigned i = 0; i < c->registry.pending_count;) {
		begin_service(&c->plain, &w, buffer, TSCF_SERVICE_SHIELD);
		write_lock(&w, c->registry.shield_key);
		struct parcel *p = collect(c, &w, &i, fits_shield);
		if (!p || p->count == 0) {
			free(p);
			continue;
		}
		for (unsigned k = 0; k < p->count; k++)
			p->ops[k].waiter = 0; /* a shield is no binding: who waits for that goes on waiting */
		mark_told(c, p);
		c->registry.shielding++;
		dispatch(&c->plain, &w, p, REQUEST_TRIES_ENDLESS, shield_done);
	}
}

/* Sent only when every shield has arrived. */
static void send_complete(struct client *c)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	struct parcel *p = parcel_new(c);
	if (!p)
		return;
	c->registry.quiet = false;
	begin_service(&c->plain, &w, buffer, TSCF_SERVICE_SHIELD);
	tscf_write_bytes(&w, TSCF_TLV_COMPLETE, NULL, 0);
	c->registry.shielding++;
	dispatch(&c->plain, &w, p, REQUEST_TRIES_ENDLESS, shield_done);
}

/* The key is used up by being shown, so one request is under way at a time; what does not fit comes with the next resync. */
static void send_unshields(struct client *c)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	struct registry *r = &c->registry;
	unsigned i = 0;
	if (r->unshielding)
		return;
	begin_service(&c->plain, &w, buffer, TSCF_SERVICE_UNSHIELD);
	tscf_write_bytes(&w, TSCF_TLV_SHIELD_KEY, r->shield_key, sizeof r->shield_key);
	tscf_random(r->next_shield_key, sizeof r->next_shield_key);
	write_lock(&w, r->next_shield_key);
	struct parcel *p = collect(c, &w, &i, fits_unshield);
	if (!p || p->count == 0) {
		free(p);
		return;
	}
	mark_told(c, p);
	r->unshielding = true;
	dispatch(&c->plain, &w, p, REGISTRY_TRIES, unshield_done);
}

/* Nobody is told now: releases need not wait for that, for the plain tunnel is set up anew before it carries anything. */
static void release_waiters(struct client *c, bool sent)
{
	for (unsigned i = 0; i < c->registry.pending_count; i++) {
		struct registry_op *op = &c->registry.pending[i];
		if (op->waiter && op->wire.action != TSCF_BIND_ACTION_BIND && !sent)
			moves_acknowledged(c, op->waiter, 0);
	}
}

void registry_flush(struct client *c)
{
	struct registry *r = &c->registry;
	bool plain_up = c->plain.state == TUNNEL_UP;
	if (r->pending_count > 0 && dtte_is_up(&c->dtte)) {
		send_bindings(c);
	} else if (r->pending_count > 0 && plain_up) {
		bool busy = r->unshielding;
		send_shields(c);
		send_unshields(c);
		release_waiters(c, !busy);
	} else {
		release_waiters(c, false);
	}
	r->pending_count = 0;
	if (r->quiet && r->shielding == 0 && plain_up)
		send_complete(c);
}

static void shield(void *context, struct tscf_binding *b)
{
	struct client *c = context;
	struct registry *r = &c->registry;
	if (b->state != TSCF_BINDING_ACTIVE || b->level != TSCF_LEVEL_ENCRYPTED_ONLY || r->pending_count >= r->pending_size)
		return;
	b->grace_until = 0;
	r->pending[r->pending_count++] = (struct registry_op){
		.wire = {.key = b->key, .action = TSCF_BIND_ACTION_BIND, .level = TSCF_LEVEL_ENCRYPTED_ONLY}};
}

void registry_shield_all(struct client *c)
{
	struct registry *r = &c->registry;
	if (c->config->default_level == TSCF_LEVEL_ENCRYPTED_ONLY)
		registry_bind_whole_address(c);
	unsigned size = r->pending_count + tscf_bindings_count(r->table);
	if (size > r->pending_size) {
		struct registry_op *grown = realloc(r->pending, size * sizeof *grown);
		if (!grown) {
			/* The quiet goes on: nothing comes down in clear. */
			tscf_error("out of memory: shields are sent later");
			return;
		}
		r->pending = grown;
		r->pending_size = size;
	}
	tscf_bindings_each(r->table, shield, c);
	if (c->plain.state == TUNNEL_UP) {
		send_shields(c);
		r->pending_count = 0;
		if (r->quiet && r->shielding == 0)
			send_complete(c);
	}
}
