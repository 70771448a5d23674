/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/yield.h"

#include "tscf-server/accounting/reasons.h"
#include "tscf-server/session/dismiss.h"
#include "tscf-server/state.h"

#include "common/base/log.h"
#include "common/packet/message.h"

#include <utlist.h>

static bool is_idle(const struct server_yield_rank *r, uint64_t now)
{
	return now > r->heard && now - r->heard >= SERVER_YIELD_IDLE_MS;
}

bool server_yield_before(const struct server_yield_rank *a, const struct server_yield_rank *b, uint64_t now)
{
	if (is_idle(a, now) != is_idle(b, now))
		return is_idle(a, now);
	return is_idle(a, now) ? a->heard < b->heard : a->created > b->created;
}

struct server_session *server_yield_first(const struct server_interface *i, uint64_t now,
					  struct server_yield_rank *rank)
{
	struct server_session *s, *first = NULL;
	unsigned looks = 0;

	DL_FOREACH2(i->candidates, s, yield.next)
	{
		const struct server_yield_rank here = {.heard = s->heard, .created = s->created};

		if (looks++ == SERVER_YIELD_LOOK)
			break;
		if (first && !server_yield_before(&here, rank, now))
			continue;
		first = s;
		*rank = here;
	}
	return first;
}

static bool is_news(struct server_yield *y, const struct tscf_message *m)
{
	struct tscf_tlv tlv;

	if (!tscf_message_find(m, TSCF_TLV_NEED, &tlv) || (int32_t)(m->sequence - y->report_sequence) <= 0)
		return false;
	y->report_sequence = m->sequence;
	return true;
}

bool server_yield_take_need(struct server_state *state, struct server_session *s, const struct tscf_message *m)
{
	const bool asked = s->yield.state == SERVER_YIELD_ASKED;
	char outer[TSCF_ADDR_TEXT];

	if (!is_news(&s->yield, m))
		return false;
	if (!tscf_message_needs_preferred(m)) {
		server_yield_enter(state, s, SERVER_YIELD_KEPT);
		if (asked)
			tscf_info("encrypted tunnel of %s does not yield: its client has an encrypted-only socket",
				  tscf_endpoint_format(&s->outer, outer));
		return asked;
	}
	if (s->yield.state == SERVER_YIELD_KEPT)
		server_yield_enter(state, s, SERVER_YIELD_CANDIDATE);
	return false;
}

static void send_request(struct server_session *s, uint64_t now)
{
	const uint64_t round_trip = s->liveness.round_trip_ms;

	s->yield.again = now + (round_trip > SERVER_YIELD_PAUSE_MS ? round_trip : SERVER_YIELD_PAUSE_MS);
	server_session_yield(s);
}

void server_yield_ask(struct server_state *state, struct server_session *s, uint64_t now)
{
	const enum tscf_log_level level = server_client_line(state, &s->outer, now);
	char outer[TSCF_ADDR_TEXT];

	server_yield_enter(state, s, SERVER_YIELD_ASKED);
	s->yield.asked = now;
	server_count(&state->counters, SERVER_COUNT_YIELDS_ASKED);
	TSCF_LOG_IF_SHOWN(
	    level,
	    "encrypted tunnel of %s is to yield: its client has encrypted-preferred sockets only, and another one "
	    "needs an encrypted tunnel for encrypted-only sockets",
	    tscf_endpoint_format(&s->outer, outer));
	send_request(s, now);
}

bool server_yield_busy(const struct server_state *state)
{
	return state->sessions.yielding != NULL;
}

void server_yield_tick(struct server_state *state, uint64_t now)
{
	struct server_session *s, *next;

	DL_FOREACH_SAFE2(state->sessions.yielding, s, next, yield.next)
	{
		if (now - s->yield.asked >= SERVER_YIELD_MS) {
			server_count(&state->counters, SERVER_COUNT_YIELDS_FORCED);
			server_session_dismiss(state, s, TSCF_RESPONSE_SERVICE_UNAVAILABLE, SERVER_WHY_YIELDED, now);
		} else if (now >= s->yield.again && !s->listener->transport->ops->stream) {
			send_request(s, now);
		}
	}
}
