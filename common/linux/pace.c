/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/pace.h"

void tscf_pace_init(struct tscf_pace *p)
{
	*p = (struct tscf_pace){.due = UINT64_MAX, .gap = 0};
}

void tscf_pace_notice(struct tscf_pace *p, uint64_t now, uint64_t within)
{
	/* While failed changes are retried, another program may make the next change: do not wait longer than this for
	 * it. */
	uint64_t gap = p->gap < TSCF_PACE_GAP_MAX_MS ? p->gap : TSCF_PACE_GAP_MAX_MS;
	uint64_t at = gap == 0 ? now + within : p->last + gap;
	if (at < now)
		at = now;
	if (at < p->due)
		p->due = at;
}

bool tscf_pace_due(const struct tscf_pace *p, uint64_t now)
{
	return now >= p->due;
}

bool tscf_pace_contested(const struct tscf_pace *p)
{
	return p->times >= TSCF_PACE_CONTESTED;
}

static uint64_t next_gap(const struct tscf_pace *p, uint64_t now, bool failed)
{
	uint64_t most = failed ? TSCF_PACE_FAILED_MAX_MS : TSCF_PACE_GAP_MAX_MS;
	uint64_t gap = p->gap == 0 || now - p->last > 4 * TSCF_PACE_FAILED_MAX_MS ? TSCF_PACE_GAP_MS : 2 * p->gap;
	return gap < most ? gap : most;
}

/* Without a reason no look is needed after a gap, except one that shows that all is quiet. */
enum tscf_pace_change tscf_pace_looked(struct tscf_pace *p, uint64_t now, bool restored, bool failed)
{
	enum tscf_pace_change change = TSCF_PACE_SAME;
	p->gap = next_gap(p, now, failed);
	p->last = now;
	p->due = failed ? now + p->gap : UINT64_MAX;
	if (restored) {
		p->restored = now;
		p->times++;
		change = p->times == 1                     ? TSCF_PACE_RESTORED
			 : p->times == TSCF_PACE_CONTESTED ? TSCF_PACE_CONTESTED_NOW
							   : TSCF_PACE_SAME;
	} else if (p->times > 0 && now - p->restored >= TSCF_PACE_QUIET_MS) {
		p->times = 0;
		change = TSCF_PACE_LEFT_ALONE;
	}
	if (p->times > 0 && p->due == UINT64_MAX)
		p->due = p->restored + TSCF_PACE_QUIET_MS > now ? p->restored + TSCF_PACE_QUIET_MS
								: now + TSCF_PACE_QUIET_MS;
	return change;
}
