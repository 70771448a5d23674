/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/source_count.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct tscf_source {
	struct tscf_addr addr;
	unsigned count;
	UT_hash_handle hh;
};

static struct tscf_source *add(struct tscf_source_counts *counts, const struct tscf_addr *addr, unsigned hash)
{
	struct tscf_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->addr = *addr;
	HASH_ADD_BYHASHVALUE(hh, counts->by_addr, addr, sizeof(source->addr), hash, source);
	/* uthash clears this when out of memory. */
	if (source->hh.tbl)
		return source;
	free(source);
	return NULL;
}

/** Find the source of @p outer.  @return it, or NULL; *addr and *hash are set to its key. */
static struct tscf_source *find(const struct tscf_source_counts *counts, const union tscf_endpoint *outer,
				struct tscf_addr *addr, unsigned *hash)
{
	struct tscf_addr outer_addr = tscf_endpoint_addr(outer);
	struct tscf_source *source;

	*addr = tscf_addr_source(&outer_addr);
	*hash = (unsigned)tscf_siphash(counts->secret, addr, sizeof(*addr));
	HASH_FIND_BYHASHVALUE(hh, counts->by_addr, addr, sizeof(*addr), *hash, source);
	return source;
}

struct tscf_source *tscf_source_hold(struct tscf_source_counts *counts, const union tscf_endpoint *outer, unsigned most)
{
	struct tscf_addr addr;
	unsigned hash;
	struct tscf_source *source = find(counts, outer, &addr, &hash);

	if (!source)
		source = add(counts, &addr, hash);
	if (!source || source->count >= most)
		return NULL;
	source->count++;
	return source;
}

unsigned tscf_source_count(const struct tscf_source_counts *counts, const union tscf_endpoint *outer)
{
	struct tscf_addr addr;
	unsigned hash;
	const struct tscf_source *source = find(counts, outer, &addr, &hash);

	return source ? source->count : 0;
}

void tscf_source_drop(struct tscf_source_counts *counts, struct tscf_source *source)
{
	if (!source || --source->count > 0)
		return;
	HASH_DELETE(hh, counts->by_addr, source);
	free(source);
}
