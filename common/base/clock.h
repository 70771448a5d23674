/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.h - the clocks of the daemons, in milliseconds.  They are read once per pass of the event loop.
 */
#ifndef TSCF_CLOCK_H
#define TSCF_CLOCK_H

#include <stdint.h>

/** @return milliseconds of CLOCK_MONOTONIC: the time that this host has been awake. */
uint64_t tscf_clock_now(void);
/** @return milliseconds of CLOCK_BOOTTIME: like tscf_clock_now, plus the time asleep. */
uint64_t tscf_clock_boot(void);
/** @return milliseconds of CLOCK_REALTIME, which may be set. */
uint64_t tscf_clock_wall(void);

#endif
