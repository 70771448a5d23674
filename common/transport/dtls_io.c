/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wolfSSL 5.5.4 never sends its last flight again: once its own handshake is done it drops the repeated flight of the
 * other end, which then waits without limit.  So the flight is kept here and retransmitted by us.
 */
#include "common/transport/dtls_peer.h"

#include <stdlib.h>

/*
 * Least seconds between two repetitions of the last flight, and most repetitions: the flight is larger than the
 * datagram that asks for it.
 */
#define RESEND_INTERVAL 0.05
#define RESEND_MAX      16

static void flight_add(struct dtls_peer *peer, const void *data, uint32_t length)
{
	struct dtls_flight *flight = &peer->flight;
	uint32_t used = 0;

	if (!flight->data || flight->count == DTLS_FLIGHT_DATAGRAMS || length > DTLS_SENT_MAX)
		return;
	for (unsigned i = 0; i < flight->count; i++)
		used += flight->length[i];
	memcpy(flight->data + used, data, length);
	flight->length[flight->count++] = length;
}

void dtls_flight_begin(struct dtls_peer *peer)
{
	if (!peer->flight.data)
		peer->flight.data = malloc((size_t)DTLS_FLIGHT_DATAGRAMS * DTLS_SENT_MAX);
	peer->flight.count = 0;
}

void dtls_flight_free(struct dtls_peer *peer)
{
	free(peer->flight.data);
	peer->flight = (struct dtls_flight){.data = NULL};
}

static const union tscf_endpoint *destination(struct dtls_peer *peer)
{
	return dtls_of(peer)->base.connected ? NULL : &peer->base.outer;
}

static void write_datagram(struct dtls_peer *peer, const void *data, uint32_t length)
{
	tscf_outer_write_from(dtls_of(peer)->base.writer, &peer->base.local);
	tscf_outer_write_copy(dtls_of(peer)->base.writer, destination(peer), data, length, 0);
}

bool dtls_io_send(struct dtls_peer *peer, uint8_t type, const uint8_t *data, uint32_t length, uint8_t tos)
{
	struct tscf_outer_writer *writer = dtls_of(peer)->base.writer;
	uint32_t record = tscf_protect_seal(&peer->sending, type, data, length, tscf_outer_reserve(writer));

	if (record == 0)
		return false;
	tscf_outer_write_from(writer, &peer->base.local);
	tscf_outer_write_reserved(writer, destination(peer), record, tos);
	return true;
}

void dtls_flight_resend(struct dtls_peer *peer)
{
	struct dtls_flight *flight = &peer->flight;
	ev_tstamp now = ev_now(dtls_of(peer)->base.transport.loop);
	uint32_t at = 0;

	if (!flight->data || flight->resent >= RESEND_MAX || now - flight->resent_at < RESEND_INTERVAL)
		return;
	flight->resent++;
	flight->resent_at = now;
	for (unsigned i = 0; i < flight->count; i++) {
		write_datagram(peer, flight->data + at, flight->length[i]);
		at += flight->length[i];
	}
}

static int on_send(WOLFSSL *ssl, char *data, int length, void *context)
{
	struct dtls_peer *peer = context;

	(void)ssl;
	if (length <= 0)
		return WOLFSSL_CBIO_ERR_GENERAL;
	write_datagram(peer, data, (uint32_t)length);
	peer->sent = true;
	dtls_keys_sent(peer, (const uint8_t *)data, (size_t)length);
	if (peer->state == DTLS_HANDSHAKE)
		flight_add(peer, data, (uint32_t)length);
	return length;
}

/* @return whether wolfSSL gets @p record: data before the handshake is done would be a fatal error for it. */
static bool is_wanted(const struct tscf_dtls_record *record, int room)
{
	return record->length <= (uint32_t)room && record->type != TSCF_DTLS_APPLICATION_DATA && !record->id;
}

/* wolfSSL takes one record at a time. */
static int on_receive(WOLFSSL *ssl, char *data, int room, void *context)
{
	struct dtls_peer *peer = context;
	struct tscf_dtls_record record;

	(void)ssl;
	while (peer->input_length > 0 && tscf_dtls_record_first(peer->input, peer->input_length, &record)) {
		peer->input += record.length;
		peer->input_length -= record.length;
		if (is_wanted(&record, room)) {
			memcpy(data, record.data, record.length);
			return (int)record.length;
		}
		dtls_of(peer)->base.transport.counters.invalid++;
	}
	return WOLFSSL_CBIO_ERR_WANT_READ;
}

void dtls_io_attach(struct dtls_peer *peer)
{
	wolfSSL_SSLSetIORecv(peer->ssl, on_receive);
	wolfSSL_SSLSetIOSend(peer->ssl, on_send);
	wolfSSL_SetIOReadCtx(peer->ssl, peer);
	wolfSSL_SetIOWriteCtx(peer->ssl, peer);
}

void dtls_io_use(struct dtls_peer *peer)
{
	tscf_crypto_use(&peer->crypto);
}

void dtls_deliver(struct dtls *dtls)
{
	struct tscf_transport *t = &dtls->base.transport;

	t->handler->received(t->context, t, &dtls->clear);
	dtls->clear.count = 0;
}

void dtls_finish(struct dtls *dtls)
{
	if (dtls->clear.count > 0 && !dtls->base.transport.closed)
		dtls_deliver(dtls);
	if (!dtls->base.transport.closed)
		tscf_datagram_flush(&dtls->base);
}
