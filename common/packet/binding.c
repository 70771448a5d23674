/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/binding.h"
#include "common/base/siphash.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/** The entries of a local address. */
struct host {
	struct tscf_addr addr;
	struct entry *first;
	unsigned entries;
	UT_hash_handle hh;
};

_Static_assert(sizeof(struct tscf_addr) == 17, "padding would be hashed");

struct entry {
	struct tscf_binding b; /* first: the public part */
	struct tscf_bindings *table;
	struct host *host;
	struct entry *host_next, **host_link;
	struct tscf_binding_list *list;
};

struct tscf_bindings {
	struct tscf_key_table *entries;
	struct host *hosts;
	struct entry *cursor; /* where expire continues; NULL: at the first entry */
	unsigned of_state[TSCF_BINDING_STATES];
	tscf_binding_changed changed; /* or NULL */
	void *context;
	struct tscf_siphash_key secret; /* of the hosts */
};

static struct entry *entry_of(struct tscf_binding *b)
{
	return (struct entry *)b;
}

static unsigned hash(const struct tscf_bindings *table, const struct tscf_addr *addr)
{
	return (unsigned)tscf_siphash(&table->secret, addr, sizeof(*addr));
}

static struct host *host_lookup(struct tscf_bindings *table, const struct tscf_addr *addr)
{
	struct host *h;

	HASH_FIND_BYHASHVALUE(hh, table->hosts, addr, sizeof(*addr), hash(table, addr), h);
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
		HASH_ADD_BYHASHVALUE(hh, table->hosts, addr, sizeof(h->addr), hash(table, local), h);
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

static void host_join(struct entry *e, struct host *h)
{
	e->host = h;
	e->host_next = h->first;
	e->host_link = &h->first;
	if (e->host_next)
		e->host_next->host_link = &e->host_next;
	h->first = e;
}

static void host_leave(struct entry *e)
{
	*e->host_link = e->host_next;
	if (e->host_next)
		e->host_next->host_link = e->host_link;
	host_drop(e->table, e->host);
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
static struct entry *entry_new(struct tscf_bindings *table, const struct tscf_binding_key *key)
{
	struct host *host = host_hold(table, &key->local);
	struct entry *e = host ? tscf_key_table_add(table->entries, key, sizeof(*e)) : NULL;

	if (!e) {
		if (host)
			host_drop(table, host);
		return NULL;
	}
	e->table = table;
	host_join(e, host);
	e->b.key = *key;
	e->b.state = TSCF_BINDING_TOMBSTONE;
	table->of_state[e->b.state]++;
	return e;
}

static struct entry *entry_get_or_new(struct tscf_bindings *table, const struct tscf_binding_key *key)
{
	struct entry *e = tscf_key_table_get(table->entries, key);

	return e ? e : entry_new(table, key);
}

struct tscf_bindings *tscf_bindings_new(void)
{
	struct tscf_bindings *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->entries = tscf_key_table_new();
	if (!table->entries || tscf_siphash_key_init(&table->secret) < 0) {
		tscf_key_table_free(table->entries);
		free(table);
		return NULL;
	}
	return table;
}

void tscf_bindings_free(struct tscf_bindings *table)
{
	struct entry *e;

	if (!table)
		return;
	while ((e = tscf_key_table_next(table->entries, NULL)))
		tscf_bindings_remove(table, &e->b);
	tscf_key_table_free(table->entries);
	free(table);
}

unsigned tscf_bindings_count(const struct tscf_bindings *table)
{
	return tscf_key_table_count(table->entries);
}

unsigned tscf_bindings_in_state(const struct tscf_bindings *table, enum tscf_binding_state state)
{
	return table->of_state[state];
}

struct tscf_binding *tscf_bindings_find(struct tscf_bindings *table, const struct tscf_binding_key *flow, uint64_t now)
{
	struct tscf_key_search search;
	struct entry *e;

	tscf_key_search_begin(&search, flow);
	while ((e = tscf_key_search_next(table->entries, &search)))
		if (now < e->b.expires)
			return &e->b;
	return NULL;
}

struct tscf_binding *tscf_bindings_get(struct tscf_bindings *table, const struct tscf_binding_key *key)
{
	struct entry *e = tscf_key_table_get(table->entries, key);

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
	/* The grace period is only for the move that happens now: no other state and no closed socket may pass it on.
	 */
	if (state != TSCF_BINDING_ACTIVE || b->state != TSCF_BINDING_ACTIVE || b->expires != TSCF_FOREVER)
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
	e->b.inherited = false;
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

void tscf_binding_close(struct tscf_binding *b, uint64_t until)
{
	set_state(b, TSCF_BINDING_ACTIVE, until);
	b->grace_until = until;
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
		table->cursor = tscf_key_table_next(table->entries, e);
	table->of_state[e->b.state]--;
	host_leave(e);
	tscf_key_table_remove(table->entries, e);
}

void tscf_bindings_expire(struct tscf_bindings *table, uint64_t now, unsigned most)
{
	unsigned count = tscf_bindings_count(table);

	for (unsigned looks = most < count ? most : count; looks > 0; looks--) {
		struct entry *e = table->cursor ? table->cursor : tscf_key_table_next(table->entries, NULL);

		table->cursor = tscf_key_table_next(table->entries, e);
		if (e->b.expires <= now)
			tscf_bindings_remove(table, &e->b);
	}
}

void tscf_bindings_each(struct tscf_bindings *table, void (*each)(void *context, struct tscf_binding *b), void *context)
{
	struct entry *e, *next;

	for (e = tscf_key_table_next(table->entries, NULL); e; e = next) {
		next = tscf_key_table_next(table->entries, e);
		each(context, &e->b);
	}
}

void tscf_bindings_each_of(struct tscf_bindings *table, const struct tscf_addr *local,
			   void (*each)(void *context, struct tscf_binding *b), void *context)
{
	const struct host *h = host_lookup(table, local);
	struct entry *next;

	for (struct entry *e = h ? h->first : NULL; e; e = next) {
		next = e->host_next;
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
