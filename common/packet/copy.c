/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/copy.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <netinet/in.h>

/* The first byte of the header shares a word with the number. */
#define NUMBER_BITS 56
#define NUMBER_MASK ((1ULL << NUMBER_BITS) - 1)

bool tscf_copy_is_possible(const struct tscf_packet_info *info)
{
	return info->protocol == IPPROTO_UDP && !info->fragment && info->total <= TSCF_COPY_INNER_MAX;
}

void tscf_copy_write(uint64_t number, uint8_t header[TSCF_COPY_HEADER])
{
	tscf_put_u64(header, (uint64_t)TSCF_COPY_FIRST_BYTE << NUMBER_BITS | (number & NUMBER_MASK));
}

int tscf_copy_read(const uint8_t *data, uint32_t length, uint64_t *number)
{
	if (length <= TSCF_COPY_HEADER || length > TSCF_COPY_HEADER + TSCF_COPY_INNER_MAX ||
	    data[0] != TSCF_COPY_FIRST_BYTE)
		return -EINVAL;
	*number = tscf_get_u64(data) & NUMBER_MASK;
	return 0;
}

bool tscf_copy_is_first(struct tscf_replay *came, uint64_t number)
{
	if (!tscf_replay_is_new(came, number))
		return false;
	tscf_replay_mark(came, number);
	return true;
}
