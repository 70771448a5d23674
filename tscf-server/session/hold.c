/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/hold.h"

#include "tscf-server/state.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

void server_hold_begin(struct server_session *s, uint64_t now)
{
	s->hold.until = now + SERVER_HOLD_MS;
}

bool server_hold_add(struct server_state *state, struct server_session *s, const uint8_t *data, uint32_t length,
		     uint64_t now)
{
	struct server_hold *hold = &s->hold;
	struct server_held *held;

	if (now >= hold->until || length > SERVER_HELD_SIZE || hold->count >= SERVER_HELD_MAX ||
	    state->held_count >= SERVER_HELD_TOTAL)
		return false;
	held = malloc(sizeof(*held) + length);
	if (!held)
		return false;
	held->next = NULL;
	held->length = length;
	memcpy(held->data, data, length);
	if (hold->count == 0) {
		hold->last = &hold->first;
		DL_APPEND2(state->holding, s, hold_prev, hold_next);
	}
	*hold->last = held;
	hold->last = &held->next;
	hold->count++;
	state->held_count++;
	return true;
}

struct server_held *server_hold_take(struct server_state *state, struct server_session *s)
{
	struct server_held *first = s->hold.first;

	if (!first)
		return NULL;
	DL_DELETE2(state->holding, s, hold_prev, hold_next);
	state->held_count -= s->hold.count;
	s->hold.first = NULL;
	s->hold.count = 0;
	return first;
}

void server_hold_drop(struct server_state *state, struct server_session *s)
{
	struct server_held *held = server_hold_take(state, s);

	while (held) {
		struct server_held *next = held->next;

		server_count(&state->counters, SERVER_COUNT_SHIELDED);
		free(held);
		held = next;
	}
}

void server_hold_expire(struct server_state *state, uint64_t now)
{
	struct server_session *s, *next;

	DL_FOREACH_SAFE2(state->holding, s, next, hold_next)
	{
		if (now >= s->hold.until)
			server_hold_drop(state, s);
	}
}
