/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/stream_queue.h"

#include "common/transport/stream_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes in one block; a larger packet gets a block of its own. */
#define BLOCK_BYTES (16 * 1024)
/* Most empty blocks that are kept for reuse. */
#define SPARES_MAX 64

/* A block holds whole packets; none continues in the next block. */
struct tscf_stream_block {
	struct tscf_stream_block *next;
	uint32_t size, begin, end;
	uint8_t data[];
};

static const uint32_t limits[TSCF_STREAM_CLASSES] = {
    [TSCF_STREAM_BEGUN] = UINT32_MAX,
    [TSCF_STREAM_CONTROL] = TSCF_STREAM_CONTROL_BYTES,
    [TSCF_STREAM_URGENT] = TSCF_STREAM_URGENT_BYTES,
    [TSCF_STREAM_BULK] = TSCF_STREAM_BULK_BYTES,
};

static struct tscf_stream_block *block_new(struct tscf_stream_pool *pool, uint32_t length)
{
	uint32_t size = length > BLOCK_BYTES ? length : BLOCK_BYTES;
	struct tscf_stream_block *block = NULL;

	if (pool->bytes + size > TSCF_STREAM_POOL_BYTES)
		return NULL;
	if (size == BLOCK_BYTES && pool->spare) {
		block = pool->spare;
		pool->spare = block->next;
		pool->spares--;
	} else {
		block = malloc(sizeof(*block) + size);
	}
	if (!block)
		return NULL;
	*block = (struct tscf_stream_block){.size = size};
	pool->bytes += size;
	return block;
}

static void block_free(struct tscf_stream_pool *pool, struct tscf_stream_block *block)
{
	pool->bytes -= block->size;
	if (block->size > BLOCK_BYTES || pool->spares == SPARES_MAX) {
		free(block);
		return;
	}
	block->next = pool->spare;
	pool->spare = block;
	pool->spares++;
}

void tscf_stream_pool_free(struct tscf_stream_pool *pool)
{
	while (pool->spare) {
		struct tscf_stream_block *block = pool->spare;

		pool->spare = block->next;
		free(block);
	}
	pool->spares = 0;
}

bool tscf_stream_queue_empty(const struct tscf_stream_queue *q)
{
	for (unsigned i = 0; i < TSCF_STREAM_CLASSES; i++)
		if (q->fifo[i].bytes > 0)
			return false;
	return true;
}

/* Remove @p bytes from the beginning; they are in the first block. */
static void take(struct tscf_stream_fifo *fifo, struct tscf_stream_pool *pool, uint32_t bytes)
{
	struct tscf_stream_block *block = fifo->first;

	block->begin += bytes;
	fifo->bytes -= bytes;
	if (block->begin < block->end)
		return;
	fifo->first = block->next;
	if (!fifo->first)
		fifo->last = NULL;
	block_free(pool, block);
}

/* @return the length of the packet at @p offset of @p block. */
static uint32_t packet_at(const struct tscf_stream_block *block, uint32_t offset)
{
	return (uint32_t)tscf_frame_length(block->data + offset, block->end - offset);
}

static bool append(struct tscf_stream_fifo *fifo, struct tscf_stream_pool *pool, const uint8_t *data, uint32_t length)
{
	struct tscf_stream_block *block = fifo->last;

	if (!block || block->size - block->end < length) {
		block = block_new(pool, length);
		if (!block)
			return false;
		if (fifo->last)
			fifo->last->next = block;
		else
			fifo->first = block;
		fifo->last = block;
	}
	memcpy(block->data + block->end, data, length);
	block->end += length;
	fifo->bytes += length;
	return true;
}

int tscf_stream_queue_add(struct tscf_stream_queue *q, struct tscf_stream_pool *pool, enum tscf_stream_class class,
			  const uint8_t *data, uint32_t length)
{
	struct tscf_stream_fifo *fifo = &q->fifo[class];
	bool may_drop = class == TSCF_STREAM_URGENT || class == TSCF_STREAM_BULK;
	int dropped = 0;

	while (fifo->bytes > 0 && (uint64_t)fifo->bytes + length > limits[class]) {
		if (!may_drop)
			return -ENOBUFS;
		take(fifo, pool, packet_at(fifo->first, fifo->first->begin));
		dropped++;
	}
	if (append(fifo, pool, data, length))
		return dropped;
	return may_drop ? dropped + 1 : -ENOBUFS;
}

unsigned tscf_stream_queue_next(const struct tscf_stream_queue *q, struct iovec *iov, unsigned most)
{
	unsigned count = 0;

	for (unsigned i = 0; i < TSCF_STREAM_CLASSES; i++)
		for (struct tscf_stream_block *b = q->fifo[i].first; b && count < most; b = b->next)
			iov[count++] = (struct iovec){.iov_base = b->data + b->begin, .iov_len = b->end - b->begin};
	return count;
}

/* The first @p bytes of the first block have been sent. */
static int cut(struct tscf_stream_queue *q, struct tscf_stream_pool *pool, enum tscf_stream_class class, uint32_t bytes)
{
	struct tscf_stream_fifo *fifo = &q->fifo[class];
	struct tscf_stream_block *block = fifo->first;
	uint32_t at = block->begin, stop = block->begin + bytes, length;

	if (class == TSCF_STREAM_BEGUN) {
		take(fifo, pool, bytes);
		return 0;
	}
	do {
		length = packet_at(block, at);
		at += length;
	} while (at < stop);
	if (at > stop && !append(&q->fifo[TSCF_STREAM_BEGUN], pool, block->data + stop, at - stop))
		return -ENOMEM;
	take(fifo, pool, at - block->begin);
	return 0;
}

int tscf_stream_queue_gone(struct tscf_stream_queue *q, struct tscf_stream_pool *pool, uint32_t bytes)
{
	for (unsigned i = 0; i < TSCF_STREAM_CLASSES && bytes > 0; i++) {
		struct tscf_stream_fifo *fifo = &q->fifo[i];

		while (bytes > 0 && fifo->first) {
			uint32_t whole = fifo->first->end - fifo->first->begin;

			if (bytes < whole)
				return cut(q, pool, (enum tscf_stream_class)i, bytes);
			take(fifo, pool, whole);
			bytes -= whole;
		}
	}
	return 0;
}

void tscf_stream_queue_clear(struct tscf_stream_queue *q, struct tscf_stream_pool *pool)
{
	for (unsigned i = 0; i < TSCF_STREAM_CLASSES; i++)
		while (q->fifo[i].first)
			take(&q->fifo[i], pool, q->fifo[i].first->end - q->fifo[i].first->begin);
}
