/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/clock.h"

#include <time.h>

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t tscf_clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t tscf_clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t tscf_clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}
