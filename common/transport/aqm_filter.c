/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/aqm_filter.h"

#include "common/packet/dscp.h"
#include "common/packet/ecn.h"
#include "common/packet/message.h"

/* Smaller packets are voice, signalling, handshakes or acknowledgements. */
#define BULK_SIZE 512
/* A read of this many bytes means that more than one burst is waiting. */
#define BACKLOG_BYTES (64 * 1024)

/*
 * Streams have no outer DSCP for each packet, and networks may clear it on datagrams, so the inner DSCP counts too.
 * Encrypted data shows the outer DSCP only.
 */
static bool is_realtime(uint64_t realtime, uint8_t outer_tos, const uint8_t *inner, uint32_t length)
{
	enum tscf_kind kind = tscf_kind_of(inner[0]);

	if (tscf_dscp_is_in(realtime, outer_tos))
		return true;
	return (kind == TSCF_KIND_IPV4 || kind == TSCF_KIND_IPV6) && length >= 2 &&
	       tscf_dscp_is_in(realtime, tscf_tos_of(inner));
}

/* Sockets with redundancy have voice. */
static bool is_never_bulk(uint8_t first_byte)
{
	enum tscf_kind kind = tscf_kind_of(first_byte);

	return kind == TSCF_KIND_CONTROL || kind == TSCF_KIND_REDUNDANCY;
}

bool tscf_aqm_filter(struct tscf_aqm *aqm, struct tscf_packet *packet, uint64_t realtime, uint64_t came, uint64_t now,
		     uint32_t waiting)
{
	uint32_t segments = tscf_packet_segments(packet);
	uint32_t last = packet->gso_size ? packet->length - (segments - 1) * packet->gso_size : packet->length;

	if (tscf_packet_segment(packet, 0) < BULK_SIZE || came == 0 || came > now)
		return false;
	if (is_never_bulk(packet->data[packet->length - last]) ||
	    is_realtime(realtime, packet->tos, packet->data + packet->length - last, last))
		return false;
	if (!tscf_aqm_drop(aqm, waiting >= BACKLOG_BYTES ? now - came : 0, now))
		return false;
	packet->length -= last;
	if (segments == 2)
		packet->gso_size = 0;
	return true;
}
