/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/side_way.h"

#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/** How often the offer is sent where it is not answered. */
#define OFFER_TRIES 5
/** Pauses between the repetitions of the request that opens the way, or two round trips if those are longer. */
#define ATTACH_FIRST_MS   150
#define ATTACH_LONGEST_MS 300
/** Seconds between keepalives of a way that is up: the server takes one that is silent for longer for lost. */
#define WAY_KEEPALIVE 1
/** The shortest time that a way is kept without packets. */
#define SHORTEST_PERSISTENCE_MS 2000

static uint64_t now(const struct side_way *s)
{
	return tscf_timers_now(s->stream->host->timers);
}

static struct side_way *side_way_of(struct tunnel *way)
{
	return (struct side_way *)((char *)way - offsetof(struct side_way, way));
}

bool side_way_is_possible(const struct side_way *s)
{
	const struct tunnel *t = s->stream;

	return t->state == TUNNEL_UP && t->peer && t->way.kind == WAY_STREAM && s->kind->is_possible(&t->way) &&
	       !s->refused;
}

static uint64_t persistence(const struct side_way *s)
{
	uint64_t ms = (uint64_t)s->stream->host->config->persistence * 1000;

	return ms > SHORTEST_PERSISTENCE_MS ? ms : SHORTEST_PERSISTENCE_MS;
}

static bool is_wanted(const struct side_way *s)
{
	return s->wanted_at != 0 && now(s) - s->wanted_at < persistence(s);
}

static bool flows(const struct side_way *s)
{
	return s->wanted_at != 0 && now(s) - s->wanted_at < SIDE_WAY_FLOWS_MS;
}

static void enter(struct side_way *s, enum side_way_state state, uint64_t pause)
{
	if (s->state == SIDE_WAY_OFF || (s->state == SIDE_WAY_UP) != (state == SIDE_WAY_UP))
		s->since = now(s);
	s->state = state;
	s->next_at = now(s) + pause;
}

/* @param why it is logged, if the way was up. */
static void leave(struct side_way *s, enum side_way_state state, uint64_t pause, const char *why)
{
	tscf_log(s->state == SIDE_WAY_UP ? TSCF_LOG_INFO : TSCF_LOG_DEBUG, "%s of the %s tunnel: no way by %s %s: %s",
		 s->kind->name, s->stream->name, way_transport(s->kind->transport, s->stream->encrypted),
		 s->state == SIDE_WAY_UP ? "any more" : "yet", why);
	tunnel_close(&s->way);
	enter(s, state, pause);
}

void side_way_restart(struct side_way *s)
{
	s->refused = false;
	s->reason[0] = '\0';
	if (s->state != SIDE_WAY_OFF)
		leave(s, SIDE_WAY_OFF, 0, "the tunnel has changed");
	else
		s->next_at = 0;
}

/* --- the offer, by the stream --- */

/* The way is asked for again and again: log each reason once. */
static void note_refusal(struct side_way *s, const struct tscf_message *response)
{
	enum tscf_response code = TSCF_RESPONSE_MALFORMED;
	char text[TSCF_RESPONSE_TEXT_MAX + 1] = "", reason[sizeof(s->reason)];

	tscf_message_response(response, &code, text, sizeof(text));
	snprintf(reason, sizeof(reason), "%s%s%s", tscf_response_name(code), text[0] ? ": " : "", text);
	if (strcmp(reason, s->reason) != 0)
		tscf_info("%s of the %s tunnel go by its stream only: %s", s->kind->name, s->stream->name, reason);
	memcpy(s->reason, reason, sizeof(reason));
}

static bool is_success(const struct tscf_message *response)
{
	enum tscf_response code;

	return tscf_message_response(response, &code, NULL, 0) == 0 && code == TSCF_RESPONSE_SUCCESS;
}

static void offered(void *context, void *user, const struct tscf_message *response, int error)
{
	struct side_way *s = user;

	(void)context;
	(void)error;
	if (s->state != SIDE_WAY_ASKED)
		return;
	if (!response) {
		enter(s, SIDE_WAY_OFF, SIDE_WAY_OFFER_PAUSE_MS);
	} else if (is_success(response)) {
		enter(s, SIDE_WAY_OFFERED, 0);
	} else {
		note_refusal(s, response);
		s->refused = true;
		enter(s, SIDE_WAY_OFF, 0);
	}
}

/* Only the hash is sent by the stream: on a plain tunnel, who reads it there cannot use it. */
static void offer(struct side_way *s)
{
	uint8_t buffer[TSCF_MESSAGE_MAX], hash[32];
	struct tscf_writer w;

	tscf_random(s->secret, sizeof(s->secret));
	tscf_sha256(s->secret, sizeof(s->secret), hash);
	tunnel_begin(s->stream, &w, buffer, TSCF_SERVICE_REQUEST);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, (uint16_t)s->kind->service);
	tscf_write_bytes(&w, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
	enter(s, SIDE_WAY_ASKED, 0);
	if (tunnel_request(s->stream, &w, OFFER_TRIES, offered, s) < 0)
		enter(s, SIDE_WAY_OFF, SIDE_WAY_OFFER_PAUSE_MS);
}

/* --- the way --- */

static void attempt(struct side_way *s)
{
	uint64_t limit = s->kind->round_trips * s->stream->requests.round_trip_ms;
	struct way to = s->stream->way;
	int error;

	if (limit < s->kind->try_ms)
		limit = s->kind->try_ms;
	if (limit > s->kind->try_longest_ms)
		limit = s->kind->try_longest_ms;
	to.kind = s->kind->transport;
	enter(s, SIDE_WAY_TRYING, limit);
	error = tunnel_open(&s->way, &to);
	if (error < 0)
		leave(s, SIDE_WAY_OFFERED, s->kind->try_ms, strerror(-error));
}

static void attached(void *context, void *user, const struct tscf_message *response, int error)
{
	struct tunnel *t = context;
	struct side_way *s = user;
	struct tscf_tlv cookie;

	/* Without an answer, the attempt ends by its time. */
	if (!response || error < 0 || s->state != SIDE_WAY_TRYING)
		return;
	if (!is_success(response)) {
		/* The server has no such offer (any more). */
		note_refusal(s, response);
		leave(s, SIDE_WAY_OFF, s->kind->try_ms, s->reason);
		return;
	}
	t->state = TUNNEL_UP;
	t->keepalive = WAY_KEEPALIVE;
	if (tscf_message_find(response, TSCF_TLV_COOKIE, &cookie))
		tunnel_prove(t, cookie.value, cookie.length);
	else
		tunnel_probe(t);
}

static void attach(struct tunnel *t)
{
	struct request_pace pace = {ATTACH_FIRST_MS, ATTACH_LONGEST_MS, REQUEST_TRIES_ENDLESS, 0};
	struct side_way *s = side_way_of(t);
	uint64_t round_trip = s->stream->requests.round_trip_ms;
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	/* Until the way has one of its own: without any, its loss is noticed late (tunnel.h). */
	t->requests.round_trip_ms = round_trip > 0 ? round_trip : 1;
	if (pace.first_ms < 2 * round_trip)
		pace.first_ms = 2 * round_trip;
	if (pace.longest_ms < pace.first_ms)
		pace.longest_ms = pace.first_ms;
	t->tsid = s->stream->tsid;
	t->sealing = sealing_hold(s->stream->sealing);
	tunnel_begin(t, &w, buffer, TSCF_SERVICE_REQUEST);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, (uint16_t)s->kind->service);
	tscf_write_bytes(&w, TSCF_TLV_RESERVATION_SECRET, s->secret, sizeof(s->secret));
	if (tunnel_request_at(t, &w, pace, attached, s) < 0)
		tscf_debug("side way: out of memory");
}

/* The first answer to a keepalive shows that the server has the way. */
static void alive(struct tunnel *t)
{
	struct side_way *s = side_way_of(t);
	char to[TSCF_ADDR_TEXT];
	union tscf_endpoint at = way_endpoint(&t->way, t->encrypted);

	if (s->state != SIDE_WAY_TRYING)
		return;
	enter(s, SIDE_WAY_UP, 0);
	s->reason[0] = '\0';
	s->opened++;
	tscf_info("%s of the %s tunnel go by %s to %s", s->kind->name, t->name,
		  way_transport(s->kind->transport, t->encrypted), tscf_endpoint_format(&at, to));
}

static void lost(struct tunnel *t, const char *reason)
{
	struct side_way *s = side_way_of(t);

	/* The secret was for once.  One that was not used is tried again when the attempt is over. */
	if (s->state == SIDE_WAY_UP)
		leave(s, SIDE_WAY_OFF, s->kind->pause_ms, reason);
	else if (s->state == SIDE_WAY_TRYING)
		leave(s, SIDE_WAY_OFFERED, s->kind->try_ms, reason);
}

static void unreachable(struct tunnel *t, int error)
{
	tscf_debug("side way: %s", strerror(error));
	tunnel_probe_suspected(t);
}

static const struct tunnel_events way_events = {
    .open = attach, .alive = alive, .lost = lost, .unreachable = unreachable};

/* --- time --- */

static void go_on(struct side_way *s)
{
	switch (s->state) {
	case SIDE_WAY_OFF:
		offer(s);
		break;
	case SIDE_WAY_OFFERED:
		attempt(s);
		break;
	case SIDE_WAY_TRYING:
		leave(s, s->way.state == TUNNEL_UP ? SIDE_WAY_OFF : SIDE_WAY_OFFERED, 0, "no answer");
		break;
	default:
		break;
	}
}

/* @return whether go_on has to be called at next_at. */
static bool waits(const struct side_way *s)
{
	return s->state == SIDE_WAY_TRYING || ((s->state == SIDE_WAY_OFF || s->state == SIDE_WAY_OFFERED) && flows(s));
}

static void tick(void *context)
{
	struct side_way *s = context;

	if (!side_way_is_possible(s) || !is_wanted(s)) {
		if (s->state != SIDE_WAY_OFF)
			leave(s, SIDE_WAY_OFF, 0,
			      side_way_is_possible(s) ? "it is not wanted any more" : "the tunnel is down");
		return;
	}
	tunnel_tick(&s->way);
	if (waits(s) && now(s) >= s->next_at)
		go_on(s);
}

static uint64_t next_due(const void *context)
{
	const struct side_way *s = context;
	uint64_t due = UINT64_MAX, of_way;

	if (!side_way_is_possible(s) || !is_wanted(s))
		return s->state == SIDE_WAY_OFF ? UINT64_MAX : now(s);
	if (s->state != SIDE_WAY_OFF)
		due = s->wanted_at + persistence(s);
	if (waits(s) && s->next_at < due)
		due = s->next_at;
	of_way = tunnel_next(&s->way);
	return of_way < due ? of_way : due;
}

void side_way_init(struct side_way *s, const struct side_way_kind *kind, const struct tunnel_host *host,
		   struct tunnel *stream)
{
	s->kind = kind;
	s->stream = stream;
	tunnel_init(&s->way, host, stream->encrypted, &way_events);
	tscf_timers_add(host->timers, &s->timer, next_due, tick, s);
}

bool side_way_want(struct side_way *s)
{
	s->wanted_at = now(s);
	return s->state == SIDE_WAY_UP;
}

bool side_way_is_there(const struct side_way *s)
{
	return s->state != SIDE_WAY_OFF || s->refused || (s->reason[0] && is_wanted(s));
}

const char *side_way_state_name(const struct side_way *s)
{
	if (s->state == SIDE_WAY_UP)
		return "up";
	if (s->refused)
		return "refused";
	return side_way_is_there(s) ? "trying" : "off";
}
