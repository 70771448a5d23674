/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_queue.h - what waits for one stream's socket.
 *
 * A stream that stalls delays, and never grows memory.  First goes the rest of a packet that was begun, then control
 * messages, then real-time packets, then bulk; each class has its limit.  Where a class of packets is full its oldest
 * ones make room: a late packet is worth less than a fresh one.  Control messages are not dropped: when they are too
 * many the stream is of no use.
 *
 * Memory comes in blocks of a pool that many queues share, so that what is queued costs no allocation each, and an
 * empty queue no memory.
 */
#ifndef TSCF_STREAM_QUEUE_H
#define TSCF_STREAM_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/** In the order in which they go. */
enum tscf_stream_class {
	TSCF_STREAM_BEGUN, /**< bytes that must come next, whatever they are; no limit but one packet */
	TSCF_STREAM_CONTROL,
	TSCF_STREAM_URGENT,
	TSCF_STREAM_BULK,
	TSCF_STREAM_CLASSES,
};

/** Most bytes of each class that wait, at least one packet. */
#define TSCF_STREAM_CONTROL_BYTES (64 * 1024)
#define TSCF_STREAM_URGENT_BYTES  (64 * 1024)
#define TSCF_STREAM_BULK_BYTES    (256 * 1024)
/** Most bytes of all queues of a pool; beyond it a packet is dropped that would need more. */
#define TSCF_STREAM_POOL_BYTES (512U * 1024 * 1024)

struct tscf_stream_block;

/** The memory of many queues. */
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

/** Zero-initialised, both are empty. */

/** Free what the pool keeps; no queue uses it any more. */
void tscf_stream_pool_free(struct tscf_stream_pool *pool);

/** @return whether nothing waits. */
bool tscf_stream_queue_empty(const struct tscf_stream_queue *q);

/**
 * Append a copy of one whole packet or message (for TSCF_STREAM_BEGUN: of the rest of one) of @p length bytes.
 *
 * @return how many packets have been dropped for it, itself included, or -ENOBUFS for a control message that does not
 * fit.
 */
int tscf_stream_queue_add(struct tscf_stream_queue *q, struct tscf_stream_pool *pool, enum tscf_stream_class class,
			  const uint8_t *data, uint32_t length);

/** Point @p iov to what goes next, at most @p most pieces.  @return how many there are. */
unsigned tscf_stream_queue_next(const struct tscf_stream_queue *q, struct iovec *iov, unsigned most);

/**
 * @p bytes of what tscf_stream_queue_next gave have gone.  If they end inside a packet, the rest of it has become
 * TSCF_STREAM_BEGUN.
 *
 * @return 0, or -ENOMEM: the rest is lost, and the stream with it.
 */
int tscf_stream_queue_gone(struct tscf_stream_queue *q, struct tscf_stream_pool *pool, uint32_t bytes);

/** Forget everything. */
void tscf_stream_queue_clear(struct tscf_stream_queue *q, struct tscf_stream_pool *pool);

#endif
