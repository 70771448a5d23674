/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/quality.h"

/** Longer round trips count as this. */
#define LONGEST_MS 60000

_Static_assert(QUALITY_WINDOW < 64, "the window fits the bits");

static void count(struct quality *q, uint64_t lost)
{
	q->lost = (q->lost << 1 | lost) & ((1ULL << QUALITY_WINDOW) - 1);
	if (q->count < QUALITY_WINDOW)
		q->count++;
}

void quality_answered(struct quality *q, uint64_t ms)
{
	uint32_t fresh = ms < LONGEST_MS ? (uint32_t)ms : LONGEST_MS;

	q->smoothed = q->smoothed == 0 ? 8 * fresh : q->smoothed - q->smoothed / 8 + fresh;
	count(q, 0);
}

void quality_lost(struct quality *q)
{
	count(q, 1);
}

int quality_loss(const struct quality *q)
{
	return q->count < QUALITY_LEAST ? -1 : __builtin_popcountll(q->lost) * 1000 / (int)q->count;
}

int quality_round_trip(const struct quality *q)
{
	return q->count < QUALITY_LEAST || q->smoothed == 0 ? -1 : (int)(q->smoothed / 8);
}
