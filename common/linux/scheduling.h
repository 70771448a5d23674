/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scheduling.h - processor time for those who carry packets.
 *
 * A tunnel on a busy machine waits for its processor as long as others use theirs up: milliseconds, with every packet
 * of every call in it.  With a real-time priority it runs when a packet comes, as the kernel's own network code does.
 */
#ifndef TSCF_SCHEDULING_H
#define TSCF_SCHEDULING_H

#include <stdbool.h>

/** Highest priority that may be asked for. */
#define TSCF_SCHEDULING_MAX 99U

/**
 * Give the calling thread real-time @p priority (SCHED_RR); 0: leave it as it is.  Needs CAP_SYS_NICE or RLIMIT_RTPRIO;
 * without, nothing changes, which is logged at level debug.
 *
 * @param pass_on  threads and processes that it begins have the priority too; if not, they are ordinary ones.
 */
void tscf_scheduling_set(unsigned priority, bool pass_on);
/** Make the calling thread an ordinary one again. */
void tscf_scheduling_reset(void);

#endif
