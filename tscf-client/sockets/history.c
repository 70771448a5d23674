/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/history.h"

#include <stdlib.h>

static struct history_entry *find(const struct history *h, uint64_t cookie)
{
	struct history_entry *e;

	HASH_FIND(hh, h->entries, &cookie, sizeof(cookie), e);
	return e;
}

static void remove_entry(struct history *h, struct history_entry *e)
{
	HASH_DEL(h->entries, e);
	free(e);
}

void history_level(struct history *h, uint64_t cookie, bool moved, uint64_t now)
{
	struct history_entry *e = find(h, cookie);

	if (!e) {
		/* The entries are in the order in which they were added. */
		if (HASH_COUNT(h->entries) >= HISTORY_MAX)
			remove_entry(h, h->entries);
		e = calloc(1, sizeof(*e));
		if (!e)
			return;
		e->cookie = cookie;
		HASH_ADD(hh, h->entries, cookie, sizeof(e->cookie), e);
	}
	e->since = now;
	if (moved)
		e->moved = now;
}

const struct history_entry *history_of(const struct history *h, uint64_t cookie)
{
	return find(h, cookie);
}

void history_gone(struct history *h, uint64_t cookie)
{
	struct history_entry *e = find(h, cookie);

	if (e)
		remove_entry(h, e);
}

void history_free(struct history *h)
{
	while (h->entries)
		remove_entry(h, h->entries);
}
