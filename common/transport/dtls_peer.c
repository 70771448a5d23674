/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection is in state DTLS_HANDSHAKE from the first hello (client) or the right cookie (server) until it is
 * verified.  Then it is DTLS_UP and peer_up is called.  It ends in dtls_peer_fail, in the user's tscf_peer_close, or
 * with the transport.
 */
#include "common/transport/dtls_peer.h"

#include "common/base/silence.h"
#include "common/tls/key_log.h"

#include <errno.h>
#include <stdlib.h>
#include <wolfssl/error-ssl.h>

/*
 * Seconds until an unanswered flight is sent again: at first, and at most.  wolfSSL's own timer begins with 1 s, too
 * long for a call.  With a maximum of 1 s, there are a dozen attempts before the deadline.
 */
#define RETRANSMIT_FIRST 0.1
#define RETRANSMIT_MAX   1.0

/* An alert (RFC 5246, 7.2): level and description. */
#define ALERT_SIZE         2
#define ALERT_WARNING      1
#define ALERT_FATAL        2
#define ALERT_CLOSE_NOTIFY 0

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events);

struct dtls_peer *dtls_peer_new(struct dtls *dtls)
{
	struct dtls_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->base.transport = &dtls->base.transport;
	ev_timer_init(&peer->timer, on_timer, 0, 0);
	ev_set_priority(&peer->timer, TSCF_SILENCE_PRIORITY);
	peer->timer.data = peer;
	if (tscf_crypto_session_init(&peer->crypto) == 0)
		peer->ssl = tscf_tls_connection(dtls->tls, &peer->check);
	if (!peer->ssl) {
		dtls_peer_free(peer);
		return NULL;
	}
	dtls_io_attach(peer);
	return peer;
}

void dtls_peer_free(struct dtls_peer *peer)
{
	ev_timer_stop(dtls_of(peer)->base.transport.loop, &peer->timer);
	if (peer->ssl)
		wolfSSL_free(peer->ssl);
	tscf_crypto_session_free(&peer->crypto);
	tscf_protect_clear(&peer->sending);
	tscf_protect_clear(&peer->receiving);
	dtls_flight_free(peer);
	free(peer);
}

void dtls_peer_set_address(struct dtls_peer *peer, const union tscf_endpoint *outer)
{
	peer->base.outer = *outer;
	peer->key = tscf_outer_key(outer);
}

static void set_timer(struct dtls_peer *peer, ev_tstamp seconds)
{
	peer->timer.repeat = seconds;
	ev_timer_again(dtls_of(peer)->base.transport.loop, &peer->timer);
}

void dtls_peer_start(struct dtls_peer *peer)
{
	peer->state = DTLS_HANDSHAKE;
	peer->begun = ev_now(dtls_of(peer)->base.transport.loop);
	set_timer(peer, RETRANSMIT_FIRST);
}

void dtls_peer_fail(struct dtls_peer *peer, int error, const char *reason)
{
	struct dtls *dtls = dtls_of(peer);
	struct tscf_transport *t = &dtls->base.transport;

	/* Hand up first what the peer sent before its end. */
	if (dtls->clear.count > 0)
		dtls_deliver(dtls);
	if (peer->base.closed || dtls->base.transport.closed)
		return;
	peer->base.closed = true;
	dtls_unlink(peer);
	ev_timer_stop(t->loop, &peer->timer);
	/* wolfSSL keeps a list of errors of this thread; nothing reads it. */
	wolfSSL_ERR_clear_error();
	if (peer->state == DTLS_HANDSHAKE) {
		t->counters.handshakes_failed++;
		/* The session may have caused the failure. */
		if (peer->session_offered)
			tscf_tls_session_forget(&dtls->tls->session);
	}
	if (dtls->base.connected || peer->state == DTLS_UP)
		t->handler->peer_down(t->context, &peer->base, error, reason);
	tscf_reaper_retire(&peer->base);
}

static void fail_with(struct dtls_peer *peer, int error)
{
	char reason[TSCF_TLS_ERROR];

	if (peer->check.reason[0] != '\0')
		dtls_peer_fail(peer, EKEYREJECTED, peer->check.reason);
	else
		dtls_peer_fail(peer, error == ZERO_RETURN ? ECONNRESET : EPROTO,
			       tscf_tls_reason(peer->ssl, error, reason));
}

/* The end that sent the last flight must be able to send it again; the other end knows that it has arrived. */
static void settle_flight(struct dtls_peer *peer)
{
	bool server_is_last = !wolfSSL_session_reused(peer->ssl);

	if (server_is_last != dtls_of(peer)->tls->server)
		dtls_flight_free(peer);
}

/* @return whether the connection may be given to the user. */
static bool is_verified(struct dtls_peer *peer)
{
	if (dtls_of(peer)->tls->server)
		return true;
	/* A session is kept only of a verified connection, and resuming it proves that this is the same server. */
	return peer->check.verified || (peer->session_offered && wolfSSL_session_reused(peer->ssl));
}

/*
 * The handshake of @p peer is done: it replaces the former connection from the same address, unless that one has moved.
 * @return whether the transport still exists.
 */
static bool replace_former(struct dtls *dtls, struct dtls_peer *peer)
{
	struct dtls_peer *old = dtls_table_find(dtls, &dtls->up, &peer->key);

	if (!old)
		return true;
	if (tscf_endpoint_equal(&old->base.outer, &peer->base.outer))
		dtls_peer_fail(old, ECONNRESET, "replaced by a new connection from the same address");
	else if (dtls_table_give_way(dtls, old) < 0)
		dtls_peer_fail(old, ENOMEM, "out of memory");
	return !dtls->base.transport.closed;
}

static void come_up(struct dtls_peer *peer)
{
	struct dtls *dtls = dtls_of(peer);
	struct tscf_transport *t = &dtls->base.transport;

	ev_timer_stop(t->loop, &peer->timer);
	if (!is_verified(peer)) {
		dtls_peer_fail(peer, EKEYREJECTED, "server is not verified");
		return;
	}
	settle_flight(peer);
	if (!dtls->tls->server)
		tscf_tls_session_keep(&dtls->tls->session, peer->ssl);
	wolfSSL_ERR_clear_error();
	peer->resumed = wolfSSL_session_reused(peer->ssl) != 0;
	tscf_key_log_write(dtls->tls->key_log, peer->ssl);
	if (dtls_keys_take(peer) < 0) {
		dtls_peer_fail(peer, EPROTO, "unknown cipher suite");
		return;
	}
	if (!dtls->base.connected) {
		if (!replace_former(dtls, peer))
			return;
		dtls_table_remove(dtls, &dtls->handshakes, peer);
		if (dtls_table_add(dtls, &dtls->up, peer) < 0) {
			dtls_peer_fail(peer, ENOMEM, "out of memory");
			return;
		}
	}
	peer->state = DTLS_UP;
	peer->base.round_trip_ms = 1 + (unsigned)(1000 * (ev_now(t->loop) - peer->begun));
	t->counters.handshakes++;
	t->handler->peer_up(t->context, &peer->base);
}

/* The error of the last call, as a negative number of wolfSSL; 0 if wolfSSL only waits for data. */
static int last_error(struct dtls_peer *peer, int result)
{
	int error = wolfSSL_get_error(peer->ssl, result);

	switch (error) {
	case WOLFSSL_ERROR_WANT_READ:
	case WOLFSSL_ERROR_WANT_WRITE:
		return 0;
	case WOLFSSL_ERROR_ZERO_RETURN:
		return ZERO_RETURN;
	default:
		return error < 0 ? error : SOCKET_ERROR_E;
	}
}

int dtls_peer_step(struct dtls_peer *peer)
{
	int result;

	peer->sent = false;
	dtls_io_use(peer);
	result = dtls_of(peer)->tls->server ? wolfSSL_accept(peer->ssl) : wolfSSL_connect(peer->ssl);
	if (result == WOLFSSL_SUCCESS)
		return 1;
	return last_error(peer, result);
}

/*
 * A server that does not know our session continues with a full handshake.  wolfSSL 5.5.4 as a client takes this for a
 * resumption out of order, and fails.  So begin again without the session.
 */
static bool begin_without_session(struct dtls_peer *peer)
{
	WOLFSSL *ssl;

	if (!peer->session_offered || peer->check.reason[0] != '\0')
		return false;
	ssl = tscf_tls_connection(dtls_of(peer)->tls, &peer->check);
	if (!ssl)
		return false;
	tscf_tls_session_forget(&dtls_of(peer)->tls->session);
	peer->session_offered = false;
	wolfSSL_free(peer->ssl);
	peer->ssl = ssl;
	dtls_io_attach(peer);
	peer->input_length = 0;
	dtls_flight_begin(peer);
	set_timer(peer, RETRANSMIT_FIRST);
	return dtls_peer_step(peer) >= 0;
}

static void handshake(struct dtls_peer *peer)
{
	int result;

	dtls_flight_begin(peer);
	result = dtls_peer_step(peer);
	if (result < 0) {
		if (!begin_without_session(peer))
			fail_with(peer, result);
	} else if (result > 0) {
		come_up(peer);
	} else if (peer->sent) {
		set_timer(peer, RETRANSMIT_FIRST);
	}
}

static void take_alert(struct dtls_peer *peer, const uint8_t *alert, uint32_t length)
{
	char reason[TSCF_TLS_ERROR];

	if (length != ALERT_SIZE)
		return;
	if (alert[1] == ALERT_CLOSE_NOTIFY) {
		dtls_peer_fail(peer, ECONNRESET, "closed by the other end");
	} else if (alert[0] == ALERT_FATAL) {
		snprintf(reason, sizeof(reason), "the other end refuses: %s", wolfSSL_alert_desc_string_long(alert[1]));
		dtls_peer_fail(peer, EPROTO, reason);
	}
}

/* Give the content of one record to the user. */
static void take_data(struct dtls_peer *peer, struct tscf_packet *packet, const struct tscf_packet *datagram)
{
	struct dtls *dtls = dtls_of(peer);
	struct tscf_transport_counters *counters = &dtls->base.transport.counters;

	/* A peer that sends data has received our last flight. */
	if (peer->flight.data)
		dtls_flight_free(peer);
	packet->peer = &peer->base;
	packet->tos = datagram->tos;
	packet->from = peer->base.outer;
	counters->received_packets++;
	counters->received_bytes += packet->length;
	tscf_batch_add(&dtls->clear, packet);
	if (dtls->clear.count == TSCF_BATCH_MAX)
		dtls_deliver(dtls);
}

static void take_record(struct dtls_peer *peer, const struct tscf_dtls_record *record,
			const struct tscf_packet *datagram)
{
	struct dtls *dtls = dtls_of(peer);
	/* Large enough for any datagram that comes this far. */
	struct tscf_packet *packet = tscf_ring_packet(dtls->ring, dtls->clear.count);
	uint64_t next = peer->receiving.replay.next;
	int length = -EBADMSG;
	uint8_t type;

	if (dtls_id_fits(peer, record))
		length = tscf_protect_open(&peer->receiving, record, packet->data, &type);
	if (length < 0 || length > TSCF_DTLS_PAYLOAD_MAX) {
		dtls->base.transport.counters.invalid++;
		return;
	}
	packet->length = (uint32_t)length;
	if (record->id && peer->receiving.replay.next != next)
		dtls_id_heard(peer, record, datagram);
	if (peer->base.closed || dtls->base.transport.closed)
		return;
	/* Handshake messages are repetitions, or ask for renegotiation; a client makes a new connection instead. */
	if (type == TSCF_DTLS_ALERT)
		take_alert(peer, packet->data, packet->length);
	else if (type == TSCF_DTLS_APPLICATION_DATA && length > 0)
		take_data(peer, packet, datagram);
}

void dtls_peer_feed(struct dtls_peer *peer, const struct tscf_packet *packet)
{
	struct dtls *dtls = dtls_of(peer);
	struct tscf_dtls_record record;

	peer->input = packet->data;
	peer->input_length = packet->length;
	if (peer->state == DTLS_HANDSHAKE)
		handshake(peer);
	while (peer->state == DTLS_UP && !peer->base.closed && !dtls->base.transport.closed &&
	       tscf_dtls_record_first(peer->input, peer->input_length, &record)) {
		peer->input += record.length;
		peer->input_length -= record.length;
		take_record(peer, &record, packet);
	}
	peer->input_length = 0;
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct dtls_peer *peer = timer->data;
	struct dtls *dtls = dtls_of(peer);

	(void)events;
	tscf_reaper_enter(&dtls->base.transport);
	if (ev_now(loop) >= peer->begun + TSCF_DTLS_HANDSHAKE_SECONDS) {
		dtls_peer_fail(peer, ETIMEDOUT, "no answer to the handshake");
	} else {
		ev_tstamp next = 2 * timer->repeat;

		dtls_flight_begin(peer);
		dtls_io_use(peer);
		wolfSSL_dtls_retransmit(peer->ssl);
		set_timer(peer, next < RETRANSMIT_MAX ? next : RETRANSMIT_MAX);
	}
	if (!dtls->base.transport.closed)
		tscf_datagram_flush(&dtls->base);
	tscf_reaper_leave(&dtls->base.transport);
}

void dtls_peer_goodbye(struct dtls_peer *peer)
{
	static const uint8_t alert[ALERT_SIZE] = {ALERT_WARNING, ALERT_CLOSE_NOTIFY};

	if (peer->state == DTLS_UP && !peer->base.closed)
		dtls_io_send(peer, TSCF_DTLS_ALERT, alert, sizeof(alert), 0);
}
