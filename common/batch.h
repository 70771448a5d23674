/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch.h - packets in preallocated buffers, handled many at a time.
 *
 * The unit of every interface on the data path is a batch: a TUN read fills one, the route decision sorts its
 * packets into one batch per transport, a transport sends one.  A batch holds pointers, so sorting copies nothing.
 * A packet belongs to the ring that allocated it and is valid until that ring is filled again.
 */
#ifndef TSCF_BATCH_H
#define TSCF_BATCH_H

#include "addr.h"

#include <stdint.h>

struct tscf_peer;

/** Most packets in one batch. */
#define TSCF_BATCH_MAX 64
/** Room before the packet for headers that a transport puts in front (DTLS record header, virtio-net header). */
#define TSCF_HEADROOM 64
/** Room after the packet for an authentication tag. */
#define TSCF_TAILROOM 64
/** Largest inner packet or control message: a full IP datagram. */
#define TSCF_PACKET_MAX 65535

/** One inner packet or one control message. */
struct tscf_packet {
	uint8_t *data;            /**< first byte; TSCF_HEADROOM bytes before it are writable */
	uint32_t length;          /**< bytes at data */
	uint32_t room;            /**< bytes that fit at data, TSCF_TAILROOM not counted */
	struct tscf_peer *peer;   /**< whom it came from or goes to; NULL: a source without session (UDP server) */
	union tscf_endpoint from; /**< outer source; set on reception from an unconnected socket */
	uint8_t tos;              /**< DSCP and ECN of the outer header, to set or as received */
};

struct tscf_batch {
	unsigned count;
	struct tscf_packet *packet[TSCF_BATCH_MAX];
};

/** TSCF_BATCH_MAX packets with their memory. */
struct tscf_ring;

/** Allocate a ring whose packets hold @p size bytes each (plus head- and tailroom).  @return NULL: out of memory. */
struct tscf_ring *tscf_ring_new(uint32_t size);
void tscf_ring_free(struct tscf_ring *ring);
/** @return packet @p i (< TSCF_BATCH_MAX), reset to an empty packet at its headroom. */
struct tscf_packet *tscf_ring_packet(struct tscf_ring *ring, unsigned i);

/** Append; the caller knows that there is room (a batch never grows past the batch it is sorted from). */
static inline void tscf_batch_add(struct tscf_batch *batch, struct tscf_packet *packet)
{
	batch->packet[batch->count++] = packet;
}

#endif
