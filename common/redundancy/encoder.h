/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * encoder.h - makes the repair packets of one flow in one direction.
 *
 * A sliding-window random linear code as in RFC 8681, with coefficients of a Vandermonde matrix: a repair packet is a
 * linear combination of the last source packets, those of a span of time.  Older ones could not be repaired in time any
 * more.
 *
 * No I/O; the caller gives the time, in milliseconds of a monotonic clock.  Memory is allocated when the encoder is
 * made, and once more if packets are larger than TSCF_SYMBOLS_SMALL.
 */
#ifndef TSCF_ENCODER_H
#define TSCF_ENCODER_H

#include "common/redundancy/repair.h"

/** Source packets up to this size, which is enough for voice, take little memory. */
#define TSCF_SYMBOLS_SMALL 320

struct tscf_encoder_slot {
	uint64_t sent; /**< ms */
	uint32_t id;
	uint16_t length;
	bool identified; /**< id is set */
};

struct tscf_encoder {
	uint32_t flow;
	uint32_t span;   /**< ms; source packets that were sent longer ago are not covered */
	uint16_t number; /**< source packets so far, modulo 65536 */
	uint8_t count;   /**< slots in use: those of the last source packets */
	uint32_t capacity;
	uint8_t *symbols; /**< TSCF_REPAIR_WINDOW times capacity bytes */
	struct tscf_encoder_slot slot[TSCF_REPAIR_WINDOW];
};

/** Begin with a span of at most 254 ms, since an age is a byte.  @return 0, or -ENOMEM. */
int tscf_encoder_init(struct tscf_encoder *e, uint32_t flow, uint32_t span);
void tscf_encoder_free(struct tscf_encoder *e);

/**
 * A source packet is sent.  One of more than @p limit bytes (at most TSCF_SOURCE_MAX), or for which there is no memory,
 * is counted and not protected, and neither are those before it any more.
 */
void tscf_encoder_source(struct tscf_encoder *e, const uint8_t *data, uint32_t length, uint32_t limit, uint64_t now);

/**
 * Write repair packet @p index after the last source packet into @p out, which holds TSCF_REPAIR_OVERHEAD bytes more
 * than the limit of tscf_encoder_source.
 *
 * @return its length; 0: the last source packet is not protected.
 */
uint32_t tscf_encoder_repair(struct tscf_encoder *e, uint8_t index, uint64_t now, uint8_t *out);

/** Write a count into @p out: TSCF_REPAIR_HEADER bytes. */
void tscf_encoder_count(const struct tscf_encoder *e, uint8_t *out);

#endif
