/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/connector.h"

#include "common/base/log.h"
#include "tscf-client/tunnel/enrolment.h"
#include "tscf-client/tunnel/plain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** The size of a configuration request; its answer may be three times as large (tscf(7), "AMPLIFICATION"). */
#define CONFIGURATION_REQUEST_SIZE 480

static struct connector_try *try_of(struct tunnel *t)
{
	return (struct connector_try *)((char *)t - offsetof(struct connector_try, tunnel));
}

bool connector_confirming(const struct connector *s)
{
	return s->race.confirming >= 0;
}

/* --- one try --- */

static void try_failed(struct connector_try *try, const char *reason)
{
	struct connector *s = try->connector;
	candidates_failed(&s->race, try->index, reason, tscf_timers_now(s->timers));
}

/* While there is no tunnel, each fault is logged once, and counted. */
static void say_fault(struct connector *s, enum tscf_log_level level, const char *text)
{
	struct outage *o = &s->outage;
	uint32_t before = o->failures;
	if (!o->present || !outage_failed(o, text))
		tscf_debug("%s", text);
	else if (before == 0)
		tscf_log(level, "%s", text);
	else
		tscf_log(level, "%s (%u failed before)", text, before);
	if (s->plain->state != TUNNEL_UP)
		plain_state(s->client, TUNNEL_CONNECTING, text);
}

static void failed(void *context, unsigned i)
{
	struct connector *s = context;
	char way[WAY_TEXT], text[WAY_TEXT + 160];
	snprintf(text, sizeof(text), "%s: %s", way_format(&s->config->servers, &s->ways[i], way),
		 s->race.list[i].reason);
	say_fault(s, s->tries[i].refused ? TSCF_LOG_WARNING : TSCF_LOG_INFO, text);
}

static void answered(struct connector_try *try)
{
	struct connector *s = try->connector;
	const char *reason;
	try->tunnel.tsid = try->response.tsid;
	if (!try->resuming && s->plain->state == TUNNEL_UP && !plain_may_move(s->client, &try->response, &reason))
		try_failed(try, reason);
	else
		candidates_answered(&s->race, try->index, tscf_timers_now(s->timers));
}

/* The server is verified (@p reason NULL), or not, for @p reason. */
static void verified(struct connector_try *try, const char *reason)
{
	tscf_offer_wipe(&try->offer);
	if (!reason) {
		answered(try);
		return;
	}
	try->refused = true;
	try_failed(try, reason);
}

static void request_configuration(struct tunnel *t);

/* What the server has demanded is done (@p reason NULL), or cannot be, for @p reason. */
static void demand_met(struct connector_try *try, const char *reason)
{
	if (reason)
		try_failed(try, reason);
	else
		request_configuration(&try->tunnel);
}

/* The server has taken the invitation: ask again, with the lasting key (@p reason NULL). */
static void enrolled(struct connector_try *try, const char *reason)
{
	if (!reason)
		reason = enrolment_take(try);
	tscf_offer_wipe(&try->offer);
	sealing_drop(&try->tunnel.sealing);
	if (!reason) {
		request_configuration(&try->tunnel);
		return;
	}
	try->refused = true;
	try_failed(try, reason);
}

static void configuration_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct connector_try *try = try_of(context);
	enum tscf_response code;
	char text[201] = "";
	(void)user;
	if (error == -ECANCELED)
		return;
	if (!response || tscf_message_response(response, &code, text, sizeof(text)) < 0) {
		try_failed(try, "the server's configuration response has no response code");
	} else if (code == TSCF_RESPONSE_ENROLLED) {
		tscf_message_keep(response, try->bytes, &try->response);
		trust_verify(try, enrolled);
	} else if (code != TSCF_RESPONSE_SUCCESS && !proving_demanded(try, code, response, demand_met)) {
		refusal_take(try, response, code, text, try_failed);
	} else if (code == TSCF_RESPONSE_SUCCESS && try->enrolling) {
		/* Others could get a tunnel by it, too, and the keys of this one are made from a share that is in a
		 * file. */
		try_failed(try, "the server does not know that the invitation can be used only once");
	} else if (code == TSCF_RESPONSE_SUCCESS) {
		tscf_message_keep(response, try->bytes, &try->response);
		trust_verify(try, verified);
	}
}

static void resume_done(void *context, void *user, const struct tscf_message *response, int error);

/* A tunnel that was just lost may be back at any moment, and a call may be going on. */
static struct request_pace resume_pace(const struct connector *s)
{
	bool fresh = tscf_timers_now(s->timers) < s->sought_at + CONNECTOR_FRESH_MS;
	return (struct request_pace){fresh ? CONNECTOR_FRESH_PAUSE_MS : REQUEST_FIRST_MS,
				     fresh ? CONNECTOR_FRESH_PAUSE_MS : REQUEST_LONGEST_MS, REQUEST_TRIES_ENDLESS, 0};
}

static void request_resume(struct connector_try *try)
{
	struct connector *s = try->connector;
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	try->resuming = true;
	try->turn = s->resume.turn;
	try->tunnel.tsid = s->resume.tsid;
	sealing_drop(&try->tunnel.sealing);
	try->tunnel.sealing = sealing_hold(s->resume.sealing);
	tunnel_begin(&try->tunnel, &w, buffer, TSCF_RESUME_REQUEST);
	resume_write_key(&s->resume, &w);
	if (tunnel_request_at(&try->tunnel, &w, resume_pace(s), resume_done, NULL) < 0)
		try_failed(try, "out of memory");
}

/* Another try of the same search may have used the key; then that try goes on. */
static bool has_resumed(const struct connector *s)
{
	for (unsigned i = 0; i < s->race.count; i++)
		if (s->tries[i].resuming && s->race.list[i].state >= CANDIDATE_ANSWERED)
			return true;
	return false;
}

static void resume_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct connector_try *try = try_of(context);
	struct connector *s = try->connector;
	enum tscf_response code = TSCF_RESPONSE_MALFORMED;
	char text[TSCF_RESPONSE_TEXT_MAX + 1] = "";
	(void)user;
	if (error == -ECANCELED || !response)
		return;
	if (tscf_message_response(response, &code, text, sizeof(text)) == 0 && code == TSCF_RESPONSE_SUCCESS) {
		resume_accepted(&s->resume, try->turn);
		tscf_message_keep(response, try->bytes, &try->response);
		answered(try);
	} else if (has_resumed(s)) {
		try_failed(try, "another way has resumed the session");
	} else if (code == TSCF_RESPONSE_NOT_ALLOWED && resume_refused(&s->resume, try->turn)) {
		request_resume(try);
	} else {
		tscf_info("the plain tunnel cannot be resumed (%s%s%s): it is set up again", tscf_response_name(code),
			  text[0] ? ": " : "", text);
		resume_forget(&s->resume);
		try->tunnel.tsid = TSCF_TSID_NONE;
		sealing_drop(&try->tunnel.sealing);
		request_configuration(&try->tunnel);
	}
}

/*
 * A session can be resumed at its server on any way.  A move to a better way uses a new session, so that the client can
 * go back to this one.
 */
static bool may_resume(const struct connector *s, const struct tunnel *t)
{
	return s->resume.tsid != TSCF_TSID_NONE && s->resume.server == t->way.server && s->plain->state != TUNNEL_UP;
}

static void open_try(struct tunnel *t)
{
	if (may_resume(try_of(t)->connector, t))
		request_resume(try_of(t));
	else
		request_configuration(t);
}

/* Ask for the addresses of the former tunnel. */
static void write_wishes(struct tscf_writer *w, const struct tscf_addrs *internal)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		struct tscf_prefix p = {.addr = internal->of[i],
					.length = (uint8_t)(8 * tscf_addr_size(internal->of[i].family))};
		if (p.addr.family)
			tscf_write_prefix(w, TSCF_TLV_INTERNAL_IPV4, &p);
	}
}

static void request_configuration(struct tunnel *t)
{
	struct connector_try *try = try_of(t);
	struct connector *s = try->connector;
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer w;
	tunnel_begin_large(t, &w, buffer, TSCF_CONFIGURATION_REQUEST);
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, s->identity->id, sizeof(s->identity->id));
	tscf_write_u64(&w, TSCF_TLV_RUN, s->identity->run);
	write_wishes(&w, &s->plain->internal);
	/* A server that has lost its state must not send to encrypted-only sockets before it knows them. */
	try->quiet = registry_has_only(s->registry);
	try->resuming = false;
	resume_write_lock(&try->resume, &w);
	if (try->quiet)
		tscf_write_bytes(&w, TSCF_TLV_QUIET, NULL, 0);
	const char *reason = enrolment_offer(try, &w) < 0 ? "no key can be made" : proving_write(try, &w);
	if (reason) {
		try_failed(try, reason);
		return;
	}
	tscf_write_pad(&w, CONFIGURATION_REQUEST_SIZE);
	int length = tscf_write_finish(&w);
	if (length > 0)
		tscf_offer_sent(&try->offer, buffer, (uint32_t)length);
	if (tunnel_request(t, &w, REQUEST_TRIES_ENDLESS, configuration_done, NULL) < 0)
		try_failed(try, "the configuration request is too large, or out of memory");
}

/* A try sends no keepalives. */
static void try_alive(struct tunnel *t)
{
	(void)t;
}

static void try_lost(struct tunnel *t, const char *reason)
{
	try_failed(try_of(t), reason);
}

static void try_unverified(struct tunnel *t, const char *reason)
{
	char text[TRUST_REASON];
	trust_note(try_of(t), reason, text);
	verified(try_of(t), text);
}

/* An ICMP error may be forged, and the server may be back soon: the try goes on in parallel with the next one. */
static void try_unreachable(struct tunnel *t, int error)
{
	struct connector *s = try_of(t)->connector;
	char reason[160];
	snprintf(reason, sizeof(reason), "no answer, and the network says: %s", strerror(error));
	candidates_hopeless(&s->race, try_of(t)->index, reason, tscf_timers_now(s->timers));
}

static const struct tunnel_events try_events = {.open = open_try,
						.alive = try_alive,
						.lost = try_lost,
						.unverified = try_unverified,
						.unreachable = try_unreachable};

/* --- the race --- */

/*
 * A lost packet must not make the tunnel leave a better way, as only a new session can return to it.  But if this was
 * the way used last, it may be the only one again.
 */
static bool must_wait(const struct connector *s, unsigned i)
{
	const struct way *way = &s->ways[i];
	return way->inside && s->resume.tsid != TSCF_TSID_NONE && s->resume.server == way->server &&
	       s->plain->state != TUNNEL_UP && (int)i != s->race.preferred &&
	       tscf_timers_now(s->timers) < s->sought_at + CONNECTOR_RESUME_MS;
}

static void start(void *context, unsigned i)
{
	struct connector *s = context;
	struct connector_try *try = &s->tries[i];
	char way[WAY_TEXT], reason[WAY_TEXT + 40];
	if (must_wait(s, i)) {
		try_failed(try, "waits, since the tunnel may be resumed by a better way");
		return;
	}
	if (s->plain->state != TUNNEL_UP) {
		snprintf(reason, sizeof(reason), "waits for an answer from %s",
			 way_format(&s->config->servers, &s->ways[i], way));
		plain_state(s->client, TUNNEL_CONNECTING, reason);
	}
	proving_begin(try);
	try->refused = false;
	int error = tunnel_open(&try->tunnel, &s->ways[i]);
	if (error < 0)
		try_failed(try, strerror(-error));
}

static void confirm(void *context, unsigned i)
{
	struct connector *s = context;
	struct connector_try *try = &s->tries[i];
	if (try->resuming) {
		s->adopted = (int)i;
		plain_resume(s->client, &try->tunnel, &try->response);
		return;
	}
	s->registry->quiet = try->quiet;
	const char *reason = plain_adopt(s->client, &try->tunnel, &try->response);
	if (reason) {
		try_failed(try, reason);
		return;
	}
	s->adopted = (int)i;
	resume_forget(&s->resume);
	s->resume = try->resume;
	resume_ready(&s->resume, try->response.tsid, s->ways[i].server, s->plain->sealing);
}

static void stop(void *context, unsigned i)
{
	struct connector *s = context;
	struct tunnel *t = &s->tries[i].tunnel;
	trust_stop(&s->tries[i]);
	proving_stop(&s->tries[i]);
	tscf_offer_wipe(&s->tries[i].offer);
	if (s->adopted != (int)i) {
		/* Release it, so that the server does not keep an unused address.  But a try to resume has no session
		 * of its own. */
		if (!s->tries[i].resuming)
			tunnel_release(t);
		tunnel_close(t);
		return;
	}
	s->adopted = -1;
	if (plain_go_back(s->client))
		return;
	plain_down(s->client);
	/* The way that was used until then has been lost meanwhile. */
	if (s->race.used >= 0)
		candidates_failed(&s->race, (unsigned)s->race.used, "it was lost", tscf_timers_now(s->timers));
}

static void used(void *context, unsigned i)
{
	struct connector *s = context;
	char way[WAY_TEXT], after[OUTAGE_TEXT];
	s->adopted = -1;
	s->last = s->ways[i];
	way_format(&s->config->servers, &s->last, way);
	if (outage_end(&s->outage, tscf_timers_now(s->timers), after))
		tscf_info("%s is used, %s", way, after);
	else
		tscf_debug("%s is used", way);
}

static void exhausted(void *context, unsigned i)
{
	(void)context, (void)i;
}

static const struct candidates_actions actions = {start, confirm, failed, stop, used, exhausted};

void connector_alive(struct connector *s)
{
	candidates_alive(&s->race, (unsigned)s->race.confirming, tscf_timers_now(s->timers));
}

void connector_lost(struct connector *s, const char *reason)
{
	struct candidates *race = &s->race;
	s->sought_at = tscf_timers_now(s->timers);
	outage_begin(&s->outage, tscf_timers_now(s->timers));
	if (race->confirming >= 0) {
		try_failed(&s->tries[race->confirming], reason);
	} else {
		plain_down(s->client);
		if (race->used >= 0)
			candidates_failed(race, (unsigned)race->used, reason, tscf_timers_now(s->timers));
		s->resolve_at = tscf_timers_now(s->timers);
	}
}

static bool any_astray(const struct connector *s)
{
	for (unsigned i = 0; i < s->race.count; i++)
		if (s->tries[i].tunnel.transport && tunnel_astray(&s->tries[i].tunnel))
			return true;
	return false;
}

void connector_hurry(struct connector *s)
{
	struct candidates *race = &s->race;
	unsigned ranks[CANDIDATES_MAX];
	/* Name servers may be reachable now. */
	s->resolve_at = s->changed_at = tscf_timers_now(s->timers);
	if (s->plain->state != TUNNEL_UP)
		s->sought_at = tscf_timers_now(s->timers);
	if (race->used >= 0 || !any_astray(s)) {
		candidates_hurry(race, tscf_timers_now(s->timers));
		return;
	}
	for (unsigned i = 0; i < race->count; i++)
		ranks[i] = s->ways[i].rank;
	candidates_set(race, ranks, race->count, race->preferred, tscf_timers_now(s->timers));
}

void connector_credential_changed(struct connector *s)
{
	s->verifier.refused = 0;
	if (s->plain->state != TUNNEL_UP)
		candidates_hurry(&s->race, tscf_timers_now(s->timers));
}

/* --- names --- */

/* Whether the name of a server, or of the proxy, has not been resolved yet. */
static bool any_unknown(const struct connector *s)
{
	unsigned names = s->config->proxy.host ? 1 : s->config->servers.count;
	for (unsigned i = 0; i < names; i++)
		if (s->addresses[i].count == 0)
			return true;
	return false;
}

/*
 * On a host that boots, the name server is configured before it can answer, and no event tells when it can: look names
 * up again and again.  After some minutes without a change of the host's network the outage may last days, perhaps on a
 * link that is paid by the byte.
 */
static uint64_t names_pause(const struct connector *s)
{
	if (s->race.used >= 0 || !any_unknown(s))
		return CONNECTOR_RESOLVE_AGAIN_MS;
	return tscf_timers_now(s->timers) < s->changed_at + CONNECTOR_EAGER_MS ? CONNECTOR_UNKNOWN_MS
									       : CONNECTOR_UNKNOWN_LATER_MS;
}

static void ask(struct connector *s)
{
	const struct client_config *config = s->config;
	s->resolve_at = tscf_timers_now(s->timers) + names_pause(s);
	name_watch_renew(&s->name_watch);
	if (config->proxy.host) {
		resolver_ask(s->resolver, 0, config->proxy.host);
		return;
	}
	for (unsigned i = 0; i < config->servers.count; i++)
		resolver_ask(s->resolver, i, config->servers.list[i].host);
}

/* A used way that is no longer in the list is kept until it is lost; then names are looked up again. */
static void make_ways(struct connector *s)
{
	struct way list[CANDIDATES_MAX];
	unsigned ranks[CANDIDATES_MAX];
	unsigned count = endpoints_make(&s->config->servers, &s->config->proxy, s->addresses, list);
	int preferred = endpoints_place(&s->last, list, count);
	if (endpoints_same(s->ways, s->race.count, list, count) || s->race.confirming >= 0 ||
	    (s->race.used >= 0 && preferred < 0))
		return;
	for (unsigned i = 0; i < count; i++)
		ranks[i] = list[i].rank;
	memcpy(s->ways, list, count * sizeof(*list));
	candidates_set(&s->race, ranks, count, preferred, tscf_timers_now(s->timers));
}

static void begin_if_ready(struct connector *s)
{
	if (s->begin_at == UINT64_MAX || (s->awaited != 0 && tscf_timers_now(s->timers) < s->begin_at))
		return;
	s->begin_at = UINT64_MAX;
	candidates_seek(&s->race, tscf_timers_now(s->timers));
}

static void resolved(void *context, unsigned tag, const struct way_addresses *addresses, const char *error)
{
	struct connector *s = context;
	s->awaited &= ~(1U << tag);
	if (addresses->count > 0) {
		s->addresses[tag] = *addresses;
		endpoints_prefer(&s->addresses[tag], &s->last.remote);
		s->resolve_at = tscf_timers_now(s->timers) + names_pause(s);
	} else if (s->addresses[tag].count == 0) {
		/* Known addresses are kept when a name server does not answer. */
		say_fault(s, TSCF_LOG_WARNING, error);
	}
	make_ways(s);
	begin_if_ready(s);
}

static bool wants_names(const struct connector *s)
{
	return s->race.used < 0 || candidates_better(&s->race) || any_unknown(s);
}

static void tick(void *context)
{
	struct connector *s = context;
	begin_if_ready(s);
	if (tscf_timers_now(s->timers) >= s->resolve_at && wants_names(s))
		ask(s);
	candidates_tick(&s->race, tscf_timers_now(s->timers));
	for (unsigned i = 0; i < s->race.count; i++)
		tunnel_tick(&s->tries[i].tunnel);
}

static uint64_t next_due(const void *context)
{
	const struct connector *s = context;
	uint64_t next = candidates_next(&s->race);
	if (s->begin_at < next)
		next = s->begin_at;
	if (s->resolve_at < next && wants_names(s))
		next = s->resolve_at;
	/* This runs in each turn of the loop, and the list may be long. */
	if (candidates_resting(&s->race))
		return next;
	for (unsigned i = 0; i < s->race.count; i++) {
		uint64_t due = tunnel_next(&s->tries[i].tunnel);
		if (due < next)
			next = due;
	}
	return next;
}

int connector_init(struct connector *s)
{
	candidates_init(&s->race, &actions, s);
	for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
		tunnel_init(&s->tries[i].tunnel, s->host, false, &try_events);
		s->tries[i].connector = s;
		s->tries[i].index = i;
	}
	tscf_timers_add(s->timers, &s->timer, next_due, tick, s);
	resume_forget(&s->resume);
	s->adopted = -1;
	s->begin_at = s->resolve_at = UINT64_MAX;
	s->resolver = resolver_new(s->timers->loop, resolved, s);
	return s->resolver ? 0 : -ENOMEM;
}

void connector_free(struct connector *s)
{
	name_watch_stop(&s->name_watch);
	candidates_stop(&s->race, tscf_timers_now(s->timers));
	for (unsigned i = 0; i < CANDIDATES_MAX; i++)
		proving_stop(&s->tries[i]);
	resolver_free(s->resolver);
	resume_forget(&s->resume);
}

static void names_changed(void *context)
{
	struct connector *s = context;
	s->resolve_at = s->changed_at = tscf_timers_now(s->timers);
}

void connector_begin(struct connector *s)
{
	outage_begin(&s->outage, tscf_timers_now(s->timers));
	s->changed_at = tscf_timers_now(s->timers);
	name_watch_start(&s->name_watch, s->timers->loop, names_changed, s);
	unsigned names = s->config->proxy.host ? 1 : s->config->servers.count;
	s->awaited = (1U << names) - 1;
	s->begin_at = tscf_timers_now(s->timers) + CONNECTOR_RESOLVE_MS;
	plain_state(s->client, TUNNEL_CONNECTING, "looks up the server's name");
	ask(s);
}
