/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wolfSSL 5.5.4 never sends its last flight again: once its own handshake is done it drops the repeated flight of the
 * other end, which then waits for ever.  So the flight is kept here and sent again by us.
 */
#include "dtls_peer.h"

#include <stdlib.h>

/* Least seconds between two repetitions of the last flight, and most repetitions: it is larger than what asks for it.
 */
#define RESEND_INTERVAL 0.05
#define RESEND_MAX      16

/* Largest record of application data: what one record of ours can be (AES-GCM: 8 bytes nonce, 16 bytes tag). */
#define RECORD_MAX (TSCF_DTLS_PAYLOAD_MAX + TSCF_DTLS_OVERHEAD)

static void flight_add(struct dtls_peer *peer, const void *data, uint32_t length)
{
	struct dtls_flight *flight = &peer->flight;
	uint32_t used = 0;

	if (flight->data == NULL || flight->count == DTLS_FLIGHT_DATAGRAMS || length > DTLS_SENT_MAX)
		return;
	for (unsigned i = 0; i < flight->count; i++)
		used += flight->length[i];
	memcpy(flight->data + used, data, length);
	flight->length[flight->count++] = length;
}

void dtls_flight_begin(struct dtls_peer *peer)
{
	if (peer->flight.data == NULL)
		peer->flight.data = malloc((size_t)DTLS_FLIGHT_DATAGRAMS * DTLS_SENT_MAX);
	peer->flight.count = 0;
}

void dtls_flight_free(struct dtls_peer *peer)
{
	free(peer->flight.data);
	peer->flight = (struct dtls_flight){.data = NULL};
}

static void write_datagram(struct dtls_peer *peer, const void *data, uint32_t length, uint8_t tos)
{
	struct dtls *dtls = dtls_of(peer);

	tscf_outer_write_copy(dtls->base.writer, dtls->base.connected ? NULL : &peer->base.peer.outer, data, length,
			      tos);
}

void dtls_flight_resend(struct dtls_peer *peer)
{
	struct dtls_flight *flight = &peer->flight;
	ev_tstamp now = ev_now(dtls_of(peer)->base.transport.loop);
	uint32_t at = 0;

	if (flight->data == NULL || flight->resent >= RESEND_MAX || now - flight->resent_at < RESEND_INTERVAL)
		return;
	flight->resent++;
	flight->resent_at = now;
	for (unsigned i = 0; i < flight->count; i++) {
		write_datagram(peer, flight->data + at, flight->length[i], 0);
		at += flight->length[i];
	}
}

static int on_send(WOLFSSL *ssl, char *data, int length, void *context)
{
	struct dtls_peer *peer = context;

	(void)ssl;
	if (length <= 0)
		return WOLFSSL_CBIO_ERR_GENERAL;
	write_datagram(peer, data, (uint32_t)length, dtls_of(peer)->tos);
	peer->sent = true;
	if (peer->state == DTLS_HANDSHAKE)
		flight_add(peer, data, (uint32_t)length);
	return length;
}

/* @return whether wolfSSL shall see @p record. */
static bool is_wanted(const struct dtls_peer *peer, const struct tscf_dtls_record *record, int room)
{
	if (record->length > (uint32_t)room)
		return false;
	if (record->type != TSCF_DTLS_APPLICATION_DATA)
		return true;
	/* Data cannot come before the handshake is done, and would be an error that ends it. */
	return peer->state == DTLS_UP && record->length <= RECORD_MAX;
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
		if (is_wanted(peer, &record, room)) {
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
