/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_refusals.h"

#include "common/base/log.h"

#include <inttypes.h>

/** Anybody can send packets to this host: those that came in are not among these. */
static uint64_t sent_by_programs(const struct guard_counts *counts)
{
	return counts->of[guard_out_only] + counts->of[guard_out_preferred] + counts->of[guard_out_policy] +
	       counts->of[guard_out_native];
}

static void say(struct guard_refusals *r, uint64_t count, uint32_t mask, uint64_t now)
{
	tscf_warning("guard: refused %" PRIu64 " packets of encrypted sockets in %" PRIu64 " s, since they would have "
		     "left in clear; if a firewall rule changes marks (nft list ruleset; iptables -t mangle -S), it "
		     "must keep bits 0x%" PRIx32 " of them",
		     count - r->said, (now - r->since + 999) / 1000, mask);
	*r = (struct guard_refusals){.begun = true, .said = count, .since = now, .next = now + GUARD_REFUSALS_PAUSE_MS};
}

void guard_refusals_look(struct guard_refusals *r, const struct guard_counts *counts, uint32_t mask, uint64_t now)
{
	const uint64_t count = sent_by_programs(counts);

	/* A guard that was made anew counts from 0. */
	if (!r->begun || count < r->said)
		*r = (struct guard_refusals){.begun = true, .said = count, .since = now, .next = r->next};
	if (count == r->said)
		return;
	if (r->due == 0)
		r->due = now + GUARD_REFUSALS_FIRST_MS > r->next ? now + GUARD_REFUSALS_FIRST_MS : r->next;
	if (now >= r->due)
		say(r, count, mask, now);
}
