/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * key_table.h - a table by the client's side of a flow, in which the most specific entry decides.
 *
 * The table holds the memory of its entries; what is in them is its users' (binding.h, services.h).  Pure.
 */
#ifndef TSCF_KEY_TABLE_H
#define TSCF_KEY_TABLE_H

#include "common/base/addr.h"

#include <stddef.h>
#include <stdint.h>

/** Names a socket, or several, by the client's side of its packets. */
struct tscf_binding_key {
	struct tscf_addr local;
	struct tscf_addr remote; /**< family 0: any remote */
	uint16_t local_port;     /**< 0: any */
	uint16_t remote_port;
	uint8_t protocol; /**< 0: any */
};

/** Which parts of a key are wildcards, in the order in which entries decide. */
enum tscf_key_scope {
	TSCF_KEY_FLOW,     /**< (protocol, local, local port, remote, remote port) */
	TSCF_KEY_PORT,     /**< (protocol, local, local port) */
	TSCF_KEY_PROTOCOL, /**< (protocol, local) */
	TSCF_KEY_ADDRESS,  /**< (local) */
};
#define TSCF_KEY_SCOPES 4

/** A key without padding, as it is hashed and compared. */
struct tscf_packed_key {
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t local_port;
	uint16_t remote_port;
	uint8_t local_family;
	uint8_t remote_family;
	uint8_t protocol;
	uint8_t zero;
};

struct tscf_key_table;

/** @return an empty table, or NULL when out of memory. */
struct tscf_key_table *tscf_key_table_new(void);
/** Free the table and its entries; NULL is allowed. */
void tscf_key_table_free(struct tscf_key_table *table);
/** @return the number of entries. */
unsigned tscf_key_table_count(const struct tscf_key_table *table);

/** Add an entry of @p size zero bytes for @p key, which no other entry has.  @return it, or NULL when out of memory. */
void *tscf_key_table_add(struct tscf_key_table *table, const struct tscf_binding_key *key, size_t size);
/** Remove and free @p entry. */
void tscf_key_table_remove(struct tscf_key_table *table, void *entry);
/** @return the entry with exactly this key, in which a wildcard only matches a wildcard; or NULL. */
void *tscf_key_table_get(const struct tscf_key_table *table, const struct tscf_binding_key *key);
/** @return the entry that was added after @p entry, or the first one for NULL; NULL at the end. */
void *tscf_key_table_next(const struct tscf_key_table *table, const void *entry);

/** The search for the entries that cover a flow. */
struct tscf_key_search {
	struct tscf_packed_key key;
	unsigned scope; /**< that is searched next */
};

/** Begin the search for @p flow, a key without wildcards. */
void tscf_key_search_begin(struct tscf_key_search *search, const struct tscf_binding_key *flow);
/** @return the next entry that covers the flow, the most specific first; NULL at the end.  O(1). */
void *tscf_key_search_next(const struct tscf_key_table *table, struct tscf_key_search *search);

#endif
