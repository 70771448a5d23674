/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: what comes by a tunnel with redundancy, source packets and packets of redundancy in any order.
 *
 * The input is a list of packets: length (2 bytes), ms since the one before (1), bytes.
 */
#include "common/base/bytes.h"
#include "common/redundancy/redundancy.h"

#include <stdlib.h>
#include <string.h>

#define FLOWS_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t sent[TSCF_SOURCE_MAX];

static void must(bool holds)
{
	if (!holds)
		abort();
}

static uint8_t *room(struct tscf_redundancy_way *way)
{
	(void)way;
	return sent;
}

static void send_room(struct tscf_redundancy_way *way, uint32_t length)
{
	must(length > 0 && length <= way->packet_max);
}

/* What is repaired is a whole packet, and has a length that was there. */
static void deliver(struct tscf_redundancy_way *way, const uint8_t *data, uint32_t length)
{
	struct tscf_packet_info info;

	(void)way;
	must(tscf_packet_parse(data, length, &info) == TSCF_PACKET_OK && info.total == length);
}

static void one(struct tscf_redundancy *flows, struct tscf_redundancy_way *way, const uint8_t *data, uint32_t length,
		uint64_t now)
{
	struct tscf_packet_info info;

	if (tscf_packet_parse(data, length, &info) != TSCF_PACKET_OK) {
		tscf_redundancy_handle(flows, way, data, length, now);
		return;
	}
	tscf_redundancy_came(flows, way, &info, data, now);
	tscf_redundancy_sent(flows, way, &info, data, TSCF_REDUNDANCY_AUTO, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tscf_redundancy flows = {0};
	struct tscf_redundancy_shared shared = {.flows_max = FLOWS_MAX, .bound = TSCF_REDUNDANCY_BOUND_MS};
	struct tscf_redundancy_way way = {
	    .shared = &shared, .packet_max = sizeof(sent), .room = room, .send = send_room, .deliver = deliver};
	uint64_t now = 1000;

	while (size > 3) {
		uint32_t length = tscf_get_u16(data);
		uint8_t *exact;

		now += data[2];
		data += 3;
		size -= 3;
		length = length < size ? length : (uint32_t)size;
		/* In a block of its own size, so that reading past it is seen. */
		exact = malloc(length ? length : 1);
		must(exact != NULL);
		memcpy(exact, data, length);
		one(&flows, &way, exact, length, now);
		free(exact);
		data += length;
		size -= length;
	}
	must(shared.flows <= FLOWS_MAX);
	tscf_redundancy_clear(&flows, &shared);
	must(shared.flows == 0);
	return 0;
}
