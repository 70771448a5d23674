/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/rival.h"

#include "tscf-server/state.h"

#include "common/base/log.h"

enum server_rival server_rival_of(struct server_session *s, uint64_t now)
{
	if (!s->peer)
		return SERVER_RIVAL_GONE;
	if (s->claimed == 0 || now - s->claimed >= SERVER_RIVAL_KNOWN_MS) {
		s->claimed = now;
		/* So that a message in this same millisecond counts as an answer. */
		s->heard = now - 1;
		server_session_keepalive(s);
		return SERVER_RIVAL_ASKED;
	}
	if (s->heard >= s->claimed)
		return SERVER_RIVAL_THERE;
	return now - s->claimed < SERVER_RIVAL_MS ? SERVER_RIVAL_ASKED : SERVER_RIVAL_GONE;
}

bool server_rival_outlives(const struct server_session *s, uint64_t now)
{
	const struct server_session *other = s->lease && !s->encrypted ? s->lease->plain : NULL;

	return !s->confirmed && other && other != s && other != s->older && other->claimed != 0 &&
	       (s->run == 0 || s->run != other->run) && now - other->claimed < SERVER_RIVAL_KNOWN_MS &&
	       other->heard >= other->claimed;
}

void server_rival_found(struct server_state *state, struct server_session *s, struct server_session *second)
{
	char first[TSCF_ADDR_TEXT], other[TSCF_ADDR_TEXT], internal[TSCF_ADDRS_TEXT];

	server_count(&state->counters, SERVER_COUNT_SHARED_ID);
	s->lease->shared = second->lease->shared = true;
	tscf_warning(
	    "two clients have the same identifier, as clones of one machine have it: %s keeps its addresses, %s "
	    "gets %s",
	    tscf_endpoint_format(&s->outer, first), tscf_endpoint_format(&second->outer, other),
	    server_lease_format(second->lease, internal));
}
