/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outer_key.h - an outer address as the key of a uthash table.
 *
 * An endpoint itself cannot be a key: it has padding, and bytes that do not distinguish connections (the flow label).
 * The senders of datagrams choose these keys, so the hash is keyed; use it with the ..._BYHASHVALUE macros of uthash.
 */
#ifndef TSCF_OUTER_KEY_H
#define TSCF_OUTER_KEY_H

#include "common/base/addr.h"
#include "common/base/siphash.h"

#include <string.h>

/** No padding: equal endpoints are equal memory. */
struct tscf_outer_key {
	uint8_t address[16];
	uint32_t scope;
	uint16_t port;
	uint16_t family;
};

static inline struct tscf_outer_key tscf_outer_key(const union tscf_endpoint *e)
{
	struct tscf_outer_key key = {.family = e->sa.sa_family};

	if (e->sa.sa_family == AF_INET6) {
		memcpy(key.address, &e->in6.sin6_addr, 16);
		key.scope = e->in6.sin6_scope_id;
		key.port = e->in6.sin6_port;
	} else {
		memcpy(key.address, &e->in.sin_addr, 4);
		key.port = e->in.sin_port;
	}
	return key;
}

static inline unsigned tscf_outer_key_hash(const struct tscf_siphash_key *secret, const struct tscf_outer_key *key)
{
	return (unsigned)tscf_siphash(secret, key, sizeof(*key));
}

#endif
