/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/pace.h"

void pace_init(struct pace *p)
{
	*p = (struct pace){.due = UINT64_MAX, .gap = 0};
}

void pace_notice(struct pace *p, uint64_t now, uint64_t within)
{
	/* While failed changes are retried, another program may make the next change: do not wait longer than this for
	 * it. */
	uint64_t gap = p->gap < PACE_GAP_MAX_MS ? p->gap : PACE_GAP_MAX_MS;
	uint64_t at = gap == 0 ? now + within : p->last + gap;
	if (at < now)
		at = now;
	if (at < p->due)
		p->due = at;
}

bool pace_due(const struct pace *p, uint64_t now)
{
	return now >= p->due;
}

bool pace_contested(const struct pace *p)
{
	return p->times >= PACE_CONTESTED;
}

static uint64_t next_gap(const struct pace *p, uint64_t now, bool failed)
{
	uint64_t most = failed ? PACE_FAILED_MAX_MS : PACE_GAP_MAX_MS;
	uint64_t gap = p->gap == 0 || now - p->last > 4 * PACE_FAILED_MAX_MS ? PACE_GAP_MS : 2 * p->gap;
	return gap < most ? gap : most;
}

/* Without a reason no look is needed after a gap, except one that shows that all is quiet. */
enum pace_change pace_looked(struct pace *p, uint64_t now, bool restored, bool failed)
{
	enum pace_change change = PACE_SAME;
	p->gap = next_gap(p, now, failed);
	p->last = now;
	p->due = failed ? now + p->gap : UINT64_MAX;
	if (restored) {
		p->restored = now;
		p->times++;
		change = p->times == 1 ? PACE_RESTORED : p->times == PACE_CONTESTED ? PACE_CONTESTED_NOW : PACE_SAME;
	} else if (p->times > 0 && now - p->restored >= PACE_QUIET_MS) {
		p->times = 0;
		change = PACE_LEFT_ALONE;
	}
	if (p->times > 0 && p->due == UINT64_MAX)
		p->due = p->restored + PACE_QUIET_MS > now ? p->restored + PACE_QUIET_MS : now + PACE_QUIET_MS;
	return change;
}
