/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/batch.h"

#include <stdlib.h>
#include <string.h>

/** Buffers begin on their own cache line. */
#define LINE 64

_Static_assert(TSCF_HEADROOM % LINE == 0, "the packet itself begins on a cache line too");

struct tscf_ring {
	size_t stride; /* bytes from one buffer to the next */
	uint32_t size;
	struct tscf_packet packet[TSCF_BATCH_MAX];
	_Alignas(LINE) uint8_t memory[];
};

struct tscf_ring *tscf_ring_new(uint32_t size)
{
	size_t stride = ((size_t)TSCF_HEADROOM + size + TSCF_TAILROOM + LINE - 1) / LINE * LINE;
	struct tscf_ring *ring = aligned_alloc(LINE, sizeof(*ring) + TSCF_BATCH_MAX * stride);

	if (!ring)
		return NULL;
	memset(ring, 0, sizeof(*ring));
	ring->stride = stride;
	ring->size = size;
	return ring;
}

void tscf_ring_free(struct tscf_ring *ring)
{
	free(ring);
}

struct tscf_packet *tscf_ring_packet(struct tscf_ring *ring, unsigned i)
{
	struct tscf_packet *packet = &ring->packet[i];

	*packet = (struct tscf_packet){
	    .data = ring->memory + i * ring->stride + TSCF_HEADROOM,
	    .room = ring->size,
	};
	return packet;
}
