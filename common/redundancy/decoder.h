/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decoder.h - repairs the lost packets of one flow in one direction.
 *
 * Keeps the last packets that came, and the equations that repair packets gave for those that did not.  Each equation
 * has the lost packets as unknowns; one with a single unknown gives that packet (Gaussian elimination, one equation at
 * a time).  A repaired packet must have the identifier that the repair packet named.
 *
 * The input is hostile: memory and work per packet have fixed limits.  No I/O; the caller gives the time in
 * milliseconds of a monotonic clock.  Memory is allocated when the decoder is made, and once more if packets are larger
 * than TSCF_SYMBOLS_SMALL.
 */
#ifndef TSCF_DECODER_H
#define TSCF_DECODER_H

#include "common/redundancy/encoder.h"
#include "common/redundancy/redundancy_counters.h"

/** Last packets that are kept, and source packet numbers that are looked after. */
#define TSCF_DECODER_KEPT 16
/** Equations: those that wait, and the one that is being worked on. */
#define TSCF_DECODER_ROWS 9

struct tscf_decoder_kept {
	uint32_t id;
	uint16_t length; /**< 0: empty */
	bool identified; /**< id is set */
	bool repaired;   /**< and delivered */
};

/** A packet that has not come, although a repair packet covers it. */
struct tscf_decoder_unknown {
	uint64_t due; /**< when it should have come, ms */
	uint32_t id;
	uint16_t number;
	bool open;
};

/** The sum of coefficient[i] times the symbol of packet first + i is the symbol of the row. */
struct tscf_decoder_row {
	uint32_t length; /**< of the symbol; 0: not in use */
	uint16_t first;
	uint8_t coefficient[TSCF_REPAIR_WINDOW]; /**< the first one is not 0 */
};

struct tscf_decoder {
	uint32_t capacity; /**< bytes of a symbol */
	uint8_t *symbols;  /**< those of kept, then those of the rows */
	uint8_t next;      /**< in kept */
	uint8_t repaired;  /**< repaired packets in kept */
	bool started;
	uint16_t number; /**< highest so far */
	struct tscf_decoder_kept kept[TSCF_DECODER_KEPT];
	struct tscf_decoder_unknown unknown[TSCF_DECODER_KEPT]; /**< by number */
	struct tscf_decoder_row row[TSCF_DECODER_ROWS];
};

/** Where a decoder puts what it finds. */
struct tscf_decoder_output {
	void *context;
	/** A packet was repaired.  The bytes are valid until this returns. */
	void (*deliver)(void *context, const uint8_t *data, uint32_t length);
	struct tscf_redundancy_counters *counters; /**< repaired is counted by deliver */
	uint32_t bound;                            /**< ms after which a packet is too late */
};

/** @return 0, or -ENOMEM. */
int tscf_decoder_init(struct tscf_decoder *d);
void tscf_decoder_free(struct tscf_decoder *d);

/**
 * A source packet came, at most TSCF_SOURCE_MAX bytes; larger ones are not kept.
 *
 * @return false if it must be dropped, having been repaired and delivered before.
 */
bool tscf_decoder_source(struct tscf_decoder *d, const uint8_t *data, uint32_t length, uint64_t now,
			 const struct tscf_decoder_output *out);

/** @return whether the packet with this identifier is among the last ones. */
bool tscf_decoder_has(struct tscf_decoder *d, uint32_t id);

/** A repair packet came that covers at least one packet: deliver what can be repaired now. */
void tscf_decoder_repair(struct tscf_decoder *d, const struct tscf_repair *repair, uint64_t now,
			 const struct tscf_decoder_output *out);

#endif
