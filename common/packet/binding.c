/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One hash table holds the entries of every scope, from one flow to a whole address.  A lookup searches it once per
 * scope that has entries at all, the most specific first.  Keys are hashed in a packed form without padding.  The hash
 * has a secret key, because the senders of packets choose ports and remote addresses.
 */
#include "common/packet/binding.h"
#include "common/base/siphash.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/** Which parts of a key are wildcards, in the order in which entries decide. */
enum scope { SCOPE_FLOW, SCOPE_PORT, SCOPE_PROTOCOL, SCOPE_ADDRESS, SCOPES };

/** A key as it is hashed and compared. */
struct packed {
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t local_port;
	uint16_t remote_port;
	uint8_t local_family;
	uint8_t remote_family;
	uint8_t protocol;
	uint8_t zero;
};

_Static_assert(sizeof(struct packed) == 40, "padding would be hashed");

/** How many entries a local address has. */
struct host {
	struct tscf_addr addr;
	unsigned entries;
	UT_hash_handle hh;
};

_Static_assert(sizeof(struct tscf_addr) == 17, "padding would be hashed");

struct entry {
	struct tscf_binding b; /* first: the public part */
	struct packed packed;
	enum scope scope;
	struct tscf_bindings *table;
	struct host *host;
	struct tscf_binding_list *list;
	UT_hash_handle hh;
};

struct tscf_bindings {
	struct entry *entries;
	struct host *hosts;
	struct entry *cursor; /* where expire continues; NULL: at the first entry */
	unsigned of_scope[SCOPES];
	unsigned of_state[TSCF_BINDING_STATES];
	tscf_binding_changed changed; /* or NULL */
	void *context;
	struct tscf_siphash_key secret;
};

static struct entry *entry_of(struct tscf_binding *b)
{
	return (struct entry *)b;
}

static void pack(const struct tscf_binding_key *key, struct packed *out)
{
	*out = (struct packed){
	    .local_port = key->local_port,
	    .remote_port = key->remote_port,
	    .local_family = key->local.family,
	    .remote_family = key->remote.family,
	    .protocol = key->protocol,
	};
	memcpy(out->local, key->local.bytes, sizeof(out->local));
	memcpy(out->remote, key->remote.bytes, sizeof(out->remote));
}

/** Set the wildcards of @p scope in @p key, which has been widened to each scope before it. */
static void widen(struct packed *key, enum scope scope)
{
	switch (scope) {
	case SCOPE_PORT:
		memset(key->remote, 0, sizeof(key->remote));
		key->remote_family = 0;
		key->remote_port = 0;
		break;
	case SCOPE_PROTOCOL:
		key->local_port = 0;
		break;
	case SCOPE_ADDRESS:
		key->protocol = 0;
		break;
	default:
		break;
	}
}

static enum scope scope_of(const struct packed *key)
{
	if (key->remote_family != 0)
		return SCOPE_FLOW;
	if (key->local_port != 0)
		return SCOPE_PORT;
	return key->protocol != 0 ? SCOPE_PROTOCOL : SCOPE_ADDRESS;
}

static unsigned hash(const struct tscf_bindings *table, const void *data, size_t length)
{
	return (unsigned)tscf_siphash(&table->secret, data, length);
}

static struct entry *lookup(struct tscf_bindings *table, const struct packed *key)
{
	struct entry *e;

	HASH_FIND_BYHASHVALUE(hh, table->entries, key, sizeof(*key), hash(table, key, sizeof(*key)), e);
	return e;
}

static struct host *host_lookup(struct tscf_bindings *table, const struct tscf_addr *addr)
{
	struct host *h;

	HASH_FIND_BYHASHVALUE(hh, table->hosts, addr, sizeof(*addr), hash(table, addr, sizeof(*addr)), h);
	return h;
}

/** Count one more entry of @p local.  @return its host, or NULL when out of memory. */
static struct host *host_hold(struct tscf_bindings *table, const struct tscf_addr *local)
{
	struct host *h = host_lookup(table, local);

	if (!h) {
		h = calloc(1, sizeof(*h));
		if (!h)
			return NULL;
		h->addr = *local;
		HASH_ADD_BYHASHVALUE(hh, table->hosts, addr, sizeof(h->addr), hash(table, local, sizeof(*local)), h);
		if (!h->hh.tbl) { /* out of memory */
			free(h);
			return NULL;
		}
	}
	h->entries++;
	return h;
}

static void host_drop(struct tscf_bindings *table, struct host *h)
{
	if (--h->entries > 0)
		return;
	HASH_DELETE(hh, table->hosts, h);
	free(h);
}

static void owner_leave(struct entry *e)
{
	struct tscf_binding *b = &e->b;

	if (e->list) {
		*b->owner_link = b->owner_next;
		if (b->owner_next)
			b->owner_next->owner_link = b->owner_link;
		e->list->count--;
	}
	e->list = NULL;
	b->owner = NULL;
	b->owner_next = NULL;
	b->owner_link = NULL;
}

static void owner_join(struct entry *e, void *owner, struct tscf_binding_list *list)
{
	struct tscf_binding *b = &e->b;

	owner_leave(e);
	b->owner = owner;
	if (!list)
		return;
	b->owner_next = list->first;
	b->owner_link = &list->first;
	if (b->owner_next)
		b->owner_next->owner_link = &b->owner_next;
	list->first = b;
	list->count++;
	e->list = list;
}

/** @return a new entry, in a state from which it may change to any other, or NULL when out of memory. */
static struct entry *entry_new(struct tscf_bindings *table, const struct tscf_binding_key *key,
			       const struct packed *packed)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->table = table;
	e->b.key = *key;
	e->b.state = TSCF_BINDING_TOMBSTONE;
	e->packed = *packed;
	e->scope = scope_of(packed);
	e->host = host_hold(table, &key->local);
	if (!e->host) {
		free(e);
		return NULL;
	}
	HASH_ADD_BYHASHVALUE(hh, table->entries, packed, sizeof(e->packed), hash(table, packed, sizeof(*packed)), e);
	if (!e->hh.tbl) { /* out of memory */
		host_drop(table, e->host);
		free(e);
		return NULL;
	}
	table->of_scope[e->scope]++;
	table->of_state[e->b.state]++;
	return e;
}

static struct entry *entry_get_or_new(struct tscf_bindings *table, const struct tscf_binding_key *key)
{
	struct packed packed;
	struct entry *e;

	pack(key, &packed);
	e = lookup(table, &packed);
	return e ? e : entry_new(table, key, &packed);
}

struct tscf_bindings *tscf_bindings_new(void)
{
	struct tscf_bindings *table = calloc(1, sizeof(*table));

	if (table && tscf_siphash_key_init(&table->secret) < 0) {
		free(table);
		return NULL;
	}
	return table;
}

void tscf_bindings_free(struct tscf_bindings *table)
{
	if (!table)
		return;
	while (table->entries)
		tscf_bindings_remove(table, &table->entries->b);
	free(table);
}

unsigned tscf_bindings_count(const struct tscf_bindings *table)
{
	return HASH_COUNT(table->entries);
}

unsigned tscf_bindings_in_state(const struct tscf_bindings *table, enum tscf_binding_state state)
{
	return table->of_state[state];
}

struct tscf_binding *tscf_bindings_find(struct tscf_bindings *table, const struct tscf_binding_key *flow, uint64_t now)
{
	struct packed key;

	pack(flow, &key);
	for (enum scope scope = SCOPE_FLOW; scope < SCOPES; scope++) {
		struct entry *e;

		widen(&key, scope);
		if (table->of_scope[scope] == 0)
			continue;
		e = lookup(table, &key);
		if (e && now < e->b.expires)
			return &e->b;
	}
	return NULL;
}

struct tscf_binding *tscf_bindings_get(struct tscf_bindings *table, const struct tscf_binding_key *key)
{
	struct packed packed;
	struct entry *e;

	pack(key, &packed);
	e = lookup(table, &packed);
	return e ? &e->b : NULL;
}

void tscf_bindings_watch(struct tscf_bindings *table, tscf_binding_changed changed, void *context)
{
	table->changed = changed;
	table->context = context;
}

static void tell(struct entry *e, bool gone)
{
	if (e->table->changed)
		e->table->changed(e->table->context, &e->b, gone);
}

static void set_state(struct tscf_binding *b, enum tscf_binding_state state, uint64_t expires)
{
	/* The grace period is only for the move that happens now: no other state may pass it on. */
	if (state != TSCF_BINDING_ACTIVE || b->state != TSCF_BINDING_ACTIVE)
		b->grace_until = 0;
	if (b->state != TSCF_BINDING_ACTIVE)
		b->seen = false;
	b->guest_until = 0;
	entry_of(b)->table->of_state[b->state]--;
	entry_of(b)->table->of_state[state]++;
	b->state = state;
	b->expires = expires;
}

/** Set an entry to what a request says: it stays so until something else is set. */
static void assign(struct entry *e, enum tscf_binding_state state, enum tscf_level level, void *owner,
		   struct tscf_binding_list *list)
{
	set_state(&e->b, state, TSCF_FOREVER);
	e->b.level = level;
	e->b.implicit = false;
	e->b.cookie = 0;
	owner_join(e, owner, list);
	tell(e, false);
}

struct tscf_binding *tscf_bindings_bind(struct tscf_bindings *table, const struct tscf_binding_key *key,
					enum tscf_level level, void *owner, struct tscf_binding_list *list)
{
	struct entry *e = entry_get_or_new(table, key);

	if (!e)
		return NULL;
	assign(e, TSCF_BINDING_ACTIVE, level, owner, list);
	return &e->b;
}

struct tscf_binding *tscf_bindings_shield(struct tscf_bindings *table, const struct tscf_binding_key *key, void *owner,
					  struct tscf_binding_list *list)
{
	struct entry *e = entry_get_or_new(table, key);

	if (!e)
		return NULL;
	if (e->b.state != TSCF_BINDING_ACTIVE)
		assign(e, TSCF_BINDING_SHIELD, TSCF_LEVEL_ENCRYPTED_ONLY, owner, list);
	return &e->b;
}

void tscf_binding_release(struct tscf_binding *b, uint64_t now)
{
	/* Only an encrypted session can own a released entry. */
	if (b->state != TSCF_BINDING_ACTIVE && b->state != TSCF_BINDING_RELEASED)
		owner_leave(entry_of(b));
	set_state(b, TSCF_BINDING_RELEASED, now + TSCF_RELEASED_MS);
	tell(entry_of(b), false);
}

void tscf_binding_bury(struct tscf_binding *b, uint64_t now)
{
	owner_leave(entry_of(b));
	set_state(b, TSCF_BINDING_TOMBSTONE, now + TSCF_TOMBSTONE_MS);
	tell(entry_of(b), false);
}

void tscf_bindings_remove(struct tscf_bindings *table, struct tscf_binding *b)
{
	struct entry *e = entry_of(b);

	tell(e, true);
	owner_leave(e);
	if (table->cursor == e)
		table->cursor = e->hh.next;
	table->of_scope[e->scope]--;
	table->of_state[e->b.state]--;
	host_drop(table, e->host);
	HASH_DELETE(hh, table->entries, e);
	free(e);
}

void tscf_bindings_expire(struct tscf_bindings *table, uint64_t now, unsigned most)
{
	unsigned count = tscf_bindings_count(table);

	for (unsigned looks = most < count ? most : count; looks > 0; looks--) {
		struct entry *e = table->cursor ? table->cursor : table->entries;

		table->cursor = e->hh.next;
		if (e->b.expires <= now)
			tscf_bindings_remove(table, &e->b);
	}
}

void tscf_bindings_each(struct tscf_bindings *table, void (*each)(void *context, struct tscf_binding *b), void *context)
{
	struct entry *e, *next;

	for (e = table->entries; e; e = next) {
		next = e->hh.next;
		each(context, &e->b);
	}
}

unsigned tscf_bindings_of(struct tscf_bindings *table, const struct tscf_addr *local)
{
	const struct host *h = host_lookup(table, local);

	return h ? h->entries : 0;
}

bool tscf_bindings_any(struct tscf_bindings *table, const struct tscf_addr *local)
{
	return host_lookup(table, local) != NULL;
}

void tscf_binding_key_of(const struct tscf_packet_info *info, enum tscf_direction direction,
			 struct tscf_binding_key *key)
{
	bool from = direction == TSCF_FROM_LOCAL;

	*key = (struct tscf_binding_key){
	    .local = from ? info->source : info->destination,
	    .remote = from ? info->destination : info->source,
	    .local_port = from ? info->source_port : info->destination_port,
	    .remote_port = from ? info->destination_port : info->source_port,
	    .protocol = info->protocol,
	};
}

void tscf_binding_key_implicit(const struct tscf_binding_key *flow, struct tscf_binding_key *key)
{
	*key = *flow;
	if (flow->protocol == IPPROTO_TCP || flow->local_port == 0)
		return;
	key->remote = (struct tscf_addr){0};
	key->remote_port = 0;
}
