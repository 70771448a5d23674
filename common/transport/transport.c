/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/transport.h"

#include "common/packet/message.h"
#include "common/transport/outer.h"

#include <string.h>

_Static_assert(TSCF_PEER_ID_MAX == TSCF_CONNECTION_ID_MAX, "a connection id fits into its TLV");

void tscf_peer_send(struct tscf_peer *peer, const void *data, uint32_t length)
{
	uint8_t buffer[TSCF_HEADROOM + TSCF_PACKET_MAX + TSCF_TAILROOM];
	struct tscf_packet packet = {
	    .data = buffer + TSCF_HEADROOM,
	    .length = length,
	    .room = TSCF_PACKET_MAX,
	    .peer = peer,
	};
	struct tscf_batch batch = {.count = 1, .packet = {&packet}};

	if (length > TSCF_PACKET_MAX)
		return;
	memcpy(packet.data, data, length);
	tscf_transport_send(peer->transport, &batch);
}

void tscf_transport_whole(struct tscf_transport *t, bool whole)
{
	if (!t->ops->stream)
		tscf_outer_set_dont_fragment(t->fd, t->local.sa.sa_family, whole);
}
