/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/control/reply_cache.h"

#include <stdlib.h>
#include <string.h>

void server_answer_keep(struct server_kept_answer *slot, uint32_t sequence, const uint8_t *data, uint32_t length)
{
	free(slot->data);
	slot->data = malloc(length);
	if (!slot->data)
		return;
	memcpy(slot->data, data, length);
	slot->length = (uint16_t)length;
	slot->sequence = sequence;
}

void server_answer_forget(struct server_kept_answer *slot)
{
	free(slot->data);
	slot->data = NULL;
}

void server_answers_keep(struct server_answers *answers, unsigned most, uint32_t sequence, const uint8_t *data, uint32_t length)
{
	server_answer_keep(&answers->kept[answers->next++ % most], sequence, data, length);
}

const struct server_kept_answer *server_answers_find(const struct server_answers *answers, uint32_t sequence)
{
	for (unsigned i = 0; i < SERVER_ANSWERS_MAX; i++)
		if (answers->kept[i].data && answers->kept[i].sequence == sequence)
			return &answers->kept[i];
	return NULL;
}

void server_answers_forget(struct server_answers *answers)
{
	for (unsigned i = 0; i < SERVER_ANSWERS_MAX; i++)
		server_answer_forget(&answers->kept[i]);
}
