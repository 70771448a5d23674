/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.h - accepts every record once (RFC 6347, 4.1.2.6): a window over sequence numbers.
 *
 * A datagram is not too late if fewer than TSCF_REPLAY_WINDOW others overtook it.  The window also tells how many
 * records are missing: numbers that were passed over.
 */
#ifndef TSCF_REPLAY_H
#define TSCF_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define TSCF_REPLAY_WORDS  16
#define TSCF_REPLAY_WINDOW (64 * (TSCF_REPLAY_WORDS - 1))
/** A record that fewer others have overtaken may still come, and is not missing yet. */
#define TSCF_REPLAY_LATE 64

/** All zero: no number was seen. */
struct tscf_replay {
	uint64_t next;                    /**< the highest number seen, plus 1 */
	uint64_t first;                   /**< the number seen first */
	uint64_t count;                   /**< numbers seen from `first` on */
	uint64_t seen[TSCF_REPLAY_WORDS]; /**< one bit for each of the last numbers; the index wraps around */
};

/** @return whether @p number is neither seen nor too old.  It must be less than 2 to the 63. */
bool tscf_replay_is_new(const struct tscf_replay *replay, uint64_t number);
/** Mark @p number as seen.  Only after tscf_replay_is_new, and after the record was authenticated. */
void tscf_replay_mark(struct tscf_replay *replay, uint64_t number);
/**
 * @return how many numbers after the one seen first are missing, the last TSCF_REPLAY_LATE numbers not counted.  It is
 * one less when such a number is seen after all.
 */
uint64_t tscf_replay_missing(const struct tscf_replay *replay);

#endif
