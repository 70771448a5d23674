/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/shares.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct share {
	uint32_t uid;
	unsigned count;    /**< as of the last dump, plus sockets taken since */
	unsigned counting; /**< in the running dump, plus sockets taken since it began */
	UT_hash_handle hh;
};

static struct share *share_of(struct shares *s, uint32_t uid)
{
	struct share *share;
	HASH_FIND(hh, s->by_uid, &uid, sizeof(uid), share);
	if (share)
		return share;
	share = calloc(1, sizeof(*share));
	if (!share)
		return NULL;
	share->uid = uid;
	HASH_ADD(hh, s->by_uid, uid, sizeof(share->uid), share);
	if (share->hh.tbl)
		return share;
	free(share);
	return NULL;
}

static void drop(struct shares *s, struct share *share)
{
	HASH_DELETE(hh, s->by_uid, share);
	free(share);
}

void shares_free(struct shares *s)
{
	struct share *share, *next;
	HASH_ITER(hh, s->by_uid, share, next)
		drop(s, share);
}

void shares_begin(struct shares *s)
{
	for (struct share *share = s->by_uid; share; share = share->hh.next)
		share->counting = 0;
}

void shares_seen(struct shares *s, uint32_t uid)
{
	struct share *share = share_of(s, uid);
	if (share)
		share->counting++;
}

void shares_end(struct shares *s)
{
	struct share *share, *next;
	HASH_ITER(hh, s->by_uid, share, next) {
		share->count = share->counting;
		if (share->count == 0)
			drop(s, share);
	}
}

void shares_more(struct shares *s, uint32_t uid)
{
	struct share *share = share_of(s, uid);
	if (share)
		share->count++;
}

void shares_less(struct shares *s, uint32_t uid, bool counted)
{
	struct share *share = share_of(s, uid);
	if (share && share->count > 0)
		share->count--;
	if (share && counted && share->counting > 0)
		share->counting--;
}

bool shares_take(struct shares *s, uint32_t uid)
{
	struct share *share = uid == 0 ? NULL : share_of(s, uid);
	if (uid == 0)
		return true;
	if (!share || share->count >= SHARES_MAX)
		return false;
	share->count++;
	share->counting++;
	return true;
}
