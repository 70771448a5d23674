/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outage.h - what is logged while there is no tunnel: each fault once, and the number of failed attempts.
 *
 * A host may be without a network for days, and the search goes on all the time.  The log reports changes only, so a
 * known fault is only counted.  Pure: it writes no lines and reads no clock.
 */
#ifndef TSCF_CLIENT_OUTAGE_H
#define TSCF_CLIENT_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

/** The most different faults of one outage that are logged.  Some may be texts from the other end. */
#define OUTAGE_FAULTS_MAX 64

struct outage {
	bool present;
	uint64_t since;    /**< monotonic milliseconds */
	uint32_t failures; /**< attempts and look-ups that failed since */
	unsigned known;
	uint64_t faults[OUTAGE_FAULTS_MAX]; /**< hashes of the faults that have been logged */
};

/** There is no tunnel from now on.  No effect if there was none before. */
void outage_begin(struct outage *o, uint64_t now);
/** An attempt has failed; @p fault describes it.  @return whether to log it: it is new in this outage. */
bool outage_failed(struct outage *o, const char *fault);
/** Room for outage_end. */
#define OUTAGE_TEXT 80
/**
 * There is a tunnel again.  Write "after 12 attempts in vain in 3 h 20 min" into @p text.
 *
 * @return whether anything had failed; if not, @p text is unchanged.
 */
bool outage_end(struct outage *o, uint64_t now, char *text);

#endif
