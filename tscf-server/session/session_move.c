/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/session_move.h"

#include "tscf-server/session/side_ways.h"
#include "tscf-server/state.h"
#include "tscf-server/store/journal.h"

#include "common/base/log.h"

#include <errno.h>
#include <limits.h>

/** A session that moves more often than this is not logged each time. */
#define MOVED_LOG_MS 10000

void server_session_evict(struct server_state *state, struct server_session *occupant, uint64_t now)
{
	while (occupant) {
		struct server_session *pending = occupant->pending;

		server_session_end(state, occupant, now, "its outer address is another tunnel's now");
		occupant = pending;
	}
}

int server_session_move(struct server_state *state, struct server_session *s, const struct server_place *place,
			struct server_session *occupant, uint64_t now)
{
	char from[TSCF_ADDR_TEXT], to[TSCF_ADDR_TEXT];
	enum tscf_log_level level;
	struct tscf_source *source;
	struct tscf_peer *peer;

	if (occupant == s)
		return 0;
	source = tscf_source_hold(&state->sessions.sources, &place->outer, UINT_MAX);
	if (!source)
		return -ENOMEM;
	server_session_evict(state, occupant, now);
	peer = server_session_settle(state, s, place);
	if (!peer) {
		tscf_source_drop(&state->sessions.sources, source);
		return -ENOMEM;
	}
	level = server_client_line(state, &place->outer, now);
	TSCF_LOG_IF_SHOWN(level, "plain tunnel of %s goes on at %s", tscf_endpoint_format(&s->outer, from),
			  tscf_endpoint_format(&place->outer, to));
	server_session_leave_peer(s);
	server_side_ways_moved(s, place->listener);
	s->pending = NULL;
	s->peer = peer;
	s->listener = place->listener;
	s->outer = place->outer;
	tscf_source_drop(&state->sessions.sources, s->source);
	s->source = source;
	s->lease->client = tscf_endpoint_addr(&place->outer);
	/* The reservation was for the other address. */
	server_reservation_cancel(&state->reservations, s);
	server_count(&state->counters, SERVER_COUNT_PLAIN_RESUMED);
	server_journal_session(state, s);
	return 0;
}

void server_session_moved(struct server_state *state, struct server_session *s, uint64_t now)
{
	/* An attacker on the path could produce any number of log lines. */
	const enum tscf_log_level level =
	    now - s->moved_at >= MOVED_LOG_MS ? server_client_line(state, &s->peer->outer, now) : TSCF_LOG_DEBUG;
	char from[TSCF_ADDR_TEXT], to[TSCF_ADDR_TEXT];

	TSCF_LOG_IF_SHOWN(level, "encrypted tunnel of %s goes on at %s", tscf_endpoint_format(&s->outer, from),
			  tscf_endpoint_format(&s->peer->outer, to));
	s->moved_at = now;
	s->outer = s->peer->outer;
	server_count(&state->counters, SERVER_COUNT_ENCRYPTED_MOVED);
}
