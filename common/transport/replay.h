/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.h - every record is taken once (RFC 6347, 4.1.2.6): a window over sequence numbers.
 *
 * A datagram that others overtook by less than TSCF_REPLAY_WINDOW is not late.
 */
#ifndef TSCF_REPLAY_H
#define TSCF_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define TSCF_REPLAY_WORDS  16
#define TSCF_REPLAY_WINDOW (64 * (TSCF_REPLAY_WORDS - 1))

/** All zero: nothing was seen. */
struct tscf_replay {
	uint64_t next;                    /**< the highest number seen, plus 1 */
	uint64_t seen[TSCF_REPLAY_WORDS]; /**< one bit each, of the last numbers; the index goes round */
};

/** @return whether @p number is neither seen nor too old; below 2 to the 63. */
bool tscf_replay_is_new(const struct tscf_replay *replay, uint64_t number);
/** It is proved to be the other end's: remember it.  Only after tscf_replay_is_new. */
void tscf_replay_mark(struct tscf_replay *replay, uint64_t number);

#endif
