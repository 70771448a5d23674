/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch.h - packets in preallocated buffers, handled many at a time.
 *
 * The unit of every interface on the data path is a batch: a TUN read fills one, the route decision sorts its packets
 * into one batch per transport, a transport sends one.  A batch holds pointers, so sorting copies nothing.  A packet
 * belongs to the ring that allocated it and is valid until that ring is filled again.
 *
 * One struct tscf_packet may hold a *GSO batch*: several packets of one flow back to back, as the kernel's offloads
 * give and take them.  A decision about the first packet holds for all of them, and a transport sends them with one
 * system call.
 */
#ifndef TSCF_BATCH_H
#define TSCF_BATCH_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct tscf_peer;

/** Most packets in one batch. */
#define TSCF_BATCH_MAX 64
/** Room before the packet for headers that a transport adds in front (DTLS record header, virtio-net header). */
#define TSCF_HEADROOM 64
/** Room after the packet for an authentication tag. */
#define TSCF_TAILROOM 64
/** Largest inner packet or control message: a full IP datagram. */
#define TSCF_PACKET_MAX 65535

/** One inner packet or one control message, or a GSO batch of inner packets. */
struct tscf_packet {
	uint8_t *data;            /**< first byte; in a ring, TSCF_HEADROOM bytes before it are writable */
	uint32_t length;          /**< bytes at data */
	uint32_t gso_size;        /**< GSO batch: bytes of each packet but the last; 0: one packet */
	uint32_t room;            /**< bytes that fit at data, not counting TSCF_TAILROOM */
	struct tscf_peer *peer;   /**< source or destination; NULL: a source without session (UDP server) */
	union tscf_endpoint from; /**< outer source; set on reception from an unconnected socket */
	struct tscf_addr
	    local;   /**< our address that it was sent to, on a listening socket that is bound to none; else family 0 */
	uint8_t tos; /**< DSCP and ECN of the outer header (ecn.h), to set or as received; 0 on streams */
	uint8_t wait_ms; /**< to be sent on a stream: it may be held so many milliseconds, to go with others; 0: not */
	bool urgent;     /**< to be sent on a stream: it overtakes waiting bulk, whatever its DSCP */
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

/** @return the length of the packet that begins at @p offset of @p p; the whole length if @p p is not a GSO batch. */
static inline uint32_t tscf_packet_segment(const struct tscf_packet *p, uint32_t offset)
{
	uint32_t left = p->length - offset;
	return p->gso_size != 0 && p->gso_size < left ? p->gso_size : left;
}

/** @return the number of packets in @p p. */
static inline uint32_t tscf_packet_segments(const struct tscf_packet *p)
{
	return p->gso_size != 0 ? (p->length + p->gso_size - 1) / p->gso_size : 1;
}

/** Append; the caller makes sure that there is room (a batch never grows larger than the batch it is sorted from). */
static inline void tscf_batch_add(struct tscf_batch *batch, struct tscf_packet *packet)
{
	batch->packet[batch->count++] = packet;
}

#endif
