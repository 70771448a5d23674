/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outage.h - what is to be said while there is no tunnel: each fault once, and how often the search was in vain.
 *
 * A host may be without a network for days, and the search goes on all the time.  The log is to say what has changed
 * and nothing else, so a fault that is known is only counted.  Pure: it writes no lines and reads no clock.
 */
#ifndef TSCF_CLIENT_OUTAGE_H
#define TSCF_CLIENT_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

/** Most different faults of one outage that are said.  Texts of the other end may be among them. */
#define OUTAGE_FAULTS_MAX 64

struct outage {
	bool present;
	uint64_t since;    /**< monotonic milliseconds */
	uint32_t failures; /**< attempts and look-ups that failed since */
	unsigned known;
	uint64_t faults[OUTAGE_FAULTS_MAX]; /**< hashes of those that have been said */
};

/** There is no tunnel from now on; nothing if there was none. */
void outage_begin(struct outage *o, uint64_t now);
/** An attempt has failed, with @p fault for a person.  @return whether that is to be said: it is new in this outage. */
bool outage_failed(struct outage *o, const char *fault);
/** Room for outage_end. */
#define OUTAGE_TEXT 80
/**
 * There is a tunnel.  Write "after 12 attempts in vain in 3 h 20 min" into @p text.
 *
 * @return whether anything had failed; if not, @p text is left alone.
 */
bool outage_end(struct outage *o, uint64_t now, char *text);

#endif
