/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/expiry.h"

#include "tscf-server/state.h"

#include <utlist.h>

/** A silent session is noticed at most this part of the persistence time late. */
#define CHECKS_PER_PERSISTENCE 8
/** Pause between two checks of a session that may be silent without limit. */
#define CHECK_IDLE_MS 60000

uint64_t server_check_pause(const struct server_state *state)
{
	uint64_t persistence = (uint64_t)state->settings.persistence * 1000;

	return persistence ? persistence / CHECKS_PER_PERSISTENCE : CHECK_IDLE_MS;
}

uint64_t server_look_pause(const struct server_state *state)
{
	return (uint64_t)state->settings.server_keepalive * 1000 / SERVER_LOOKS_PER_KEEPALIVE;
}

void server_expiry_begin(struct server_state *state, struct server_session *s, uint64_t now)
{
	s->check_at = now + SERVER_CONFIRM_MS;
	DL_APPEND(state->sessions.unconfirmed, s);
	s->interface->unconfirmed_count++;
}

void server_expiry_confirm(struct server_state *state, struct server_session *s, uint64_t now)
{
	DL_DELETE(state->sessions.unconfirmed, s);
	s->interface->unconfirmed_count--;
	s->confirmed = true;
	s->check_at = now + server_check_pause(state);
	DL_APPEND(state->sessions.confirmed, s);
	if (!(s->services & SERVER_SERVICE_KEEPALIVE))
		return;
	s->refresh.at = now + server_look_pause(state);
	DL_APPEND2(state->sessions.refreshed, s, refresh.prev, refresh.next);
}

void server_expiry_leave(struct server_state *state, struct server_session *s)
{
	if (!s->confirmed) {
		DL_DELETE(state->sessions.unconfirmed, s);
		s->interface->unconfirmed_count--;
		return;
	}
	DL_DELETE(state->sessions.confirmed, s);
	if (s->services & SERVER_SERVICE_KEEPALIVE)
		DL_DELETE2(state->sessions.refreshed, s, refresh.prev, refresh.next);
}
