/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/aqm.h"

/** @return floor of the square root of @p n: the control law needs no more precision, and no floating point. */
static uint32_t root(uint32_t n)
{
	uint32_t r = 0;

	for (uint32_t bit = 1U << 15; bit; bit >>= 1)
		if ((uint64_t)(r + bit) * (r + bit) <= n)
			r += bit;
	return r;
}

/** @return when the next drop is due after the drop at @p at: the more drops there were, the sooner. */
static uint64_t next_after(uint64_t at, uint32_t count)
{
	/* The square root of 256 * count is 16 times that of count: this adds four binary places. */
	uint32_t scaled = root(count < UINT32_MAX / 256 ? count * 256 : UINT32_MAX);

	return at + TSCF_AQM_INTERVAL_NS * 16ULL / scaled;
}

bool tscf_aqm_drop(struct tscf_aqm *aqm, uint64_t waited, uint64_t now)
{
	if (waited < TSCF_AQM_TARGET_NS) {
		aqm->above_since = 0;
		aqm->dropping = false;
		return false;
	}
	if (aqm->above_since == 0) {
		aqm->above_since = now;
		return false;
	}
	if (aqm->dropping) {
		if (now < aqm->next_drop)
			return false;
		aqm->count++;
		aqm->next_drop = next_after(aqm->next_drop, aqm->count);
		return true;
	}
	if (now - aqm->above_since < TSCF_AQM_INTERVAL_NS)
		return false;
	/* If dropping ended a short time ago, continue with the same rate: the sender is the same. */
	aqm->count = aqm->count > 2 && now - aqm->next_drop < 16 * TSCF_AQM_INTERVAL_NS ? aqm->count - 2 : 1;
	aqm->dropping = true;
	aqm->next_drop = next_after(now, aqm->count);
	return true;
}
