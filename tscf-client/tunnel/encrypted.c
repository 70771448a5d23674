/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/encrypted.h"

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"
#include "tscf-client/context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** How many times a service or configuration request is sent: about six seconds in all. */
#define ENCRYPTED_TRIES 5
/** An encrypted tunnel that does not answer is kept for this time if the plain one does not answer either. */
#define ENCRYPTED_HOLD_MS 10000

/* Whether a second tunnel is being made over a better transport while the tunnel is up. */
static bool renewing(const struct client *c)
{
	return c->encrypted_race.used >= 0;
}

static void try_failed(struct tunnel *t, const char *reason)
{
	struct client *c = t->client;
	unsigned i = (unsigned)(t - c->encrypted_tries);
	candidates_failed(&c->encrypted_race, i, reason, c->now);
}

/* The set-up of the tunnel, or of its replacement, has failed. */
static void fail(struct client *c, const char *what, const char *why)
{
	char reason[300];
	snprintf(reason, sizeof(reason), "%s%s%s", what, why[0] ? ": " : "", why);
	if (renewing(c))
		try_failed(&c->encrypted_tries[c->encrypted_renewed], reason);
	else
		dtte_failed(&c->dtte, reason, c->now);
}

static void refused(struct client *c, enum tscf_response code, const char *text)
{
	c->encrypted_refused = refusal_is_final(code);
	fail(c, tscf_response_name(code), text);
}

static void open_try(struct client *c, unsigned i)
{
	struct tunnel *t = &c->encrypted_tries[i];
	int error = tunnel_open(t, &t->way);
	if (error < 0)
		try_failed(t, strerror(-error));
}

static void reservation_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct client *c = ((struct tunnel *)context)->client;
	enum tscf_response code;
	struct tscf_tlv tlv;
	char text[201] = "";
	/* The answer may belong to a former request. */
	if (error == -ECANCELED || (uintptr_t)user != c->reservation_sequence ||
	    (!renewing(c) && c->dtte.state != DTTE_REQUESTED))
		return;
	if (!response) {
		fail(c, "no answer to the service request", "");
	} else if (tscf_message_response(response, &code, text, sizeof(text)) < 0) {
		fail(c, "the service response has no response code", "");
	} else if (code == TSCF_RESPONSE_NO_SESSION) {
		/* The request is sent again when the plain tunnel is resumed or set up again. */
		c->plain.events->lost(&c->plain, "the server does not know this tunnel (any more)");
	} else if (code == TSCF_RESPONSE_BUSY && !renewing(c)) {
		dtte_busy(&c->dtte, c->now);
	} else if (code != TSCF_RESPONSE_SUCCESS) {
		refused(c, code, text);
	} else if (!tscf_message_find(response, TSCF_TLV_RESERVED_TSID, &tlv) ||
		   tscf_tlv_u64(&tlv, &c->reserved_tsid) < 0) {
		fail(c, "the service response names no tunnel", "");
	} else if (renewing(c)) {
		open_try(c, c->encrypted_renewed);
	} else {
		dtte_reserved(&c->dtte, c->now);
	}
}

/* Only the hash of the secret goes over the plain tunnel, so an eavesdropper cannot use the reservation. */
static void request(void *context)
{
	struct client *c = context;
	uint8_t buffer[TSCF_MESSAGE_MAX], hash[32];
	struct tscf_writer w;
	tscf_random(c->reservation_secret, sizeof(c->reservation_secret));
	tscf_sha256(c->reservation_secret, sizeof(c->reservation_secret), hash);
	tunnel_begin(&c->plain, &w, buffer, TSCF_SERVICE_REQUEST);
	c->encrypted_refused = false;
	c->reservation_sequence = c->plain.requests.sequence;
	tscf_credential_drop(c->reserved_by);
	c->reserved_by = tscf_credential_hold(c->plain.sealing->credential);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
	tscf_write_bytes(&w, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
	need_write(&c->need, &w);
	if (tunnel_request(&c->plain, &w, ENCRYPTED_TRIES, reservation_done,
			   (void *)(uintptr_t)c->reservation_sequence) < 0)
		fail(c, "out of memory", "");
}

/* --- the race: DTLS beside TLS --- */

static void send_configuration(struct client *c, struct tunnel *t);

static void try_open(struct tunnel *t)
{
	struct client *c = t->client;
	candidates_answered(&c->encrypted_race, (unsigned)(t - c->encrypted_tries), c->now);
}

/* A try sends no keepalives. */
static void try_alive(struct tunnel *t)
{
	(void)t;
}

static const struct tunnel_events try_events = {.open = try_open, .alive = try_alive, .lost = try_failed};

static void race_start(void *context, unsigned i)
{
	struct client *c = context;
	if (!renewing(c)) {
		open_try(c, i);
		return;
	}
	c->encrypted_renewed = i;
	if (c->plain.state == TUNNEL_UP && c->resume_secret.known)
		request(c);
	else
		try_failed(&c->encrypted_tries[i], "cannot be asked for now");
}

/* The handshake of the try is done: configure the tunnel on it. */
static void race_confirm(void *context, unsigned i)
{
	struct client *c = context;
	if (renewing(c)) {
		send_configuration(c, &c->encrypted_tries[i]);
		return;
	}
	tunnel_move(&c->encrypted, &c->encrypted_tries[i]);
	dtte_handshake_done(&c->dtte, c->now);
}

static void race_failed(void *context, unsigned i)
{
	const struct client *c = context;
	tscf_debug("%s: %s", way_transport(c->encrypted_tries[i].way.kind, true), c->encrypted_race.list[i].reason);
}

static void race_stop(void *context, unsigned i)
{
	struct client *c = context;
	tunnel_close(&c->encrypted_tries[i]);
	/* The tunnel was lost while another one was about to replace it. */
	if (renewing(c) && !c->encrypted.peer)
		dtte_failed(&c->dtte, "it was closed by the server", c->now);
}

static void race_used(void *context, unsigned i)
{
	struct client *c = context;
	c->encrypted_kind = (int)c->encrypted_tries[i].way.kind;
}

static void race_exhausted(void *context, unsigned i)
{
	struct client *c = context;
	fail(c, way_transport(c->encrypted_tries[i].way.kind, true), c->encrypted_race.list[i].reason);
}

static const struct candidates_actions race_actions = {race_start, race_confirm, race_failed,
						       race_stop,  race_used,    race_exhausted};

/* First the transport that matches the plain tunnel's, then the other one if it may be used. */
static unsigned make_tries(struct client *c)
{
	const struct client_servers *servers = &c->config->servers;
	const struct way *plain = &c->plain.way;
	bool both =
	    client_server_transport(servers, &servers->list[plain->server]) == CLIENT_TRANSPORT_AUTO && !plain->proxied;
	c->encrypted_tries[0].way = c->encrypted_tries[1].way = *plain;
	c->encrypted_tries[1].way.kind = plain->kind == WAY_DATAGRAM ? WAY_STREAM : WAY_DATAGRAM;
	return both ? 2 : 1;
}

static const unsigned ranks[ENCRYPTED_WAYS] = {0, 1};

static void connect_tunnel(void *context)
{
	struct client *c = context;
	unsigned count = make_tries(c);
	int preferred = count == 2 && c->encrypted_kind == (int)c->encrypted_tries[1].way.kind ? 1 : 0;
	c->encrypted.state = TUNNEL_CONNECTING;
	candidates_set(&c->encrypted_race, ranks, count, preferred, c->now);
	candidates_seek(&c->encrypted_race, c->now);
}

void encrypted_new_way(struct client *c)
{
	c->encrypted_kind = -1;
	if (!renewing(c))
		return;
	/* Its plain tunnel was at the other server, with another internal address than the sockets have now. */
	if (c->encrypted.way.server != c->plain.way.server) {
		dtte_failed(&c->dtte, "the plain tunnel has gone to another server", c->now);
		return;
	}
	int used = c->encrypted.way.kind == c->plain.way.kind ? 0 : 1;
	unsigned count = make_tries(c);
	candidates_set(&c->encrypted_race, ranks, used == 1 ? 2 : count, used, c->now);
}

static void tick(void *context)
{
	struct client *c = context;
	candidates_tick(&c->encrypted_race, c->now);
	for (unsigned i = 0; i < ENCRYPTED_WAYS; i++)
		tunnel_tick(&c->encrypted_tries[i]);
	tunnel_tick(&c->encrypted);
	dtte_tick(&c->dtte, c->now);
}

static uint64_t next_due(const void *context)
{
	const struct client *c = context;
	uint64_t next = candidates_next(&c->encrypted_race), due = tunnel_next(&c->encrypted);
	if (due < next)
		next = due;
	for (unsigned i = 0; i < ENCRYPTED_WAYS; i++) {
		due = tunnel_next(&c->encrypted_tries[i]);
		if (due < next)
			next = due;
	}
	due = dtte_next(&c->dtte);
	return due < next ? due : next;
}

/* The connection id lets the server recognise this client's records from any address. */
static void take_connection_id(struct tunnel *t, const struct tscf_message *m)
{
	struct tscf_tlv id;
	if (t->peer && tscf_message_find(m, TSCF_TLV_CONNECTION_ID, &id) &&
	    !tscf_peer_use_id(t->peer, id.value, id.length))
		tscf_warning("the server gives a connection id that this client cannot use");
}

static void configured(struct client *c, struct tunnel *t, const struct tscf_message *m)
{
	char text[TSCF_ADDRS_TEXT];
	const char *fault = internal_fault(&c->internal_check, t, m, &c->plain.internal);
	if (fault) {
		fail(c, fault, "");
		return;
	}
	int error = m->tsid == c->reserved_tsid ? tunnel_take_addresses(&c->encrypted, &c->encrypted_tun, m) : -EPROTO;
	if (error == -EPROTO) {
		fail(c, "the configuration response lacks an address, or names another tunnel", "");
		return;
	}
	if (error < 0) {
		fail(c, "the device cannot be set up", strerror(-error));
		return;
	}
	c->facts.encrypted = c->encrypted.internal;
	resume_secret_take(&c->resume_secret, m);
	take_connection_id(t, m);
	tunnel_take_times(t, m);
	if (t != &c->encrypted)
		tunnel_replace(&c->encrypted, t, m->tsid);
	c->encrypted.tsid = m->tsid;
	c->encrypted.state = TUNNEL_UP;
	need_configured(&c->need);
	side_ways_restart(&c->encrypted_ways);
	c->encrypted.last_heard = c->now;
	tscf_info("encrypted tunnel is up by %s, internal %s", c->encrypted.transport->ops->name,
		  tscf_addrs_format(&c->encrypted.internal, text));
	candidates_alive(&c->encrypted_race, (unsigned)c->encrypted_race.confirming, c->now);
	dtte_configured(&c->dtte, c->now);
}

static void configuration_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct client *c = ((struct tunnel *)context)->client;
	enum tscf_response code;
	char text[201] = "";
	(void)user;
	if (error == -ECANCELED)
		return;
	if (!response)
		fail(c, "no answer to the configuration request", "");
	else if (tscf_message_response(response, &code, text, sizeof(text)) < 0)
		fail(c, "the configuration response has no response code", "");
	else if (code != TSCF_RESPONSE_SUCCESS)
		refused(c, code, text);
	else
		configured(c, context, response);
}

/* @return 0 or -errno. */
static int write_proof(const struct client *c, struct tscf_writer *w)
{
	uint8_t challenge[8 + sizeof(c->reservation_secret)];
	const struct tscf_proof_subject subject = {.encrypted = true,
						   .challenge = challenge,
						   .challenge_length = sizeof(challenge),
						   .client_id = c->identity.id};
	tscf_put_u64(challenge, c->reserved_tsid);
	memcpy(challenge + 8, c->reservation_secret, sizeof(c->reservation_secret));
	return tscf_credential_prove(c->reserved_by, &subject, w);
}

static void send_configuration(struct client *c, struct tunnel *t)
{
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer w;
	tunnel_begin_large(t, &w, buffer, TSCF_CONFIGURATION_REQUEST);
	tscf_write_u64(&w, TSCF_TLV_RESERVED_TSID, c->reserved_tsid);
	tscf_write_bytes(&w, TSCF_TLV_RESERVATION_SECRET, c->reservation_secret, sizeof(c->reservation_secret));
	if (c->reserved_by && write_proof(c, &w) < 0) {
		fail(c, "the proof of this client's identity cannot be made", "");
		return;
	}
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, c->identity.id, sizeof(c->identity.id));
	need_write(&c->need, &w);
	resume_secret_write(&c->resume_secret, &w);
	if (t->peer && tscf_peer_knows_ids(t->peer))
		tscf_write_bytes(&w, TSCF_TLV_CONNECTION_ID, NULL, 0);
	if (tunnel_request(t, &w, ENCRYPTED_TRIES, configuration_done, NULL) < 0)
		fail(c, "out of memory", "");
}

static void configure(void *context)
{
	struct client *c = context;
	send_configuration(c, &c->encrypted);
}

/* The server must know the sockets before their packets arrive: register first, then send the held packets. */
static void up(void *context)
{
	struct client *c = context;
	pmtu_encrypted_up(&c->pmtu);
	registry_tunnel_up(&c->registry);
	moves_tunnel_up(&c->moves);
	held_sift(c);
	registry_flush(&c->registry);
	path_send_held(c);
}

static void end_tunnel(struct client *c)
{
	candidates_stop(&c->encrypted_race, c->now);
	tunnel_close(&c->encrypted);
	side_ways_restart(&c->encrypted_ways);
	registry_tunnel_lost(&c->registry);
}

static void close_tunnel(void *context)
{
	struct client *c = context;
	if (c->encrypted.state == TUNNEL_UP)
		c->counters.encrypted_reconnects++;
	end_tunnel(c);
}

static void release(void *context)
{
	struct client *c = context;
	tunnel_release(&c->encrypted);
	tscf_info("encrypted tunnel released");
	end_tunnel(c);
}

static void tap_dropped(void *context, struct tscf_tun *from, const uint8_t *data, uint32_t length)
{
	struct client *c = context;

	(void)from;
	tscf_tap_packet(&c->tap, TSCF_TAP_DROPPED, TSCF_TAP_OUT, "was held, but no encrypted tunnel came", data,
			length);
}

static void idle(void *context)
{
	hold_drop(&((struct client *)context)->hold, tap_dropped, context);
}

/* The kernel refuses later packets.  TCP that waits for an answer does not hear of that, and would wait for minutes. */
static void refuse_connection(void *context, struct tscf_tun *from, const uint8_t *data, uint32_t length)
{
	struct client *c = context;
	struct refuse any = {.second = c->now};
	struct tscf_packet_info info;

	tap_dropped(context, from, data, length);
	if (tscf_packet_parse(data, length, &info) == TSCF_PACKET_OK && info.protocol == IPPROTO_TCP && info.first)
		refuse_packet(&any, path_back(c, from), data, length, c->now);
}

static void gate(void *context, enum dtte_gate gate)
{
	struct client *c = context;
	if (gate == DTTE_GATE_SHUT) {
		tscf_warning("no encrypted tunnel (%s): encrypted-only sockets may not send, and encrypted-preferred "
			     "ones are in the plain tunnel",
			     c->dtte.reason);
		hold_drop(&c->hold, refuse_connection, c);
		registry_shield_all(&c->registry);
		moves_tunnel_failed(&c->moves);
	}
	client_route(c);
}

static uint32_t jitter(void *context)
{
	uint32_t value;
	(void)context;
	tscf_random(&value, sizeof(value));
	return value;
}

const struct dtte_actions encrypted_actions = {
    .request = request,
    .connect = connect_tunnel,
    .configure = configure,
    .up = up,
    .release = release,
    .close = close_tunnel,
    .idle = idle,
    .gate = gate,
    .random = jitter,
};

/* Nothing to do: the transport was already open when it became the encrypted tunnel's. */
static void opened(struct tunnel *t)
{
	(void)t;
}

/* Encrypted-only sockets stay in the encrypted tunnel: their packets may still arrive. */
static void put_aside(struct client *c)
{
	tscf_warning("encrypted tunnel does not answer: encrypted-preferred sockets go by the plain one");
	c->counters.encrypted_aside++;
	c->encrypted.aside = true;
	client_route(c);
}

/* If the plain tunnel answers, sockets can go by it. */
static void in_vain(struct tunnel *t)
{
	struct client *c = t->client;
	if (t->aside || t->doubted != 0)
		return;
	t->doubted = c->now;
	tunnel_probe(&c->plain);
}

void encrypted_plain_answers(struct client *c)
{
	if (c->plain_works < c->encrypted.doubted)
		c->plain_works = c->now;
}

/* Whether the plain tunnel works, and the encrypted one had the time to answer a keepalive since.  A stream repeats
 * what was lost in its own time. */
static bool plain_works(const struct tunnel *t)
{
	const struct client *c = t->client;
	uint64_t round_trip = t->requests.round_trip_ms, pace = 2 * round_trip;
	if (pace < TUNNEL_TALK_PROBE_MS)
		pace = TUNNEL_TALK_PROBE_MS;
	return c->plain_works >= t->doubted && (t->requests.reliable || c->now - c->plain_works >= pace + round_trip);
}

static void alive(struct tunnel *t)
{
	struct client *c = t->client;
	if (!t->aside)
		return;
	tscf_info("encrypted tunnel answers: encrypted-preferred sockets go by it again");
	t->aside = false;
	c->aside_until = c->now + TSCF_MOVE_GRACE_MS;
	client_route(c);
	/* The probe tells the server about it. */
	tunnel_probe(t);
}

/*
 * While nothing answers, sockets in clear would gain nothing: the tunnel is put aside only if the plain one works.
 *
 * A stalled network does not end the tunnel, which will work again afterwards.  The tunnel is lost only if it does not
 * answer while the plain one does, or if the server has reported that it is gone.
 */
static bool silent(struct tunnel *t)
{
	struct client *c = t->client;
	in_vain(t);
	if (!t->aside && plain_works(t))
		put_aside(c);
	/* If the plain tunnel works, the network is not the cause. */
	tunnel_probe(&c->plain);
	if (t->silent_rounds == 0) {
		c->silent_since = c->now;
		c->silent_last_round = false;
		return true;
	}
	if (t->suspected || c->silent_last_round || c->now - c->silent_since >= ENCRYPTED_HOLD_MS)
		return false;
	c->silent_last_round = c->plain.state == TUNNEL_UP && c->plain.last_heard >= c->silent_since;
	/* On a stream, one round was long enough. */
	return !c->silent_last_round || !t->requests.reliable;
}

/* If the tunnel is needed for encrypted-only sockets, the server has been told so, or is about to be. */
static void yield(struct tunnel *t)
{
	struct client *c = t->client;
	if (preferred_yield(&c->preferred))
		c->counters.encrypted_yielded++;
}

static void lost(struct tunnel *t, const char *reason)
{
	struct client *c = t->client;
	/* The server closes the tunnel when its replacement is configured: that response is on the way. */
	if (renewing(c) && c->encrypted_race.confirming >= 0)
		return;
	tscf_warning("encrypted tunnel lost: %s", reason);
	dtte_failed(&c->dtte, reason, c->now);
}

static const struct tunnel_events encrypted_events = {
    .open = opened, .alive = alive, .lost = lost, .yield = yield, .in_vain = in_vain, .silent = silent};

void encrypted_init(struct client *c)
{
	tunnel_init(&c->encrypted, &c->tunnel_host, true, &encrypted_events);
	for (unsigned i = 0; i < ENCRYPTED_WAYS; i++)
		tunnel_init(&c->encrypted_tries[i], &c->tunnel_host, true, &try_events);
	candidates_init(&c->encrypted_race, &race_actions, c);
	c->encrypted_kind = -1;
	tscf_timers_add(&c->timers, &c->encrypted_timer, next_due, tick, c);
	dtte_init(&c->dtte, &encrypted_actions, c, c->config->hold_ms, (uint64_t)c->config->persistence * 1000, c->now);
}
