/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/pool_choice.h"

#include <errno.h>
#include <stdbool.h>

/** First and second byte of the networks that are tried, in this order.  10.0 and 192.168.0 are in use at many homes.
 */
static const struct {
	uint8_t first, from, to;
} candidates[] = {{10, 8, 255}, {172, 16, 31}, {10, 0, 7}};

static bool is_free(const struct server_prefixes *taken, const struct tscf_prefix *p)
{
	for (unsigned i = 0; i < taken->count; i++)
		if (tscf_prefix_overlap(&taken->list[i], p))
			return false;
	return true;
}

static struct tscf_prefix range(uint8_t first, unsigned second, uint8_t third)
{
	const uint8_t bytes[4] = {first, (uint8_t)second, third, 0};

	return (struct tscf_prefix){.addr = tscf_addr_v4(bytes), .length = POOL_LENGTH};
}

int pool_choose(const struct server_prefixes *taken, struct tscf_prefix *plain, struct tscf_prefix *encrypted)
{
	for (unsigned n = 0; n < sizeof(candidates) / sizeof(candidates[0]); n++) {
		for (unsigned second = candidates[n].from; second <= candidates[n].to; second++) {
			*plain = range(candidates[n].first, second, 0);
			*encrypted = range(candidates[n].first, second, 1 << (24 - POOL_LENGTH));
			if (is_free(taken, plain) && is_free(taken, encrypted))
				return 0;
		}
	}
	return -ENOSPC;
}
