/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/outage.h"

#include "common/base/siphash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void outage_begin(struct outage *o, uint64_t now)
{
	if (!o->present)
		*o = (struct outage){.present = true, .since = now};
}

bool outage_failed(struct outage *o, const char *fault)
{
	/* A fixed key is enough: a forged hash collision only keeps one line out of the log. */
	static const struct tscf_siphash_key nobodys = {{0, 0}};
	uint64_t hash = tscf_siphash(&nobodys, fault, strlen(fault));

	if (o->failures < UINT32_MAX)
		o->failures++;
	for (unsigned i = 0; i < o->known; i++)
		if (o->faults[i] == hash)
			return false;
	if (o->known == OUTAGE_FAULTS_MAX)
		return false;
	o->faults[o->known++] = hash;
	return true;
}

static void write_duration(uint64_t seconds, char *text, size_t size)
{
	uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days > 0)
		snprintf(text, size, "%" PRIu64 " d %" PRIu64 " h", days, hours % 24);
	else if (hours > 0)
		snprintf(text, size, "%" PRIu64 " h %" PRIu64 " min", hours, minutes % 60);
	else if (minutes > 0)
		snprintf(text, size, "%" PRIu64 " min %" PRIu64 " s", minutes, seconds % 60);
	else
		snprintf(text, size, "%" PRIu64 " s", seconds);
}

bool outage_end(struct outage *o, uint64_t now, char *text)
{
	char duration[40];
	bool any = o->present && o->failures > 0;

	if (any) {
		write_duration((now - o->since) / 1000, duration, sizeof(duration));
		snprintf(text, OUTAGE_TEXT, "after %" PRIu32 " attempt%s in vain in %s", o->failures,
			 o->failures == 1 ? "" : "s", duration);
	}
	o->present = false;
	return any;
}
