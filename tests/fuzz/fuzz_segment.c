/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: what a TUN device with offloads might hand out is split, and the pieces are coalesced; then the bytes
 * are cut into packets as they are, and coalesced.  Sizes must stay within their bounds and no byte may be lost.
 *
 * Input: two bytes for the limit, a virtio header, a packet.
 */
#include "common/packet/batch.h"
#include "common/packet/coalesce.h"
#include "common/packet/segment.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 4096
#define MOST 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Everything that was put in comes out: @p packets of @p bytes in all. */
static void finish(struct tscf_coalescer *c, uint32_t packets, uint32_t bytes)
{
	const struct tscf_super *writes;
	const unsigned count = tscf_coalesce_finish(c, &writes);

	for (unsigned i = 0; i < count; i++) {
		size_t length = 0;

		must(writes[i].iov_count <= TSCF_COALESCE_SEGMENTS + 1 && writes[i].packets > 0);
		for (unsigned k = 0; k < writes[i].iov_count; k++) {
			/* Read every byte, so that a wrong address is seen. */
			uint8_t *copy = malloc(writes[i].iov[k].iov_len);

			memcpy(copy, writes[i].iov[k].iov_base, writes[i].iov[k].iov_len);
			free(copy);
			length += writes[i].iov[k].iov_len;
		}
		length -= sizeof(struct virtio_net_hdr);
		must(writes[i].packets == 1 ? length == writes[i].bytes
					    : length < writes[i].bytes && length <= TSCF_PACKET_MAX);
		must(packets >= writes[i].packets && bytes >= writes[i].bytes);
		packets -= writes[i].packets;
		bytes -= writes[i].bytes;
	}
	must(packets == 0 && bytes == 0);
	tscf_coalesce_begin(c);
}

static void coalesce_run(struct tscf_coalescer *c, const struct tscf_gso_batch *run)
{
	uint32_t at = 0;

	tscf_coalesce_begin(c);
	for (uint32_t i = 0; i < run->count; i++) {
		const uint32_t length = i + 1 < run->count ? run->size : run->last;

		must(tscf_coalesce_add(c, run->data + at, length));
		at += length;
	}
	finish(c, run->count, at);
}

static void split(struct tscf_coalescer *c, const struct virtio_net_hdr *vnet, const uint8_t *data, uint32_t length,
		  uint32_t limit)
{
	/* In blocks that end where they may be used, so that reading and writing past them is seen. */
	uint8_t *packet = malloc(length), *out = malloc(ROOM);
	struct tscf_segmenter s;
	struct tscf_gso_batch run;

	memcpy(packet, data, length);
	if (tscf_segment_begin(&s, vnet, packet, length, limit) == 0) {
		while (tscf_segment_next(&s, out, ROOM, MOST, &run)) {
			must(run.count > 0 && run.count <= MOST && run.last <= run.size);
			must(run.data == packet || (run.count - 1) * run.size + run.last <= ROOM);
			coalesce_run(c, &run);
		}
	}
	free(packet);
	free(out);
}

/* Packets as long as their own first bytes say, so that the fuzzer finds how to make several. */
static void coalesce_raw(struct tscf_coalescer *c, const uint8_t *data, uint32_t length)
{
	uint8_t *copy = malloc(length);
	uint32_t at = 0, packets = 0;

	memcpy(copy, data, length);
	tscf_coalesce_begin(c);
	while (length - at >= 6 && packets < TSCF_COALESCE_PACKETS) {
		const uint8_t *p = copy + at;
		uint32_t some = p[0] >> 4 == 6 ? 40U + (uint32_t)(p[4] << 8 | p[5]) : (uint32_t)(p[2] << 8 | p[3]);

		some = some == 0 || some > length - at ? length - at : some;
		must(tscf_coalesce_add(c, copy + at, some));
		at += some;
		packets++;
	}
	finish(c, packets, at);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tscf_coalescer *c;
	struct virtio_net_hdr vnet;
	const uint32_t head = 2 + sizeof(vnet);

	if (size <= head || size - head > TSCF_PACKET_MAX)
		return 0;
	if (!c)
		c = tscf_coalescer_new(TSCF_COALESCE_TCP4 | TSCF_COALESCE_TCP6 | TSCF_COALESCE_UDP,
				       TSCF_COALESCE_SEGMENTS);
	must(c);
	memcpy(&vnet, data + 2, sizeof(vnet));
	split(c, &vnet, data + head, (uint32_t)size - head, (uint32_t)(data[0] << 8 | data[1]));
	coalesce_raw(c, data + head, (uint32_t)size - head);
	return 0;
}
