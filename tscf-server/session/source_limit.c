/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/source_limit.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct server_source_limit {
	struct tscf_addr addr;
	unsigned sessions;
	UT_hash_handle hh;
};

int server_source_limit_limits_init(struct server_source_limit_limits *table)
{
	*table = (struct server_source_limit_limits){.by_addr = NULL};
	return tscf_siphash_key_init(&table->secret);
}

static struct tscf_addr source_of(const union tscf_endpoint *outer)
{
	struct tscf_addr addr = tscf_endpoint_addr(outer);

	return tscf_addr_source(&addr);
}

static unsigned hash(const struct server_source_limit_limits *table, const struct tscf_addr *addr)
{
	return (unsigned)tscf_siphash(&table->secret, addr, sizeof(*addr));
}

static struct server_source_limit *find(const struct server_source_limit_limits *table, const struct tscf_addr *addr)
{
	struct server_source_limit *source;

	HASH_FIND_BYHASHVALUE(hh, table->by_addr, addr, sizeof(*addr), hash(table, addr), source);
	return source;
}

static struct server_source_limit *add(struct server_source_limit_limits *table, const struct tscf_addr *addr)
{
	struct server_source_limit *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->addr = *addr;
	HASH_ADD_BYHASHVALUE(hh, table->by_addr, addr, sizeof(source->addr), hash(table, addr), source);
	if (source->hh.tbl)
		return source;
	/* Out of memory. */
	free(source);
	return NULL;
}

struct server_source_limit *server_source_limit_hold(struct server_source_limit_limits *table,
						     const union tscf_endpoint *outer)
{
	struct tscf_addr addr = source_of(outer);
	struct server_source_limit *source = find(table, &addr);

	if (!source)
		source = add(table, &addr);
	if (source)
		source->sessions++;
	return source;
}

void server_source_limit_drop(struct server_source_limit_limits *table, struct server_source_limit *source)
{
	if (!source || --source->sessions > 0)
		return;
	HASH_DELETE(hh, table->by_addr, source);
	free(source);
}

unsigned server_source_limit_sessions(const struct server_source_limit_limits *table, const union tscf_endpoint *outer)
{
	struct tscf_addr addr = source_of(outer);
	const struct server_source_limit *source = find(table, &addr);

	return source ? source->sessions : 0;
}
