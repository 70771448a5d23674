/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/loss.h"

/** More packets between two repair packets or counts than that: the sender has begun anew, or was away. */
#define STEP_MAX 4096
/** Packets of RTP that a report can name. */
#define NAMED 32

void tscf_loss_source(struct tscf_loss *l, const uint8_t *payload, uint32_t length)
{
	l->came++;
	tscf_rtp_shape_next(&l->rtp, payload, length);
}

static void judge(struct tscf_loss *l, bool came)
{
	l->expected++;
	l->lost += !came;
	l->runs += !came && !l->in_run;
	l->in_run = !came;
}

/** Judge @p sent packets of which only the number that came is known. */
static void judge_count(struct tscf_loss *l, uint32_t sent)
{
	uint32_t lost = sent > l->came ? sent - l->came : 0;

	for (uint32_t i = 0; i < sent; i++)
		judge(l, i >= lost);
}

void tscf_loss_repair(struct tscf_loss *l, const struct tscf_repair *repair, unsigned here, uint64_t now)
{
	int ahead = l->counting ? (int16_t)(repair->number - l->number) : 0;

	if (repair->count > 0)
		l->repaired_at = now;
	/* Overtaken by the next one, or another one after the same packet. */
	if (l->counting && ahead <= 0 && ahead > -STEP_MAX)
		return;
	if (l->counting && ahead > 0 && ahead < STEP_MAX) {
		if (repair->count == 0) {
			judge_count(l, (uint32_t)ahead);
		} else {
			/* Repair packets were lost, or have just begun: nothing is known of the packets between. */
			unsigned covered = ahead < repair->count ? (unsigned)ahead : repair->count;

			for (unsigned i = repair->count - covered; i < repair->count; i++)
				judge(l, here >> i & 1);
		}
	}
	l->counting = true;
	l->number = repair->number;
	l->came = 0;
}

/** @return the missing packets that are old enough not to be only overtaken, as rtp.seen. */
static uint64_t missing(const struct tscf_rtp_shape *rtp)
{
	return ~rtp->seen & ((1ULL << NAMED) - 1) & ~1ULL;
}

static bool gap_due(struct tscf_loss *l, uint64_t now)
{
	uint64_t gaps = missing(&l->rtp), before;
	uint16_t step = (uint16_t)(l->rtp.sequence - l->gap_sequence);

	if (!tscf_rtp_shape_is_sure(&l->rtp) || gaps == 0 ||
	    (l->repaired_at && now - l->repaired_at < TSCF_REPAIRS_RECENT_MS))
		return false;
	before = step < NAMED ? l->gaps << step : 0;
	if (gaps & ~before)
		l->gap_reports = TSCF_GAP_REPORTS;
	l->gaps = gaps;
	l->gap_sequence = l->rtp.sequence;
	return l->gap_reports > 0 && (!l->reported_at || now - l->reported_at >= TSCF_GAP_REPORT_MS);
}

bool tscf_loss_report(struct tscf_loss *l, uint64_t now, struct tscf_report *out)
{
	bool gap = gap_due(l, now);
	bool losses = l->lost != l->reported_lost && (!l->reported_at || now - l->reported_at >= TSCF_REPORT_MS);

	if (!gap && !losses)
		return false;
	*out = (struct tscf_report){.expected = l->expected, .lost = l->lost, .runs = l->runs};
	if (gap) {
		l->gap_reports--;
		out->rtp = true;
		out->sequence = l->rtp.sequence;
		out->came = (uint32_t)l->rtp.seen;
	}
	l->reported_at = now;
	l->reported_lost = l->lost;
	return true;
}
