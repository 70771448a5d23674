/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/client_lines.h"

#include "tscf-server/state.h"

static void say_omitted(struct server_client_lines_place *place, const struct tscf_addr *source)
{
	char text[TSCF_ADDR_TEXT];

	if (place->omitted > 0)
		tscf_info("%u lines about clients of %s were left out: more than %u in %u s", place->omitted,
			  tscf_addr_format(source, text), SERVER_CLIENT_LINES, SERVER_CLIENT_LINES_MS / 1000);
	place->omitted = 0;
}

enum tscf_log_level server_client_line(struct server_state *state, const union tscf_endpoint *outer, uint64_t now)
{
	const struct tscf_addr addr = tscf_endpoint_addr(outer), source = tscf_addr_source(&addr);
	const uint64_t hash = tscf_siphash(&state->sessions.secret, &source, sizeof(source));
	struct server_client_lines_place *place = &state->client_lines.place[hash % SERVER_CLIENT_LINES_PLACES];

	if (!tscf_log_enabled(TSCF_LOG_INFO))
		return TSCF_LOG_DEBUG;
	if (now - place->since >= SERVER_CLIENT_LINES_MS) {
		place->since = now;
		place->lines = 0;
	}
	if (place->lines >= SERVER_CLIENT_LINES) {
		place->omitted++;
		server_count(&state->counters, SERVER_COUNT_LINES_OMITTED);
		return TSCF_LOG_DEBUG;
	}
	place->lines++;
	say_omitted(place, &source);
	return TSCF_LOG_INFO;
}
