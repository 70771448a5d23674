/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * transport_end.h - an end of a transport that has connections, the server or a client, for tests: what has happened to
 * it, and what it does when something happens.
 */
#ifndef TSCF_TESTS_TRANSPORT_END_H
#define TSCF_TESTS_TRANSPORT_END_H

#include "common/tls/tls_context.h"

#include "common/transport/transport.h"

#include <stdbool.h>

/** Some members are for datagrams or for streams only: dtls_world.c, stream_case.c. */
struct transport_end {
	struct tscf_transport *transport;
	struct tscf_peer *peer;
	unsigned up, down, moved;
	int error;
	char reason[TSCF_TLS_ERROR];
	uint32_t next; /**< number of the next packet, if they are checked to be in order */
	bool echo;
	bool closes_peer_when_up, closes_when_up;
	bool closes_peer_when_received, closes_when_received;
	bool closes_peer_when_down, closes_when_down;

	/* Datagrams. */
	unsigned received;
	unsigned waiting; /**< hellos, when a packet was received last */
	uint8_t last_tos;
	char last[64];
	bool numbered; /**< packets are checked to be those of dtls_send_numbers, in order */

	/* Streams. */
	unsigned packets, messages;
	uint32_t urgent; /**< packets with a number of URGENT and more */
	unsigned bulk_before_urgent;
	bool ordered, adopts;
};

/* Callbacks of a transport; the context is the end. */
void transport_end_up(void *context, struct tscf_peer *peer);
void transport_end_down(void *context, struct tscf_peer *peer, int error, const char *reason);
/** Close @p peer, @p t, both or neither. */
void transport_end_closing(struct transport_end *end, bool peer_too, struct tscf_peer *peer, bool transport_too,
			   struct tscf_transport *t);

/* For tscf_test_run_until, with a struct transport_end. */
bool transport_is_up(void *context);
bool transport_is_down(void *context);
bool transport_is_settled(void *context);
bool transport_is_closed(void *context);

#endif
