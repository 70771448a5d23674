/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/hold.h"

#include "common/packet/ecn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int hold_init(struct hold *h)
{
	memset(h, 0, sizeof(*h));
	h->memory = calloc(HOLD_PACKETS, sizeof(*h->memory));
	return h->memory ? 0 : -ENOMEM;
}

void hold_free(struct hold *h)
{
	free(h->memory);
	h->memory = NULL;
}

void hold_add(struct hold *h, const uint8_t *data, uint32_t length, struct tscf_tun *from)
{
	if (length > HOLD_PACKET_SIZE) {
		h->dropped++;
		return;
	}
	if (h->count == HOLD_PACKETS) {
		h->first = (h->first + 1) % HOLD_PACKETS;
		h->count--;
		h->dropped++;
	}
	unsigned slot = (h->first + h->count++) % HOLD_PACKETS;
	memcpy(h->memory[slot] + TSCF_HEADROOM, data, length);
	h->length[slot] = (uint16_t)length;
	h->from[slot] = from;
}

unsigned hold_take(struct hold *h, struct tscf_peer *peer, struct tscf_batch *batch)
{
	batch->count = 0;
	while (h->count > 0 && batch->count < TSCF_BATCH_MAX) {
		struct tscf_packet *p = &h->slots[batch->count];
		*p = (struct tscf_packet){.data = h->memory[h->first] + TSCF_HEADROOM,
					  .length = h->length[h->first],
					  .room = HOLD_PACKET_SIZE,
					  .peer = peer,
					  .tos = tscf_tos_of(h->memory[h->first] + TSCF_HEADROOM)};
		tscf_batch_add(batch, p);
		h->first = (h->first + 1) % HOLD_PACKETS;
		h->count--;
	}
	return batch->count;
}

static void move_slot(struct hold *h, unsigned to, unsigned from)
{
	if (to == from)
		return;
	memcpy(h->memory[to], h->memory[from], sizeof(h->memory[to]));
	h->length[to] = h->length[from];
	h->from[to] = h->from[from];
}

void hold_sift(struct hold *h, bool (*stays)(void *context, const uint8_t *data, uint32_t length), void *context)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < h->count; i++) {
		unsigned slot = (h->first + i) % HOLD_PACKETS;

		if (stays(context, h->memory[slot] + TSCF_HEADROOM, h->length[slot]))
			move_slot(h, (h->first + kept++) % HOLD_PACKETS, slot);
	}
	h->dropped += h->count - kept;
	h->count = kept;
}

void hold_drop(struct hold *h, void (*each)(void *context, struct tscf_tun *from, const uint8_t *data, uint32_t length),
	       void *context)
{
	for (unsigned i = 0; each && i < h->count; i++) {
		unsigned slot = (h->first + i) % HOLD_PACKETS;

		each(context, h->from[slot], h->memory[slot] + TSCF_HEADROOM, h->length[slot]);
	}
	h->dropped += h->count;
	h->count = 0;
}
