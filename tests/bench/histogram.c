/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/histogram.h"

/* Below HISTOGRAM_SUB a bucket for each value, above it HISTOGRAM_SUB buckets for each power of two. */
static unsigned index_of(uint64_t value)
{
	unsigned shift = 0;

	while (value >> shift >= 2 * HISTOGRAM_SUB)
		shift++;
	shift = shift * HISTOGRAM_SUB + (unsigned)(value >> shift);
	return shift < HISTOGRAM_BUCKETS ? shift : HISTOGRAM_BUCKETS - 1;
}

static uint64_t top_of(unsigned index)
{
	unsigned shift = index < 2 * HISTOGRAM_SUB ? 0 : index / HISTOGRAM_SUB - 1;

	return ((uint64_t)(index - shift * HISTOGRAM_SUB) + 1) << shift;
}

void histogram_add(struct histogram *h, uint64_t nanoseconds)
{
	h->count++;
	h->bucket[index_of(nanoseconds)]++;
	if (nanoseconds > h->most)
		h->most = nanoseconds;
}

double histogram_ms(const struct histogram *h, double share)
{
	uint64_t below = 0, want = (uint64_t)((double)h->count * share);

	if (h->count == 0)
		return 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += h->bucket[i];
		if (below > want)
			return (double)(top_of(i) < h->most ? top_of(i) : h->most) / 1e6;
	}
	return (double)h->most / 1e6;
}
