/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aqm.h - keep a queue short: CoDel (RFC 8289).
 *
 * A bulk transfer fills the buffer before the slowest step, and voice waits behind it.  CoDel watches how long packets
 * have waited.  When that has been over TARGET for an INTERVAL, it drops one packet, and then more and more often until
 * the senders have slowed down.  TARGET and INTERVAL are shorter here than on a router, because the queue is that of a
 * socket and is emptied at memory speed.
 */
#ifndef TSCF_AQM_H
#define TSCF_AQM_H

#include <stdbool.h>
#include <stdint.h>

#define TSCF_AQM_TARGET_NS   500000
#define TSCF_AQM_INTERVAL_NS 10000000

/** Zero-initialised: nothing has waited yet. */
struct tscf_aqm {
	uint64_t above_since; /**< since when packets have waited too long; 0: they have not */
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
