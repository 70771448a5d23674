/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One hash table holds the entries of every scope, from one flow to a whole address.  A search looks once per scope
 * that has entries at all, the most specific first.  The hash has a secret key, because the senders of packets choose
 * ports and remote addresses.
 */
#include "common/packet/key_table.h"
#include "common/base/siphash.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

_Static_assert(sizeof(struct tscf_packed_key) == 40, "padding would be hashed");

/** What stands before each entry. */
struct node {
	struct tscf_packed_key packed;
	enum tscf_key_scope scope;
	UT_hash_handle hh;
	max_align_t entry[];
};

struct tscf_key_table {
	struct node *nodes;
	unsigned of_scope[TSCF_KEY_SCOPES];
	struct tscf_siphash_key secret;
};

static struct node *node_of(const void *entry)
{
	return (struct node *)((char *)entry - offsetof(struct node, entry));
}

static void *entry_of(struct node *node)
{
	return node ? node->entry : NULL;
}

static void pack(const struct tscf_binding_key *key, struct tscf_packed_key *out)
{
	*out = (struct tscf_packed_key){
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
static void widen(struct tscf_packed_key *key, enum tscf_key_scope scope)
{
	switch (scope) {
	case TSCF_KEY_PORT:
		memset(key->remote, 0, sizeof(key->remote));
		key->remote_family = 0;
		key->remote_port = 0;
		break;
	case TSCF_KEY_PROTOCOL:
		key->local_port = 0;
		break;
	case TSCF_KEY_ADDRESS:
		key->protocol = 0;
		break;
	default:
		break;
	}
}

static enum tscf_key_scope scope_of(const struct tscf_packed_key *key)
{
	if (key->remote_family != 0)
		return TSCF_KEY_FLOW;
	if (key->local_port != 0)
		return TSCF_KEY_PORT;
	return key->protocol != 0 ? TSCF_KEY_PROTOCOL : TSCF_KEY_ADDRESS;
}

static unsigned hash(const struct tscf_key_table *table, const struct tscf_packed_key *key)
{
	return (unsigned)tscf_siphash(&table->secret, key, sizeof(*key));
}

static struct node *lookup(const struct tscf_key_table *table, const struct tscf_packed_key *key)
{
	struct node *node;

	HASH_FIND_BYHASHVALUE(hh, table->nodes, key, sizeof(*key), hash(table, key), node);
	return node;
}

struct tscf_key_table *tscf_key_table_new(void)
{
	struct tscf_key_table *table = calloc(1, sizeof(*table));

	if (table && tscf_siphash_key_init(&table->secret) < 0) {
		free(table);
		return NULL;
	}
	return table;
}

void tscf_key_table_free(struct tscf_key_table *table)
{
	if (!table)
		return;
	while (table->nodes)
		tscf_key_table_remove(table, entry_of(table->nodes));
	free(table);
}

unsigned tscf_key_table_count(const struct tscf_key_table *table)
{
	return HASH_COUNT(table->nodes);
}

void *tscf_key_table_add(struct tscf_key_table *table, const struct tscf_binding_key *key, size_t size)
{
	struct node *node = calloc(1, sizeof(*node) + size);

	if (!node)
		return NULL;
	pack(key, &node->packed);
	node->scope = scope_of(&node->packed);
	HASH_ADD_BYHASHVALUE(hh, table->nodes, packed, sizeof(node->packed), hash(table, &node->packed), node);
	if (!node->hh.tbl) { /* out of memory */
		free(node);
		return NULL;
	}
	table->of_scope[node->scope]++;
	return entry_of(node);
}

void tscf_key_table_remove(struct tscf_key_table *table, void *entry)
{
	struct node *node = node_of(entry);

	table->of_scope[node->scope]--;
	HASH_DELETE(hh, table->nodes, node);
	free(node);
}

void *tscf_key_table_get(const struct tscf_key_table *table, const struct tscf_binding_key *key)
{
	struct tscf_packed_key packed;

	pack(key, &packed);
	return entry_of(lookup(table, &packed));
}

void *tscf_key_table_next(const struct tscf_key_table *table, const void *entry)
{
	return entry_of(entry ? node_of(entry)->hh.next : table->nodes);
}

void tscf_key_search_begin(struct tscf_key_search *search, const struct tscf_binding_key *flow)
{
	pack(flow, &search->key);
	search->scope = TSCF_KEY_FLOW;
}

void *tscf_key_search_next(const struct tscf_key_table *table, struct tscf_key_search *search)
{
	struct node *node = NULL;

	while (!node && search->scope < TSCF_KEY_SCOPES) {
		widen(&search->key, (enum tscf_key_scope)search->scope);
		if (table->of_scope[search->scope++] > 0)
			node = lookup(table, &search->key);
	}
	return entry_of(node);
}
