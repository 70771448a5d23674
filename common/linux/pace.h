/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pace.h - how often the kernel is compared with the plan, and when another program keeps undoing our changes.  Pure:
 * times are monotonic milliseconds.
 *
 * The first notice after a quiet time causes a look at once.  The more looks follow each other, the longer the pause
 * before the next one, up to TSCF_PACE_GAP_MAX_MS.  So an entry that another program deletes in a loop is back within
 * that time, and costs no more.  After a failure to restore, looks are repeated without a notice, with a pause that
 * grows to TSCF_PACE_FAILED_MAX_MS.
 */
#ifndef TSCF_PACE_H
#define TSCF_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define TSCF_PACE_GAP_MS        5
#define TSCF_PACE_GAP_MAX_MS    80
#define TSCF_PACE_FAILED_MAX_MS 1000
/** If nothing had to be restored for this time, other programs leave our entries alone. */
#define TSCF_PACE_QUIET_MS 10000
/** Restored so many times without such a quiet time: another program keeps removing our entries. */
#define TSCF_PACE_CONTESTED 10

struct tscf_pace {
	uint64_t due;      /**< the next look; UINT64_MAX: at the next notice */
	uint64_t last;     /**< when the last look was */
	uint64_t gap;      /**< pause before the next look */
	uint64_t restored; /**< when something was restored last; 0: never */
	unsigned times;    /**< how many times, since the last quiet time */
};

enum tscf_pace_change {
	TSCF_PACE_SAME,
	TSCF_PACE_RESTORED, /**< something was restored, for the first time after a quiet time */
	TSCF_PACE_CONTESTED_NOW,
	TSCF_PACE_LEFT_ALONE, /**< nothing has been restored for TSCF_PACE_QUIET_MS */
};

/** Nothing has been restored, and no look is due. */
void tscf_pace_init(struct tscf_pace *p);
/** There is a reason to look: when the pause after the last look is over, or, if there was no look yet, in @p within
 * ms. */
void tscf_pace_notice(struct tscf_pace *p, uint64_t now, uint64_t within);
/** @return whether it is time to look. */
bool tscf_pace_due(const struct tscf_pace *p, uint64_t now);
/** A look was taken: something was restored, or that failed (then another look follows without a notice). */
enum tscf_pace_change tscf_pace_looked(struct tscf_pace *p, uint64_t now, bool restored, bool failed);
/** @return whether another program keeps removing what was restored. */
bool tscf_pace_contested(const struct tscf_pace *p);

#endif
