/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/sweep.h"

#include "tscf-server/accounting/reasons.h"
#include "tscf-server/session/expiry.h"
#include "tscf-server/state.h"

#include <utlist.h>

/** @return why the session must end now, or NULL. */
static const char *check(const struct server_state *state, const struct server_session *s, uint64_t now)
{
	if (state->settings.persistence && now - s->heard >= (uint64_t)state->settings.persistence * 1000)
		return SERVER_WHY_SILENT;
	if (!state->settings.persistence && !s->peer && now - s->heard >= SERVER_LOST_MS)
		return SERVER_WHY_LOST;
	return NULL;
}

static void check_confirmed(struct server_state *state, uint64_t now)
{
	struct server_session *s;

	while ((s = state->sessions.confirmed) && now >= s->check_at) {
		const char *why = check(state, s, now);

		if (why) {
			server_session_end(state, s, now, why);
			continue;
		}
		if (now - s->heard >= server_check_pause(state))
			server_session_keepalive(s);
		s->check_at = now + server_check_pause(state);
		DL_DELETE(state->sessions.confirmed, s);
		DL_APPEND(state->sessions.confirmed, s);
	}
}

/** What the client receives does not count: many translators remember only what comes from inside. */
static void refresh(struct server_state *state, uint64_t now)
{
	uint64_t pause = server_look_pause(state), silence = pause * (SERVER_LOOKS_PER_KEEPALIVE - 1);
	struct server_session *s;

	while ((s = state->sessions.refreshed) && now >= s->refresh.at) {
		if (now - s->heard >= silence && now - s->refresh.asked >= silence) {
			server_session_keepalive(s);
			s->refresh.asked = now;
		}
		s->refresh.at = now + pause;
		DL_DELETE2(state->sessions.refreshed, s, refresh.prev, refresh.next);
		DL_APPEND2(state->sessions.refreshed, s, refresh.prev, refresh.next);
	}
}

void server_sessions_expire(struct server_state *state, uint64_t now)
{
	struct server_session *s;

	while ((s = state->sessions.unconfirmed) && now >= s->check_at)
		server_session_end(state, s, now, "it was not confirmed in time");
	check_confirmed(state, now);
	refresh(state, now);
}
