/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_queue.h - data that waits for the socket of one stream.
 *
 * A stalled stream delays its packets and never uses more and more memory.  The order is: the rest of a packet that was
 * begun, then control messages, then real-time packets, then bulk; each class has its limit.  When a class of packets
 * is full its oldest ones are dropped: a late packet is worth less than a fresh one.  Control messages are never
 * dropped: when there are too many of them the stream is useless.
 *
 * Memory comes in blocks from a pool that many queues share.  So a queued packet costs no allocation of its own, and an
 * empty queue uses no memory.
 */
#ifndef TSCF_STREAM_QUEUE_H
#define TSCF_STREAM_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/** In the order of sending. */
enum tscf_stream_class {
	TSCF_STREAM_BEGUN, /**< bytes that must be sent next, whatever they are; no limit but one packet */
	TSCF_STREAM_CONTROL,
	TSCF_STREAM_URGENT,
	TSCF_STREAM_BULK,
	TSCF_STREAM_CLASSES,
};

/** Most waiting bytes of each class; one packet always fits. */
#define TSCF_STREAM_CONTROL_BYTES (64 * 1024)
#define TSCF_STREAM_URGENT_BYTES  (64 * 1024)
#define TSCF_STREAM_BULK_BYTES    (256 * 1024)
/** Most bytes of all queues of a pool; a packet that would need more is dropped. */
#define TSCF_STREAM_POOL_BYTES (512U * 1024 * 1024)

struct tscf_stream_block;

/** The memory that many queues share. */
struct tscf_stream_pool {
	struct tscf_stream_block *spare;
	unsigned spares;
	uint64_t bytes; /**< in use */
};

struct tscf_stream_fifo {
	struct tscf_stream_block *first, *last;
	uint32_t bytes;
};

struct tscf_stream_queue {
	struct tscf_stream_fifo fifo[TSCF_STREAM_CLASSES];
};

/** A zero-initialised queue or pool is empty. */

/** Free the memory that the pool keeps; no queue may use it any more. */
void tscf_stream_pool_free(struct tscf_stream_pool *pool);

/** @return whether the queue is empty. */
bool tscf_stream_queue_empty(const struct tscf_stream_queue *q);

/**
 * Append a copy of one whole packet or message of @p length bytes (for TSCF_STREAM_BEGUN: of the rest of one).
 *
 * @return how many packets were dropped, the new one included, or -ENOBUFS for a control message that does not fit.
 */
int tscf_stream_queue_add(struct tscf_stream_queue *q, struct tscf_stream_pool *pool, enum tscf_stream_class class,
			  const uint8_t *data, uint32_t length);

/** Point @p iov to the data to be sent next, at most @p most pieces.  @return the number of pieces. */
unsigned tscf_stream_queue_next(const struct tscf_stream_queue *q, struct iovec *iov, unsigned most);

/**
 * The first @p bytes of the data from tscf_stream_queue_next have been sent.  If they end inside a packet, the rest of
 * it becomes TSCF_STREAM_BEGUN.
 *
 * @return 0, or -ENOMEM: the rest is lost, and the stream is useless.
 */
int tscf_stream_queue_gone(struct tscf_stream_queue *q, struct tscf_stream_pool *pool, uint32_t bytes);

/** Drop everything. */
void tscf_stream_queue_clear(struct tscf_stream_queue *q, struct tscf_stream_pool *pool);

#endif
