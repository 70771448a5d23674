/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * histogram.h - percentiles of many durations in little memory.
 *
 * Buckets grow with the value: what is read back is at most 1.6 % too large.  Nanoseconds go in, milliseconds come out.
 */
#ifndef TSCF_BENCH_HISTOGRAM_H
#define TSCF_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB     64 /* buckets for each power of two */
#define HISTOGRAM_BUCKETS (HISTOGRAM_SUB * 36)

/** Zero-initialised. */
struct histogram {
	uint64_t count;
	uint64_t most; /**< the largest, exactly */
	uint32_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t nanoseconds);
/** @return the value that @p share (0 to 1) of all are not above, in milliseconds; 0 if there are none. */
double histogram_ms(const struct histogram *h, double share);

#endif
