/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/pending.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

int server_pending_init(struct server_pending *p)
{
	*p = (struct server_pending){0};
	return tscf_siphash_key_init(&p->secret);
}

void server_pending_free(struct server_pending *p)
{
	struct server_pending_change *next;

	for (struct server_pending_change *c = server_pending_take(p); c; c = next) {
		next = c->next;
		server_pending_change_free(c);
	}
}

static unsigned hash(const struct server_pending *p, const struct server_change_key *key)
{
	return (unsigned)tscf_siphash(&p->secret, key, sizeof(*key));
}

static struct server_pending_change *find(const struct server_pending *p, const struct server_change_key *key)
{
	struct server_pending_change *c;

	HASH_FIND_BYHASHVALUE(hh, p->by_key, key, sizeof(*key), hash(p, key), c);
	return c;
}

/** @return how many bytes of @p change are used: records are shorter than their maximum, and most changes have none. */
static size_t size_of(const struct server_change *change)
{
	switch (change->kind) {
	case SERVER_CHANGE_LEASE:
		return offsetof(struct server_change, lease) + sizeof(change->lease);
	case SERVER_CHANGE_SESSION:
		return offsetof(struct server_change, session.record) + change->session.length;
	case SERVER_CHANGE_BINDING:
		return offsetof(struct server_change, binding) + sizeof(change->binding);
	}
	return sizeof(*change);
}

static struct server_change *copy(const struct server_change *change)
{
	struct server_change *c = malloc(size_of(change));

	if (c)
		memcpy(c, change, size_of(change));
	return c;
}

/** @return whether the change removes its object. */
static bool is_end(const struct server_change *change)
{
	return (change->kind == SERVER_CHANGE_SESSION && change->session.length == 0) ||
	       (change->kind == SERVER_CHANGE_BINDING && change->binding.as == SERVER_STORED_NONE);
}

static int add(struct server_pending *p, const struct server_change_key *key, const struct server_change *change,
	       uint64_t ticket)
{
	struct server_pending_change *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->key = *key;
	c->since = ticket;
	c->fresh = change->fresh;
	c->change = copy(change);
	if (c->change)
		HASH_ADD_BYHASHVALUE(hh, p->by_key, key, sizeof(c->key), hash(p, key), c);
	if (!c->change || !c->hh.tbl) {
		server_pending_change_free(c);
		return -ENOMEM;
	}
	DL_APPEND(p->list, c);
	return 0;
}

int server_pending_put(struct server_pending *p, const struct server_change *change, uint64_t ticket)
{
	struct server_change_key key;
	struct server_pending_change *waiting;
	struct server_change *newer;

	server_change_key_of(change, &key);
	waiting = find(p, &key);
	if (!waiting)
		return add(p, &key, change, ticket);
	if (waiting->fresh && is_end(change)) {
		HASH_DELETE(hh, p->by_key, waiting);
		DL_DELETE(p->list, waiting);
		server_pending_change_free(waiting);
		return 0;
	}
	newer = copy(change);
	if (!newer)
		return -ENOMEM;
	free(waiting->change);
	waiting->change = newer;
	return 0;
}

struct server_pending_change *server_pending_take(struct server_pending *p)
{
	struct server_pending_change *all = p->list;

	HASH_CLEAR(hh, p->by_key);
	p->list = NULL;
	return all;
}

/** Take the later change of the same object over, or let both go if nobody needs to know of the object. */
static bool merge(struct server_pending *p, struct server_pending_change *c)
{
	struct server_pending_change *later = find(p, &c->key);
	struct server_change *newest;

	if (!later)
		return true;
	newest = later->change;
	later->change = c->change;
	c->change = newest;
	HASH_DELETE(hh, p->by_key, later);
	DL_DELETE(p->list, later);
	server_pending_change_free(later);
	return !(c->fresh && is_end(c->change));
}

/** @return whether @p c waits now; otherwise it is freed, and counted in *lost if that is a loss. */
static bool wait_again(struct server_pending *p, struct server_pending_change *c, unsigned *lost)
{
	const bool needed = merge(p, c);

	memset(&c->hh, 0, sizeof(c->hh));
	if (needed)
		HASH_ADD_BYHASHVALUE(hh, p->by_key, key, sizeof(c->key), hash(p, &c->key), c);
	if (needed && c->hh.tbl)
		return true;
	*lost += needed;
	server_pending_change_free(c);
	return false;
}

unsigned server_pending_put_back(struct server_pending *p, struct server_pending_change *changes)
{
	struct server_pending_change *again = NULL, *next;
	unsigned lost = 0;

	for (struct server_pending_change *c = changes; c; c = next) {
		next = c->next;
		if (wait_again(p, c, &lost))
			DL_APPEND(again, c);
	}
	DL_CONCAT(again, p->list);
	p->list = again;
	return lost;
}

void server_pending_change_free(struct server_pending_change *c)
{
	free(c->change);
	free(c);
}
