/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/liveness.h"

#include "tscf-server/accounting/reasons.h"
#include "tscf-server/state.h"

#include "common/base/log.h"
#include "common/crypto/random.h"

#include <utlist.h>

static bool is_stream(const struct server_session *s)
{
	return s->listener->transport->ops->stream;
}

static void enlist(struct server_state *state, struct server_session *s)
{
	if (s->liveness.listed)
		return;
	s->liveness.listed = true;
	DL_APPEND2(state->sessions.suspected, s, liveness.prev, liveness.next);
}

void server_liveness_suspect(struct server_state *state, struct server_session *s)
{
	s->liveness.gone = true;
	enlist(state, s);
}

void server_liveness_sent(struct server_state *state, struct server_session *s, uint64_t now)
{
	struct server_liveness *l = &s->liveness;

	if (l->talking <= s->heard) {
		l->talking = now;
		l->talked = 0;
	}
	if (++l->talked >= SERVER_TALK_PACKETS && now - l->talking >= SERVER_TALK_MS)
		enlist(state, s);
}

static bool talks_in_vain(const struct server_session *s, uint64_t now)
{
	const struct server_liveness *l = &s->liveness;

	return l->talking > s->heard && l->talked >= SERVER_TALK_PACKETS && now - l->talking >= SERVER_TALK_MS;
}

/* Whether the last answer to a probe is @p rest milliseconds old. */
static bool has_rested(const struct server_liveness *l, uint64_t now, uint64_t rest)
{
	return l->answered == 0 || now - l->answered >= rest;
}

static bool wants_probe(const struct server_session *s, uint64_t now)
{
	const struct server_liveness *l = &s->liveness;

	return (talks_in_vain(s, now) && has_rested(l, now, SERVER_TALK_REST_MS)) ||
	       (l->gone && has_rested(l, now, SERVER_LIVENESS_REST_MS));
}

static unsigned round_trip(const struct server_session *s)
{
	return s->liveness.round_trip_ms ? s->liveness.round_trip_ms : s->peer->round_trip_ms;
}

static void ask_again(struct server_session *s, uint64_t now)
{
	struct server_liveness *l = &s->liveness;
	struct server_session *plain = server_session_partner(s);
	uint64_t pause = now - l->asked < SERVER_PROBE_MS ? SERVER_PROBE_PAUSE_MS : SERVER_PROBE_LONG_PAUSE_MS;

	l->again = now + (pause > round_trip(s) ? pause : round_trip(s));
	server_session_keepalive(s);
	if (plain && plain->heard < l->asked)
		server_session_keepalive(plain);
}

static void ask(struct server_state *state, struct server_session *s, uint64_t now)
{
	server_count(&state->counters, SERVER_COUNT_ENCRYPTED_PROBED);
	s->liveness.asked = now;
	ask_again(s, now);
	s->liveness.first = s->sequence;
}

void server_liveness_claimed(struct server_state *state, struct server_session *s, uint64_t now)
{
	server_liveness_suspect(state, s);
	if (!s->liveness.asked)
		ask(state, s, now);
}

/* Only the first request of a probe measures the round trip: an answer to a repetition would be ambiguous (Karn). */
void server_liveness_answered(struct server_session *s, uint32_t sequence, uint64_t now)
{
	struct server_liveness *l = &s->liveness;

	if (l->asked && sequence == l->first)
		l->round_trip_ms = now > l->asked ? (unsigned)(now - l->asked) : 1;
	if (l->moved && sequence == l->proof && s->peer) {
		l->moved = false;
		tscf_peer_proved(s->peer);
	}
}

static void log_aside(struct server_state *state, const struct server_session *s, const char *why, uint64_t now)
{
	const enum tscf_log_level level = server_client_line(state, &s->outer, now);
	char outer[TSCF_ADDR_TEXT];

	TSCF_LOG_IF_SHOWN(level, "encrypted tunnel of %s %s: encrypted-preferred sockets are served %s",
			  tscf_endpoint_format(&s->outer, outer), why,
			  server_liveness_aside(&s->liveness) ? "in clear" : "encrypted again");
}

void server_liveness_reported(struct server_state *state, struct server_session *s, bool aside, uint32_t sequence,
			      uint64_t now)
{
	struct server_liveness *l = &s->liveness;

	if ((int32_t)(sequence - l->report_sequence) <= 0)
		return;
	l->report_sequence = sequence;
	if (l->by_client == aside)
		return;
	l->by_client = aside;
	if (aside)
		server_count(&state->counters, SERVER_COUNT_ENCRYPTED_ASIDE);
	log_aside(state, s, aside ? "does not reach its client" : "reaches its client", now);
}

/* Only the client can read the number, so an answer with it proves that the client received the request. */
static void ask_for_proof(struct server_session *s, uint64_t now)
{
	struct server_liveness *l = &s->liveness;

	tscf_random(&s->sequence, sizeof(s->sequence));
	l->again = now + SERVER_PROBE_PAUSE_MS;
	server_session_keepalive(s);
	l->proof = s->sequence;
}

void server_liveness_moved(struct server_state *state, struct server_session *s, uint64_t now)
{
	s->liveness.moved = true;
	enlist(state, s);
	ask_for_proof(s, now);
}

static void put_aside(struct server_state *state, struct server_session *s, uint64_t now)
{
	s->liveness.silent = true;
	server_count(&state->counters, SERVER_COUNT_ENCRYPTED_ASIDE);
	log_aside(state, s, "does not answer", now);
}

static uint64_t aside_after(const struct server_session *s)
{
	uint64_t least = is_stream(s) ? SERVER_ASIDE_STREAM_MS : SERVER_ASIDE_MS, round_trips = 3ULL * round_trip(s);

	if (round_trips == 0 || round_trips > SERVER_ASIDE_MOST_MS)
		return SERVER_ASIDE_MOST_MS;
	return round_trips > least ? round_trips : least;
}

/* A network, or a client, that is silent on both tunnels gains nothing by packets in clear. */
static bool plain_works(const struct server_session *s)
{
	const struct server_session *plain = server_session_partner(s);

	return plain && plain->heard >= s->liveness.asked;
}

/* The client of @p s is there. */
static void believe(struct server_state *state, struct server_session *s, uint64_t now)
{
	struct server_liveness *l = &s->liveness;
	const bool was_silent = l->silent;

	l->asked = 0;
	l->gone = l->silent = false;
	if (was_silent)
		log_aside(state, s, "answers", now);
	if (!l->moved)
		server_session_unsuspect(state, s);
}

/** A probe of @p s runs. */
static void review(struct server_state *state, struct server_session *s, uint64_t now)
{
	struct server_liveness *l = &s->liveness;
	uint64_t age = now - l->asked;

	if (s->heard > l->asked) {
		l->answered = now;
		believe(state, s, now);
	} else if (l->gone && age >= (is_stream(s) ? SERVER_PROBE_STREAM_MS : SERVER_PROBE_MS)) {
		server_session_end(state, s, now, SERVER_WHY_NO_ANSWER);
	} else {
		if (!l->silent && age >= aside_after(s) && plain_works(s))
			put_aside(state, s, now);
		if (!is_stream(s) && now >= l->again)
			ask_again(s, now);
	}
}

static void look(struct server_state *state, struct server_session *s, uint64_t now)
{
	struct server_liveness *l = &s->liveness;

	if (l->asked) {
		review(state, s, now);
	} else if (l->moved) {
		if (now >= l->again)
			ask_for_proof(s, now);
	} else if (now - s->heard < SERVER_LIVENESS_SILENCE_MS) {
		believe(state, s, now);
	} else if (wants_probe(s, now)) {
		ask(state, s, now);
	} else if (!l->gone) {
		believe(state, s, now);
	}
}

bool server_liveness_busy(const struct server_state *state)
{
	return state->sessions.suspected != NULL;
}

void server_liveness_tick(struct server_state *state, uint64_t now)
{
	struct server_session *s, *next;

	DL_FOREACH_SAFE2(state->sessions.suspected, s, next, liveness.next)
	look(state, s, now);
}
