/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scheduling.h - processor time for the threads that carry packets.
 *
 * On a busy machine a tunnel waits for its processor while other programs use it: for milliseconds, with every packet
 * of every call.  With a real-time priority it runs as soon as a packet arrives, like the kernel's own network code.
 */
#ifndef TSCF_SCHEDULING_H
#define TSCF_SCHEDULING_H

#include <stdbool.h>

/** Highest priority that can be set. */
#define TSCF_SCHEDULING_MAX 99U

/**
 * Give the calling thread real-time @p priority (SCHED_RR); 0: leave it unchanged.  Needs CAP_SYS_NICE or
 * RLIMIT_RTPRIO; without either nothing changes, which is logged at level debug.
 *
 * @param pass_on  threads and processes that it starts have the priority too; if false, they are ordinary ones.
 */
void tscf_scheduling_set(unsigned priority, bool pass_on);
/** Make the calling thread an ordinary one again. */
void tscf_scheduling_reset(void);

#endif
