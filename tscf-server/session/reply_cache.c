/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/reply_cache.h"

#include <stdlib.h>
#include <string.h>

void server_reply_keep(struct server_cached_reply *slot, uint32_t sequence, const uint8_t *data, uint32_t length)
{
	free(slot->data);
	slot->data = malloc(length);
	if (!slot->data)
		return;
	memcpy(slot->data, data, length);
	slot->length = (uint16_t)length;
	slot->sequence = sequence;
}

void server_reply_forget(struct server_cached_reply *slot)
{
	free(slot->data);
	slot->data = NULL;
}

void server_reply_cache_keep(struct server_reply_cache *answers, unsigned most, uint32_t sequence, const uint8_t *data,
			     uint32_t length)
{
	server_reply_keep(&answers->kept[answers->next++ % most], sequence, data, length);
}

const struct server_cached_reply *server_reply_cache_find(const struct server_reply_cache *answers, uint32_t sequence)
{
	for (unsigned i = 0; i < SERVER_REPLY_CACHE_MAX; i++)
		if (answers->kept[i].data && answers->kept[i].sequence == sequence)
			return &answers->kept[i];
	return NULL;
}

void server_reply_cache_forget(struct server_reply_cache *answers)
{
	for (unsigned i = 0; i < SERVER_REPLY_CACHE_MAX; i++)
		server_reply_forget(&answers->kept[i]);
}
