/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/tunnel.h"

#include "common/base/log.h"
#include "tscf-client/tunnel/proxy.h"
#include "tscf-client/tunnel/tunnel_recall.h"

#include <errno.h>
#include <string.h>

uint32_t tunnel_seal_size(const struct tunnel *t)
{
	return t->sealing ? TSCF_SEAL_SIZE : 0;
}

/* A message that is sent again gets another number. */
static void send_sealed(struct tunnel *t, const uint8_t *data, uint32_t length)
{
	uint8_t sealed[TSCF_PROBE_MAX + TSCF_SEAL_SIZE];
	if (t->sealing) {
		memcpy(sealed, data, length);
		length = tscf_seal_close(&t->sealing->seal, sealed, length);
		data = sealed;
	}
	tscf_peer_send(t->peer, data, length);
}

static void transmit(void *context, const uint8_t *data, uint32_t length)
{
	struct tunnel *t = context;
	/* A padded keepalive probes which size the path carries unfragmented (pmtu.h). */
	bool whole = data[1] == TSCF_KEEPALIVE_REQUEST;
	tunnel_sent(t);
	if (!t->peer)
		return;
	if (whole)
		tscf_transport_whole(t->transport, true);
	send_sealed(t, data, length);
	if (whole)
		tscf_transport_whole(t->transport, false);
}

static uint64_t now(const struct tunnel *t)
{
	return tscf_timers_now(t->host->timers);
}

void tunnel_init(struct tunnel *t, const struct tunnel_host *host, bool encrypted, const struct tunnel_events *events)
{
	*t = (struct tunnel){.host = host,
			     .client = host->client,
			     .name = encrypted ? "encrypted" : "plain",
			     .encrypted = encrypted,
			     .events = events,
			     .tsid = TSCF_TSID_NONE};
	requests_init(&t->requests, transmit, t);
}

static void add_counters(struct tscf_transport_counters *sum, const struct tscf_transport_counters *c)
{
	sum->sent_packets += c->sent_packets;
	sum->sent_bytes += c->sent_bytes;
	sum->received_packets += c->received_packets;
	sum->received_bytes += c->received_bytes;
	sum->send_drops += c->send_drops;
	sum->receive_drops += c->receive_drops;
	sum->queue_drops += c->queue_drops;
	sum->invalid += c->invalid;
	sum->handshakes += c->handshakes;
	sum->handshakes_failed += c->handshakes_failed;
}

struct tscf_transport_counters tunnel_counters(const struct tunnel *t)
{
	struct tscf_transport_counters sum = t->past;
	if (t->transport)
		add_counters(&sum, &t->transport->counters);
	return sum;
}

static void close_transport(struct tunnel *t)
{
	t->peer = NULL;
	if (t->dialogue)
		proxy_cancel(t->dialogue);
	t->dialogue = NULL;
	if (!t->transport)
		return;
	add_counters(&t->past, &t->transport->counters);
	tscf_transport_close(t->transport);
	t->transport = NULL;
}

void tunnel_close(struct tunnel *t)
{
	t->state = TUNNEL_DOWN;
	t->tsid = TSCF_TSID_NONE;
	sealing_drop(&t->sealing);
	t->copies = (struct tscf_replay){.next = 0};
	t->probing = false;
	t->silent_rounds = 0;
	t->suspected = t->asked_again = t->aside = false;
	t->need = t->need_sent = t->need_told = TSCF_LEVEL_DEFAULT;
	t->asked_at = t->doubted = 0;
	t->unreachable_logged = false;
	close_transport(t);
	requests_clear(&t->requests);
}

static void take(struct tunnel *to, struct tunnel *from)
{
	to->way = from->way;
	to->state = from->state;
	to->tsid = from->tsid;
	sealing_drop(&to->sealing);
	to->sealing = from->sealing;
	from->sealing = NULL;
	to->copies = from->copies;
	to->transport = from->transport;
	to->peer = from->peer;
	to->last_heard = from->last_heard;
	to->last_sent = from->last_sent;
	to->keepalive = from->keepalive;
	to->nagle_ms = from->nagle_ms;
	to->transport->context = to;
	to->requests.reliable = from->requests.reliable;
	/* The server distinguishes the requests of a session by their numbers. */
	if (to->requests.sequence < from->requests.sequence)
		to->requests.sequence = from->requests.sequence;
	from->transport = NULL;
	from->peer = NULL;
}

void tunnel_move(struct tunnel *to, struct tunnel *from)
{
	take(to, from);
	tunnel_close(from);
}

void tunnel_replace(struct tunnel *to, struct tunnel *from, uint64_t tsid)
{
	close_transport(to);
	take(to, from);
	to->tsid = tsid;
	requests_repeat(&to->requests, tsid, now(to));
	tunnel_close(from);
}

void tunnel_begin(struct tunnel *t, struct tscf_writer *w, uint8_t *buffer, enum tscf_message_type type)
{
	tscf_write_begin(w, buffer, TSCF_MESSAGE_MAX - tunnel_seal_size(t), type, t->tsid,
			 requests_sequence(&t->requests));
	if (type != TSCF_KEEPALIVE_REQUEST)
		return;
	if (t->aside)
		tscf_write_bytes(w, TSCF_TLV_ASIDE, NULL, 0);
	if (t->need != TSCF_LEVEL_DEFAULT)
		tscf_write_need(w, t->need);
}

void tunnel_begin_large(struct tunnel *t, struct tscf_writer *w, uint8_t *buffer, enum tscf_message_type type)
{
	tscf_write_begin(w, buffer, TSCF_PROBE_MAX - tunnel_seal_size(t), type, t->tsid,
			 requests_sequence(&t->requests));
}

int tunnel_request_at(struct tunnel *t, struct tscf_writer *w, struct request_pace pace, request_done done, void *user)
{
	int length = tscf_write_finish(w);
	if (length < 0)
		return length;
	return requests_add(&t->requests, w->data, (uint32_t)length, pace, done, user, now(t));
}

int tunnel_request(struct tunnel *t, struct tscf_writer *w, uint16_t tries, request_done done, void *user)
{
	return tunnel_request_at(t, w, (struct request_pace){REQUEST_FIRST_MS, REQUEST_LONGEST_MS, tries, 0}, done,
				 user);
}

int tunnel_request_urgent(struct tunnel *t, struct tscf_writer *w, uint16_t tries, request_done done, void *user)
{
	return tunnel_request_at(
	    t, w, (struct request_pace){REQUEST_FIRST_MS, REQUEST_LONGEST_MS, tries, REQUEST_QUICK}, done, user);
}

void tunnel_send(struct tunnel *t, struct tscf_writer *w)
{
	int length = tscf_write_finish(w);
	if (length > 0 && t->peer)
		send_sealed(t, w->data, (uint32_t)length);
}

void tunnel_release(struct tunnel *t)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	if (t->tsid == TSCF_TSID_NONE)
		return;
	tunnel_begin(t, &w, buffer, TSCF_RELEASE_REQUEST);
	tunnel_send(t, &w);
}

static void said_alive(struct tunnel *t, const struct tscf_message *response)
{
	struct tscf_tlv shared;
	t->events->alive(t);
	if (tunnel_may_recall(t, response))
		tunnel_recall(t, response);
	if (tscf_message_find(response, TSCF_TLV_SHARED_ID, &shared))
		client_identity_shared(t->host->identity);
}

static void unanswered(struct tunnel *t)
{
	if (t->events->silent && t->events->silent(t)) {
		t->silent_rounds++;
		tunnel_probe(t);
	} else {
		t->events->lost(t, "the server does not answer");
	}
}

static void answered(struct tunnel *t, const struct tscf_message *response)
{
	enum tscf_response code = TSCF_RESPONSE_SUCCESS;
	char text[TSCF_RESPONSE_TEXT_MAX + 1];
	t->silent_rounds = 0;
	t->doubted = 0;
	t->suspected = t->asked_again = false;
	if (tscf_message_response(response, &code, text, sizeof(text)) == 0 && code == TSCF_RESPONSE_NO_SESSION)
		t->events->lost(t, text[0] ? text : "the server does not know this tunnel (any more)");
	else
		said_alive(t, response);
}

static void probe_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct tunnel *t = context;
	(void)user;
	if (error == -ECANCELED)
		return;
	t->probing = false;
	if (!response) {
		unanswered(t);
		return;
	}
	t->need_told = t->need_sent;
	answered(t, response);
}

static void measured(void *context, void *user, const struct tscf_message *response, int error)
{
	struct tunnel *t = context;
	const struct tunnel_measure *m = user;
	/* It was sent once, so the round trip is its own. */
	uint64_t ms = response ? t->requests.round_trip_ms : 0;
	if (error == -ECANCELED)
		return;
	if (response)
		answered(t, response);
	m->taken(m->owner, ms);
}

void tunnel_measure(struct tunnel *t, const struct tunnel_measure *m)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	if (t->state != TUNNEL_UP)
		return;
	tunnel_begin(t, &w, buffer, TSCF_KEEPALIVE_REQUEST);
	tunnel_request_at(t, &w, (struct request_pace){TUNNEL_MEASURE_MS, TUNNEL_MEASURE_MS, 1, 0}, measured,
			  (void *)m);
}

void tunnel_sent(struct tunnel *t)
{
	t->last_sent = now(t);
	if (t->waiting_since <= t->last_heard) {
		t->waiting_since = t->last_sent;
		t->unanswered = 0;
	}
	t->unanswered++;
}

/* Many packets were sent and none arrived, as in a call that hears nothing. */
static bool talks_in_vain(const struct tunnel *t)
{
	return (!t->requests.reliable || t->events->silent) && t->waiting_since > t->last_heard &&
	       t->unanswered >= TUNNEL_TALK_PACKETS;
}

static uint16_t talk_probes(const struct tunnel *t)
{
	if (!t->events->silent)
		return TUNNEL_TALK_PROBES;
	return t->silent_rounds == 0 ? TUNNEL_SILENT_PROBES : TUNNEL_TALK_PROBES - TUNNEL_SILENT_PROBES;
}

/* During a call, a dead tunnel must be detected soon; otherwise the network gets more time. */
static struct request_pace probe_pace(const struct tunnel *t)
{
	uint64_t round_trips = 2 * t->requests.round_trip_ms;
	struct request_pace pace = {t->requests.reliable ? TUNNEL_PROBE_STREAM_MS : TUNNEL_PROBE_MS, REQUEST_LONGEST_MS,
				    TUNNEL_PROBES, 0};
	bool in_vain = talks_in_vain(t) || t->silent_rounds > 0 || t->asked_again;
	if (t->requests.reliable && t->events->silent && t->silent_rounds == 0 && in_vain)
		pace = (struct request_pace){TUNNEL_SILENT_STREAM_MS, TUNNEL_SILENT_STREAM_MS, 1, 0};
	else if (t->requests.round_trip_ms > 0 && !t->requests.reliable && (t->suspected || in_vain))
		pace = (struct request_pace){TUNNEL_TALK_PROBE_MS, TUNNEL_TALK_PROBE_MS, talk_probes(t), 0};
	if (pace.first_ms < round_trips)
		pace.first_ms = round_trips;
	if (pace.longest_ms < round_trips)
		pace.longest_ms = round_trips;
	return pace;
}

static void probe(struct tunnel *t, const void *cookie, uint16_t cookie_length)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	if (t->probing || t->state != TUNNEL_UP)
		return;
	t->probing = true;
	t->need_sent = t->need;
	tunnel_begin(t, &w, buffer, TSCF_KEEPALIVE_REQUEST);
	if (cookie)
		tscf_write_bytes(&w, TSCF_TLV_COOKIE, cookie, cookie_length);
	int length = tscf_write_finish(&w);
	if (length < 0 ||
	    requests_add(&t->requests, buffer, (uint32_t)length, probe_pace(t), probe_done, NULL, now(t)) < 0)
		t->probing = false;
}

void tunnel_probe(struct tunnel *t)
{
	probe(t, NULL, 0);
}

void tunnel_probe_suspected(struct tunnel *t)
{
	t->suspected = t->state == TUNNEL_UP;
	probe(t, NULL, 0);
}

void tunnel_prove(struct tunnel *t, const void *cookie, uint16_t cookie_length)
{
	probe(t, cookie, cookie_length);
}

/* A server that repeats its keepalives may not receive the answers. */
static void asked(struct tunnel *t)
{
	bool again = t->asked_at > 0 && now(t) - t->asked_at < TUNNEL_ASKED_AGAIN_MS;
	t->asked_at = now(t);
	if (!again || !t->events->silent)
		return;
	t->asked_again = true;
	tunnel_probe(t);
}

const char *tunnel_limit(const struct tunnel *t)
{
	return t->limited_at != 0 && now(t) - t->limited_at < TUNNEL_LIMIT_MS ? t->limit : "";
}

/* Packets are dropped at the server, since they are too many. */
static bool take_limit(struct tunnel *t, const struct tscf_message *m)
{
	enum tscf_response code;
	char text[TUNNEL_LIMIT_TEXT];
	if (tscf_message_response(m, &code, text, sizeof(text)) < 0 || code != TSCF_RESPONSE_LIMIT)
		return false;
	if (strcmp(tunnel_limit(t), text) != 0 && tunnel_may_do(t))
		tscf_warning("%s tunnel: a limit of the server is reached: %s", t->name, text);
	memcpy(t->limit, text, sizeof(t->limit));
	t->limited_at = now(t);
	return true;
}

/* Answer a request of the server: a keepalive, or a release because it stops.  What is not done is not answered. */
static void answer(struct tunnel *t, const struct tscf_message *m)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	if (m->type == TSCF_KEEPALIVE_REQUEST && !tunnel_may_recall(t, m)) {
		(*t->host->control_invalid)++;
		return;
	}
	tscf_write_begin(&w, buffer, sizeof(buffer), m->type + 1, t->tsid, m->sequence);
	tscf_write_response(&w, TSCF_RESPONSE_SUCCESS, NULL);
	tunnel_send(t, &w);
	tunnel_recall(t, m);
	if (m->type == TSCF_KEEPALIVE_REQUEST && !take_limit(t, m))
		asked(t);
	if (m->type == TSCF_RELEASE_REQUEST) {
		enum tscf_response code;
		char text[201] = "";
		const char *reason = tscf_message_response(m, &code, text, sizeof(text)) == 0 && text[0]
					 ? text
					 : "released by the server";
		t->events->lost(t, reason);
	}
}

/*
 * A server that has lost the session cannot authenticate its answer.  The request to resume is the only one for which
 * that answer counts: the client then sets up another session, which is verified.
 */
static bool needs_no_seal(const struct tscf_message *m)
{
	enum tscf_response code;
	return m->type == TSCF_RESUME_RESPONSE && tscf_message_response(m, &code, NULL, 0) == 0 &&
	       code == TSCF_RESPONSE_NO_SESSION;
}

/* @return whether the message may be handled. */
static bool open_sealed(struct tunnel *t, const struct tscf_message *m)
{
	/* A late copy of the exchange by which the tunnel was configured. */
	if (m->type == TSCF_CONFIGURATION_RESPONSE || m->type == TSCF_CHAIN_RESPONSE ||
	    m->type == TSCF_CERTIFICATE_RESPONSE)
		return false;
	switch (tscf_seal_open(&t->sealing->seal, m)) {
	case TSCF_SEAL_RIGHT:
		tscf_seal_follow(&t->sealing->seal);
		return true;
	case TSCF_SEAL_MISSING:
		if (needs_no_seal(m))
			return true;
		(*t->host->control_unsealed)++;
		return false;
	case TSCF_SEAL_FORGED:
		(*t->host->control_forged)++;
		return false;
	case TSCF_SEAL_REPLAYED:
	case TSCF_SEAL_PAST:
		(*t->host->control_replayed)++;
		return false;
	}
	return false;
}

void tunnel_control(struct tunnel *t, const uint8_t *data, uint32_t length)
{
	const struct tunnel_host *host = t->host;
	struct tscf_message m;
	if (tscf_message_decode(data, length, &m) < 0) {
		(*host->control_invalid)++;
		return;
	}
	if (t->sealing && !open_sealed(t, &m))
		return;
	t->last_heard = now(t);
	bool request = m.type % 2 == 1;
	/* The first response assigns the TSID; every other message must have that TSID. */
	if (m.tsid != t->tsid && !(m.type == TSCF_CONFIGURATION_RESPONSE && t->tsid == TSCF_TSID_NONE)) {
		(*host->control_wrong_tsid)++;
		/* Before there are keys, anybody can send this in a datagram. */
		if (t->sealing || t->transport->ops->encrypted || t->transport->ops->stream)
			t->events->lost(t, "the server sent a control message with a wrong tunnel session id");
		return;
	}
	if (!request)
		requests_answer(&t->requests, &m, now(t));
	else if (m.type == TSCF_KEEPALIVE_REQUEST || m.type == TSCF_RELEASE_REQUEST)
		answer(t, &m);
	else
		(*host->control_invalid)++;
}

/* The server's values have priority.  The keepalive must come early enough that the server does not take a quiet client
 * for dead. */
void tunnel_take_times(struct tunnel *t, const struct tscf_message *m)
{
	struct tscf_tlv tlv;
	uint16_t seconds, ms;
	t->keepalive = t->host->config->keepalive;
	if (tscf_message_find(m, TSCF_TLV_KEEPALIVE, &tlv) && tscf_tlv_u16(&tlv, &seconds) == 0 && seconds > 0)
		t->keepalive = seconds;
	if (tscf_message_find(m, TSCF_TLV_PERSISTENCE, &tlv) && tscf_tlv_u16(&tlv, &seconds) == 0 && seconds > 0 &&
	    (t->keepalive == 0 || t->keepalive > seconds / 3U))
		t->keepalive = seconds / 3U > 0 ? seconds / 3U : 1;
	t->nagle_ms = 0;
	if (tscf_message_find(m, TSCF_TLV_NAGLE, &tlv) && tscf_tlv_u16(&tlv, &ms) == 0 && t->transport->ops->stream)
		t->nagle_ms = (uint8_t)(ms < TUNNEL_NAGLE_MAX_MS ? ms : TUNNEL_NAGLE_MAX_MS);
}

/* Silence in either direction leads to a keepalive: each end gives up a tunnel on which it receives nothing. */
static uint64_t keepalive_due(const struct tunnel *t)
{
	uint64_t silence = (uint64_t)t->keepalive * 1000;
	if (t->state != TUNNEL_UP || silence == 0 || t->probing)
		return UINT64_MAX;
	uint64_t due = (t->last_heard < t->last_sent ? t->last_heard : t->last_sent) + silence;
	/* A server that gets packets and sends none may be gone. */
	uint64_t limit = talks_in_vain(t) ? TUNNEL_TALK_DOUBT_MS : TUNNEL_DOUBT_MS;
	if (limit < 2 * t->requests.round_trip_ms)
		limit = 2 * t->requests.round_trip_ms;
	if (t->waiting_since > t->last_heard && t->waiting_since + limit < due)
		due = t->waiting_since + limit;
	return due;
}

void tunnel_tick(struct tunnel *t)
{
	requests_tick(&t->requests, now(t));
	if (now(t) < keepalive_due(t))
		return;
	if (t->events->in_vain && talks_in_vain(t))
		t->events->in_vain(t);
	tunnel_probe(t);
}

uint64_t tunnel_next(const struct tunnel *t)
{
	uint64_t next = requests_next(&t->requests), due = keepalive_due(t);
	return due < next ? due : next;
}

static struct tscf_prefix host_prefix(const struct tscf_addr *addr)
{
	return (struct tscf_prefix){.addr = *addr, .length = (uint8_t)(8 * tscf_addr_size(addr->family))};
}

static int add_address(struct tunnel *t, const struct tscf_tun *tun, const struct tscf_addr *addr)
{
	struct tscf_prefix host = host_prefix(addr);
	/* With a smaller MTU the kernel would remove the address again. */
	if (addr->family == AF_INET6 && *t->host->mtu < TSCF_MTU_FLOOR_IPV6)
		return -EMSGSIZE;
	/* IPv6 may be off for new devices, but this device needs the address from the server. */
	if (addr->family == AF_INET6)
		tscf_link_sysctl("ipv6", tun->name, "disable_ipv6", "0");
	return tscf_addr_add(t->host->routing->netlink, tun->index, &host);
}

int tunnel_take_addresses(struct tunnel *t, const struct tscf_tun *tun, const struct tscf_message *m)
{
	struct tscf_addrs old = t->internal, fresh = tscf_message_internal(m);
	int gone = 0, error;
	if (!fresh.of[0].family && !fresh.of[1].family)
		return -EPROTO;
	/* Add the new addresses first: a device that loses its last address loses its routes. */
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		struct tscf_addr *addr = &fresh.of[i];
		if (!addr->family || (error = add_address(t, tun, addr)) == 0)
			continue;
		if (addr->family != AF_INET6 || !fresh.of[tscf_family_index(AF_INET)].family)
			return error;
		tscf_warning("%s cannot have an IPv6 address (%s): the tunnel is for IPv4 only", tun->name,
			     strerror(-error));
		*addr = (struct tscf_addr){.family = 0};
	}
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		struct tscf_prefix host = host_prefix(&old.of[i]);
		if (!old.of[i].family || tscf_addr_equal(&old.of[i], &fresh.of[i]))
			continue;
		tscf_addr_del(t->host->routing->netlink, tun->index, &host);
		gone = 1;
	}
	t->internal = fresh;
	return gone;
}
