/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pace.h - how often the kernel is compared with what is wanted, and when that is a fight with another program.  Pure:
 * times are monotonic milliseconds.
 *
 * The first notice after a quiet time is looked after at once.  The more looks follow each other, the longer is waited
 * before the next one, up to PACE_GAP_MAX_MS: what somebody deletes in a loop is back within that, and no more time is
 * spent on it.  What could not be put back is tried again by itself, too, with a waiting that grows to
 * PACE_FAILED_MAX_MS.
 */
#ifndef TSCF_CLIENT_PACE_H
#define TSCF_CLIENT_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_GAP_MS        5
#define PACE_GAP_MAX_MS    80
#define PACE_FAILED_MAX_MS 1000
/** Without anything to put back for so long, others leave it alone. */
#define PACE_QUIET_MS 10000
/** Put back so often without being left alone between: somebody keeps removing it. */
#define PACE_CONTESTED 10

struct pace {
	uint64_t due;      /**< the next look; UINT64_MAX: when there is a notice */
	uint64_t last;     /**< when the last look was */
	uint64_t gap;      /**< before the next look */
	uint64_t restored; /**< when something was put back last; 0: never */
	unsigned times;    /**< so often since others left it alone */
};

enum pace_change {
	PACE_SAME,
	PACE_RESTORED, /**< something was put back, for the first time after it had been left alone */
	PACE_CONTESTED_NOW,
	PACE_LEFT_ALONE, /**< nothing has been put back for PACE_QUIET_MS */
};

void pace_init(struct pace *p);
/** There is a reason to look, not later than @p within from now on. */
void pace_notice(struct pace *p, uint64_t now, uint64_t within);
/** @return whether it is time to look. */
bool pace_due(const struct pace *p, uint64_t now);
/** A look has been taken: something was put back, or could not be (then another look follows by itself). */
enum pace_change pace_looked(struct pace *p, uint64_t now, bool restored, bool failed);
/** @return whether somebody keeps removing what was put back. */
bool pace_contested(const struct pace *p);

#endif
