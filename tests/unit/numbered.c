/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/numbered.h"
#include "tests/unit/runner.h"

#include <string.h>

void numbered_fill(struct tscf_packet *packet, uint32_t number, uint32_t length)
{
	packet->length = length;
	memcpy(packet->data, &number, 4);
	memset(packet->data + 4, (int)(number & 0xff), length - 4);
}

void numbered_check(const struct tscf_packet *packet, uint32_t number, uint32_t length)
{
	uint32_t got, wrong = 0;

	ck_assert_uint_eq(packet->length, length);
	memcpy(&got, packet->data, 4);
	ck_assert_uint_eq(got, number);
	for (uint32_t i = 4; i < length; i++)
		wrong += packet->data[i] != (number & 0xff);
	ck_assert_uint_eq(wrong, 0);
}
