/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/ecn.h"

#include "common/packet/checksum.h"

#include <string.h>

int tscf_ecn_combine(unsigned inner, unsigned outer)
{
	if (inner == TSCF_ECN_NOT_ECT)
		return outer == TSCF_ECN_CE ? -1 : (int)TSCF_ECN_NOT_ECT;
	if (inner == TSCF_ECN_CE || outer == TSCF_ECN_CE)
		return TSCF_ECN_CE;
	return outer == TSCF_ECN_ECT_1 ? (int)TSCF_ECN_ECT_1 : (int)inner;
}

/** Change the TOS byte; HC' = ~(~HC + ~m + m'), where m is the 16-bit word that holds it. */
static void set_ipv4(uint8_t *packet, uint8_t tos)
{
	uint16_t before, after, checksum;

	memcpy(&before, packet, sizeof(before));
	packet[1] = tos;
	memcpy(&after, packet, sizeof(after));
	memcpy(&checksum, packet + 10, sizeof(checksum));
	checksum = (uint16_t)~tscf_checksum_fold((uint64_t)(uint16_t)~checksum + (uint16_t)~before + after);
	memcpy(packet + 10, &checksum, sizeof(checksum));
}

void tscf_ecn_set(uint8_t *packet, unsigned ecn)
{
	if (packet[0] >> 4 == 6)
		packet[1] = (uint8_t)((packet[1] & ~(TSCF_ECN_MASK << 4)) | ecn << 4);
	else
		set_ipv4(packet, (uint8_t)((packet[1] & ~TSCF_ECN_MASK) | ecn));
}
