/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One spare connection answers all clients whose address is not proved, and keeps no state: the cookie is a keyed hash
 * of address and hello.  When the cookie in a hello is right, the spare connection becomes that client's connection,
 * and the next hello gets a new spare.
 */
#include "common/transport/dtls_peer.h"

#include <errno.h>

static int on_cookie_good(WOLFSSL *ssl, void *context)
{
	struct dtls_peer *peer = context;

	(void)ssl;
	peer->proved = true;
	peer->state = DTLS_HANDSHAKE;
	dtls_flight_begin(peer);
	return 0;
}

static struct dtls_peer *listener(struct dtls *dtls)
{
	if (dtls->listener)
		return dtls->listener;
	dtls->listener = dtls_peer_new(dtls);
	if (dtls->listener)
		wolfDTLS_SetChGoodCb(dtls->listener->ssl, on_cookie_good, dtls->listener);
	return dtls->listener;
}

static void promote(struct dtls *dtls, struct dtls_peer *peer, const struct tscf_dtls_record *hello, int result)
{
	struct dtls_peer *old = dtls_table_find(dtls, &dtls->handshakes, &peer->key);
	char reason[TSCF_TLS_ERROR];

	dtls->listener = NULL;
	memcpy(peer->client_random, tscf_dtls_client_random(hello), TSCF_DTLS_RANDOM);
	/* The same source has started a new handshake. */
	if (old)
		dtls_peer_fail(old, ECONNRESET, "started over");
	peer->source = tscf_source_hold(&dtls->sources, &peer->base.outer, TSCF_DTLS_HANDSHAKES_PER_SOURCE);
	if (!peer->source || dtls_table_add(dtls, &dtls->handshakes, peer) < 0) {
		tscf_source_drop(&dtls->sources, peer->source);
		dtls_peer_free(peer);
		return;
	}
	dtls_peer_start(peer);
	if (result < 0)
		dtls_peer_fail(peer, EPROTO, tscf_tls_reason(peer->ssl, result, reason));
}

void dtls_listen_hello(struct dtls *dtls, const struct tscf_packet *packet, const struct tscf_dtls_record *hello)
{
	union tscf_endpoint from = packet->from;
	struct dtls_peer *peer;
	int result;

	if (HASH_COUNT(dtls->handshakes.head) >= TSCF_DTLS_HANDSHAKES_MAX)
		return;
	/*
	 * Check this before wolfSSL gets the hello: it answers a hello that has a cookie by going on with the
	 * handshake.
	 */
	if (tscf_source_count(&dtls->sources, &from) >= TSCF_DTLS_HANDSHAKES_PER_SOURCE) {
		dtls->base.transport.counters.refused++;
		return;
	}
	peer = listener(dtls);
	if (!peer)
		return;
	dtls_peer_set_address(peer, &from);
	peer->base.local = packet->local;
	peer->proved = false;
	if (wolfSSL_dtls_set_peer(peer->ssl, &from, tscf_endpoint_size(&from)) != WOLFSSL_SUCCESS)
		return;
	peer->input = hello->data;
	peer->input_length = hello->length;
	result = dtls_peer_step(peer);
	peer->input_length = 0;
	if (peer->proved) {
		promote(dtls, peer, hello, result);
	} else if (result < 0) {
		dtls->base.transport.counters.invalid++;
		dtls->listener = NULL;
		dtls_peer_free(peer);
	}
}
