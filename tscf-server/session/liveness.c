/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/liveness.h"

#include "tscf-server/state.h"

#include <utlist.h>

void server_liveness_doubt(struct server_state *state, struct server_session *s)
{
	if (s->doubt.listed)
		return;
	s->doubt.listed = true;
	DL_APPEND2(state->sessions.doubted, s, doubt.prev, doubt.next);
}

static void ask(struct server_state *state, struct server_session *s, uint64_t now)
{
	server_count(&state->counters, SERVER_COUNT_ENCRYPTED_PROBED);
	s->doubt.asked = now;
	server_session_keepalive(s);
}

void server_liveness_claimed(struct server_state *state, struct server_session *s, uint64_t now)
{
	server_liveness_doubt(state, s);
	if (!s->doubt.asked)
		ask(state, s, now);
}

/** A probe of @p s runs. */
static void review(struct server_state *state, struct server_session *s, uint64_t now)
{
	bool stream = s->listener->transport->ops->stream;

	if (s->heard > s->doubt.asked) {
		s->doubt.rested = now + SERVER_LIVENESS_REST_MS;
		server_session_believe(state, s);
	} else if (now - s->doubt.asked >= (stream ? SERVER_PROBE_STREAM_MS : SERVER_PROBE_MS)) {
		server_session_end(state, s, now, "it did not answer when it was in doubt");
	} else if (!stream) {
		server_session_keepalive(s);
	}
}

void server_liveness_tick(struct server_state *state, uint64_t now)
{
	struct server_session *s, *next;

	DL_FOREACH_SAFE2(state->sessions.doubted, s, next, doubt.next)
	{
		if (s->doubt.asked)
			review(state, s, now);
		else if (now - s->heard < SERVER_LIVENESS_SILENCE_MS)
			server_session_believe(state, s);
		else if (now >= s->doubt.rested)
			ask(state, s, now);
	}
}
