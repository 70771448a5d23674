/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/rejections.h"

#include "tscf-server/session/request.h"

#include "common/auth/refusal.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/** @return whether the source was named for that reason a moment ago; if not, it is now. */
static bool was_named(struct server_rejection_log *log, const struct tscf_addr *source, const char *why, uint64_t now)
{
	for (unsigned i = 0; i < SERVER_REJECTION_SOURCES; i++)
		if (now < log->recent[i].until && tscf_addr_equal(&log->recent[i].source, source) &&
		    strcmp(log->recent[i].why, why) == 0)
			return true;
	log->recent[log->next].source = *source;
	log->recent[log->next].why = why;
	log->recent[log->next].until = now + SERVER_REJECTION_AGAIN_MS;
	log->next = (log->next + 1) % SERVER_REJECTION_SOURCES;
	return false;
}

static bool has_room(struct server_rejection_log *log, uint64_t now)
{
	if (now - log->since >= SERVER_REJECTION_MS) {
		log->since = now;
		log->lines = 0;
	}
	return log->lines < SERVER_REJECTION_LINES;
}

/** @return whether an encrypted tunnel is refused, or its reservation. */
static bool is_for_encrypted(const struct server_request *r)
{
	return r->in->encrypted || r->message->type == TSCF_SERVICE_REQUEST;
}

/** One refusal. */
struct rejection {
	enum tscf_log_level level;
	const char *what; /**< what of the tunnel is refused, with a blank; "": the tunnel */
	bool encrypted;
	const char *identity, *why, *more;
};

static void say(struct server_rejection_log *log, const struct server_request *r, const struct rejection *one)
{
	char outer[TSCF_ADDR_TEXT], omitted[64] = "";

	if (log->omitted > 0)
		snprintf(omitted, sizeof(omitted), " (%" PRIu64 " refusals before were not logged)", log->omitted);
	tscf_log(one->level, "refused: %s%s%s tunnel of %s, %s: %s%s%s%s", one->what, one->what[0] ? " of the " : "",
		 one->encrypted ? "encrypted" : "plain", tscf_endpoint_format(&r->in->place.outer, outer),
		 one->identity && one->identity[0] ? one->identity : "identity not known", one->why,
		 one->more[0] ? ": " : "", one->more, omitted);
	log->lines++;
	log->omitted = 0;
}

static void note(struct server_rejection_log *log, const struct server_request *r, const struct rejection *one)
{
	const struct tscf_addr outer = tscf_endpoint_addr(&r->in->place.outer);
	const struct tscf_addr source = tscf_addr_source(&outer);

	if (has_room(log, r->in->now) && !was_named(log, &source, one->why, r->in->now))
		say(log, r, one);
	else
		log->omitted++;
}

void server_rejected_saying(const struct server_request *r, const char *identity, const char *why, const char *more)
{
	/* A proof of identity comes with a cookie, and that proves the source of a datagram. */
	const bool proved = r->in->place.connection || (r->in->interface->client_auth && identity);
	const struct rejection one = {TSCF_LOG_WARNING, "", is_for_encrypted(r), identity, why, more};

	note(proved ? &r->state->rejections.proved : &r->state->rejections.unproved, r, &one);
}

void server_rejected(const struct server_request *r, const char *identity, const char *why)
{
	server_rejected_saying(r, identity, why, "");
}

void server_rejected_connection(struct server_state *state, struct server_listener *l, struct tscf_peer *peer,
				const char *why, uint64_t now)
{
	const struct server_input in = {.interface = l->interface,
					.place = {.listener = l, .connection = peer, .outer = peer->outer},
					.encrypted = true,
					.now = now};
	const struct server_request r = {.state = state, .in = &in};

	server_rejected(&r, NULL, why);
}

void server_denied(const struct server_request *r, const struct server_session *s, const char *what,
		   enum tscf_response code, const char *why)
{
	const struct rejection one = {code == TSCF_RESPONSE_SERVICE_UNAVAILABLE ? TSCF_LOG_INFO : TSCF_LOG_WARNING,
				      what,
				      s->encrypted,
				      s->who ? s->who->name : NULL,
				      why,
				      ""};

	note(&r->state->rejections.requests, r, &one);
}

static enum server_counter counter_of(const char *why)
{
	static const struct {
		const char *why;
		enum server_counter counter;
	} known[] = {
	    {TSCF_REFUSAL_NO_PROOF, SERVER_COUNT_REFUSED_NO_PROOF},
	    {TSCF_REFUSAL_MALFORMED, SERVER_COUNT_REFUSED_NO_PROOF},
	    {TSCF_REFUSAL_NO_KEYS, SERVER_COUNT_REFUSED_NO_PROOF},
	    {TSCF_REFUSAL_NO_CERTIFICATES, SERVER_COUNT_REFUSED_NO_PROOF},
	    {TSCF_REFUSAL_UNKNOWN, SERVER_COUNT_REFUSED_UNKNOWN},
	    {TSCF_REFUSAL_UNKNOWN_CA, SERVER_COUNT_REFUSED_UNKNOWN},
	    {TSCF_REFUSAL_WRONG_KEY, SERVER_COUNT_REFUSED_KEY},
	    {TSCF_REFUSAL_OTHER_KEY, SERVER_COUNT_REFUSED_KEY},
	    {SERVER_REFUSAL_ANOTHER, SERVER_COUNT_REFUSED_KEY},
	    {TSCF_REFUSAL_USED, SERVER_COUNT_REFUSED_INVITATION},
	    {TSCF_REFUSAL_TOO_LATE, SERVER_COUNT_REFUSED_INVITATION},
	    {TSCF_REFUSAL_LOST, SERVER_COUNT_REFUSED_INVITATION},
	    {TSCF_REFUSAL_NOT_RECORDED, SERVER_COUNT_REFUSED_INVITATION},
	    {TSCF_REFUSAL_DENIED, SERVER_COUNT_REFUSED_DENIED},
	    {SERVER_REFUSAL_RADIUS, SERVER_COUNT_REFUSED_RADIUS},
	    {SERVER_REFUSAL_NO_RADIUS, SERVER_COUNT_REFUSED_NO_RADIUS},
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].why, why) == 0)
			return known[i].counter;
	return SERVER_COUNT_REFUSED_CERTIFICATE;
}

void server_count_unauthorized(const struct server_request *r, const char *why)
{
	server_count(&r->state->counters, SERVER_COUNT_REFUSED_CLIENT);
	server_count(&r->state->counters, counter_of(why));
}
