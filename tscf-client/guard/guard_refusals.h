/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_refusals.h - says in the log that the guard refuses packets which programs send.
 *
 * Its counters alone do not help a user whose call is silent.  A firewall rule that sets another mark on the packets of
 * certain ports leads these past the encrypted tunnel, where the guard drops them, while all that the client sends
 * itself to find such rules (nat_probe.h) arrives.
 */
#ifndef TSCF_CLIENT_GUARD_REFUSALS_H
#define TSCF_CLIENT_GUARD_REFUSALS_H

#include "tscf-client/guard/guard_map.h"

#include <stdbool.h>
#include <stdint.h>

/** It is said so long after the first packet, with those that have followed; and no more often than this. */
#define GUARD_REFUSALS_FIRST_MS 5000
#define GUARD_REFUSALS_PAUSE_MS 600000

/** All zero at first. */
struct guard_refusals {
	bool begun;
	uint64_t said;  /**< how many packets had been counted when it was said last, or at the first look */
	uint64_t since; /**< ms: when that was */
	uint64_t next;  /**< ms: not said before */
	uint64_t due;   /**< ms: when to say it; 0: no packet since */
};

/**
 * The guard has counted @p counts at @p now (ms).  What it had counted at the first look was said by others.
 *
 * @param mask  the bits of a mark that are the client's, for the log
 */
void guard_refusals_look(struct guard_refusals *r, const struct guard_counts *counts, uint32_t mask, uint64_t now);

#endif
