/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hold.h - packets of encrypted-only sockets that wait for the encrypted tunnel.
 *
 * So the first INVITE is not lost while the tunnel is being set up.  The memory is bounded: when it is full, the oldest
 * packet is dropped, as suits real-time traffic.  Held packets are only ever sent encrypted.
 */
#ifndef TSCF_CLIENT_HOLD_H
#define TSCF_CLIENT_HOLD_H

#include "common/packet/batch.h"

struct tscf_tun;

#define HOLD_PACKETS     256
#define HOLD_PACKET_SIZE 1536

struct hold {
	unsigned first, count;
	uint64_t dropped; /**< of all that came: not sent */
	uint16_t length[HOLD_PACKETS];
	struct tscf_tun *from[HOLD_PACKETS];
	struct tscf_packet slots[TSCF_BATCH_MAX]; /**< used for sending */
	uint8_t (*memory)[TSCF_HEADROOM + HOLD_PACKET_SIZE + TSCF_TAILROOM];
};

/** Begin without packets.  @return 0 or -ENOMEM. */
int hold_init(struct hold *h);
void hold_free(struct hold *h);
/** Keep a copy of the packet, which was read from @p from. */
void hold_add(struct hold *h, const uint8_t *data, uint32_t length, struct tscf_tun *from);
/** Move up to a batch of held packets, oldest first, into @p batch, addressed to @p peer; valid until the next call.
 * @return how many. */
unsigned hold_take(struct hold *h, struct tscf_peer *peer, struct tscf_batch *batch);
/** Drop the packets for which @p stays returns false; they are counted as dropped.  The others stay in order. */
void hold_sift(struct hold *h, bool (*stays)(void *context, const uint8_t *data, uint32_t length), void *context);
/** Drop all packets; they are counted as dropped.  @p each, if not NULL, is called for each of them first. */
void hold_drop(struct hold *h, void (*each)(void *context, struct tscf_tun *from, const uint8_t *data, uint32_t length),
	       void *context);

#endif
