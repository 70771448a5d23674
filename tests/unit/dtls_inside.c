/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dtls_inside.h"

#include "common/transport/dtls_peer.h"

unsigned dtls_inside_strangers(const struct tscf_transport *t)
{
	return ((const struct dtls *)t)->strangers.count;
}

unsigned dtls_inside_handshakes(const struct tscf_transport *t)
{
	return HASH_COUNT(((const struct dtls *)t)->handshakes.head);
}

unsigned dtls_inside_up(const struct tscf_transport *t)
{
	return HASH_COUNT(((const struct dtls *)t)->up.head);
}

bool dtls_inside_resumed(const struct tscf_peer *peer)
{
	return ((const struct dtls_peer *)peer)->resumed;
}

void dtls_inside_give_up_in(struct tscf_peer *peer, double seconds)
{
	((struct dtls_peer *)peer)->begun = ev_time() + seconds - TSCF_DTLS_HANDSHAKE_SECONDS;
}

static struct tscf_source *full;

void dtls_inside_fill_source(struct tscf_transport *server)
{
	struct dtls *dtls = (struct dtls *)server;

	for (unsigned i = 0; i < TSCF_DTLS_HANDSHAKES_PER_SOURCE; i++)
		full = tscf_source_hold(&dtls->sources, &server->local, TSCF_DTLS_HANDSHAKES_PER_SOURCE);
}

void dtls_inside_one_less(struct tscf_transport *server)
{
	tscf_source_drop(&((struct dtls *)server)->sources, full);
}

bool dtls_inside_no_source(const struct tscf_transport *server)
{
	return ((const struct dtls *)server)->sources.by_addr == NULL;
}
