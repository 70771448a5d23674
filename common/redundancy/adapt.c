/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/adapt.h"

/** Packets over which the loss is measured: sums are halved when they have twice as many. */
#define MEASURED 200
/** After that long without loss, the next one is nothing usual. */
#define FORGET_MS 60000
/** What is rare, percent. */
#define RARE_LOSS 4
/** Half repair packets for each source packet: at loss, at much loss, at very much or in bursts. */
#define HALVES_SOME 2
#define HALVES_MORE 3
#define HALVES_MOST 5
/** What is much and very much, percent. */
#define MUCH_LOSS 16
#define MOST_LOSS 30
/** Losses that must be known before their runs say anything; longer ones than that are bursts, percent of what is
 * usual. */
#define BURST_LOSSES 6
#define BURST_RUN    120

/** @return whether the lost packets follow each other more than those that are each lost by themselves, whose runs have
 * a mean length of 1 / (1 - loss). */
static bool in_bursts(const struct tscf_adapt *a)
{
	return a->lost >= BURST_LOSSES &&
	       100ULL * a->lost * (a->expected - a->lost) > (uint64_t)BURST_RUN * a->runs * a->expected;
}

static unsigned halves(const struct tscf_adapt *a, uint64_t now)
{
	bool measured = a->expected >= MEASURED / 4;

	if ((measured && a->lost * 100 > a->expected * MOST_LOSS) || now < a->bursts_until)
		return HALVES_MOST;
	return measured && a->lost * 100 > a->expected * MUCH_LOSS ? HALVES_MORE : HALVES_SOME;
}

unsigned tscf_adapt_source(struct tscf_adapt *a, uint8_t redundancy, const uint8_t *payload, uint32_t length,
			   uint64_t now)
{
	unsigned due;

	tscf_rtp_shape_next(&a->sent, payload, length);
	if (redundancy != TSCF_REDUNDANCY_AUTO)
		return redundancy < TSCF_REPAIR_INDEXES ? redundancy : TSCF_REPAIR_INDEXES;
	if (!tscf_adapt_is_active(a, now))
		return 0;
	due = a->half + halves(a, now);
	a->half = due % 2;
	return due / 2;
}

static void lost(struct tscf_adapt *a, uint64_t now)
{
	bool rare = a->lost > 0 && a->lost * 100 < a->expected * RARE_LOSS;

	a->lost_at = now;
	a->until = now + (rare ? TSCF_ADAPT_HOLD_RARE_MS : TSCF_ADAPT_HOLD_MS);
}

/** @return how many of the packets that the report names as missing have been sent. */
static unsigned rtp_lost(const struct tscf_adapt *a, const struct tscf_report *report)
{
	uint16_t ahead = (uint16_t)(a->sent.sequence - report->sequence);

	/* `seen` reaches 64 packets back, a report names 32. */
	if (!tscf_rtp_shape_is_sure(&a->sent) || ahead > 31)
		return 0;
	return (unsigned)__builtin_popcount((uint32_t)(a->sent.seen >> ahead) & ~report->came);
}

void tscf_adapt_report(struct tscf_adapt *a, const struct tscf_report *report, uint64_t now)
{
	uint16_t expected = (uint16_t)(report->expected - a->seen_expected);
	uint16_t losses = (uint16_t)(report->lost - a->seen_lost);
	uint16_t runs = (uint16_t)(report->runs - a->seen_runs);
	unsigned gaps = report->rtp ? rtp_lost(a, report) : 0;

	if (now - a->lost_at > FORGET_MS)
		a->expected = a->lost = a->runs = 0;
	a->seen_expected = report->expected;
	a->seen_lost = report->lost;
	a->seen_runs = report->runs;
	/* Else one of the two ends has begun anew. */
	if (losses > 0 && losses <= expected && runs <= losses) {
		a->expected += expected;
		a->lost += losses;
		a->runs += runs;
		for (; a->expected > 2 * MEASURED; a->expected /= 2, a->lost /= 2, a->runs /= 2)
			;
		/* Repair packets are between the packets of a burst, so with more of them there are shorter runs. */
		if (in_bursts(a))
			a->bursts_until = now + TSCF_ADAPT_BURSTS_MS;
		lost(a, now);
	} else if (gaps > 0) {
		lost(a, now);
	}
}
