/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redundancy_counters.h - what redundancy did, for all flows of a daemon or one of its threads.
 */
#ifndef TSCF_REDUNDANCY_COUNTERS_H
#define TSCF_REDUNDANCY_COUNTERS_H

#include <stdint.h>

#define TSCF_REDUNDANCY_COUNTERS(X)                                                                                    \
	X(repairs_sent) /* repair packets */                                                                           \
	X(repairs_received)                                                                                            \
	X(repaired)           /* packets that were lost, and delivered */                                              \
	X(repaired_late)      /* ... and not delivered, being late */                                                  \
	X(repair_impossible)  /* packets lost with too many others */                                                  \
	X(repaired_duplicate) /* came after they were repaired */                                                      \
	X(repair_invalid)     /* of no flow, malformed, or contradicting packets or each other */                      \
	X(copies_sent)        /* more than one of a packet, by other streams */                                        \
	X(copies_skipped)     /* not sent by a stream that had stalled */                                              \
	X(copies_dropped)     /* came after another copy */                                                            \
	X(balanced)           /* packets that went by one of several streams in turn */                                \
	X(balance_skipped)    /* turns of streams that were late */                                                    \
	X(loss_reports_sent)                                                                                           \
	X(loss_reports_received)

struct tscf_redundancy_counters {
#define X(name) uint64_t name;
	TSCF_REDUNDANCY_COUNTERS(X)
#undef X
};

#endif
