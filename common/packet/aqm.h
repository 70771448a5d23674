/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aqm.h - keeping a queue short: CoDel (RFC 8289).
 *
 * A bulk transfer fills whatever buffer stands before the slowest step, and voice waits behind it.  CoDel watches how
 * long packets have waited; when that has been over TARGET for an INTERVAL, it drops one, and then more and more often
 * until the senders have slowed down.  Both are shorter here than on a router, as the queue is that of a socket and is
 * worked off at memory speed.
 */
#ifndef TSCF_AQM_H
#define TSCF_AQM_H

#include <stdbool.h>
#include <stdint.h>

#define TSCF_AQM_TARGET_NS   500000
#define TSCF_AQM_INTERVAL_NS 10000000

/** Zero-initialised: nothing has waited yet. */
struct tscf_aqm {
	uint64_t above_since; /**< since when packets have waited too long; 0: they do not */
	uint64_t next_drop;
	uint32_t count; /**< drops since dropping began */
	bool dropping;
};

/**
 * A packet leaves the queue at @p now after @p waited; both in nanoseconds, @p now of any clock.
 *
 * @return whether it should be dropped.
 */
bool tscf_aqm_drop(struct tscf_aqm *aqm, uint64_t waited, uint64_t now);

#endif
