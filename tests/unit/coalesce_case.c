/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/coalesce_case.h"
#include "common/packet/batch.h"
#include "common/packet/segment.h"
#include "tests/unit/runner.h"

#include <stdio.h>
#include <string.h>

const struct offload_shape kinds[KINDS] = {
    {.payload = 1000},
    {.payload = 1000, .ipv6 = true},
    {.payload = 1000, .udp = true},
    {.payload = 1000, .udp = true, .ipv6 = true},
    {.payload = 1000, .tcp_options = 12},
};

struct tscf_coalescer *coalescer;
struct offload_packet packets[MOST];
const struct tscf_super *writes;
unsigned write_count;

void setup(void)
{
	coalescer = tscf_coalescer_new(ALL, TSCF_COALESCE_SEGMENTS);
	ck_assert_ptr_nonnull(coalescer);
}

void teardown(void)
{
	tscf_coalescer_free(coalescer);
}

void make(int kind, unsigned count)
{
	struct offload_shape shape = kinds[kind];

	for (unsigned i = 0; i < count; i++) {
		offload_plain(&packets[i], &shape);
		shape.seq += shape.payload;
		shape.id++;
		shape.fill++;
	}
}

void repair(unsigned i)
{
	struct offload_packet *p = &packets[i];
	uint8_t *ip = p->data, *transport = ip + p->ip_header;
	const bool ipv4 = ip[0] >> 4 == 4, udp = ip[ipv4 ? 9 : 6] == 17;
	const uint32_t upper = p->length - p->ip_header;
	uint8_t *check = transport + (udp ? 6 : 16);

	if (ipv4) {
		set16(ip + 10, 0);
		set16(ip + 10, slow_checksum(ip, p->ip_header, 0));
	}
	set16(check, 0);
	/* The complement of the addresses' checksum is their sum. */
	set16(check, slow_checksum(transport, upper,
				   (udp ? 17U : 6U) + upper +
				       (uint16_t)~slow_checksum(ip + (ipv4 ? 12 : 8), ipv4 ? 8 : 32, 0)));
}

unsigned run(unsigned count)
{
	unsigned there = 0;

	tscf_coalesce_begin(coalescer);
	for (unsigned i = 0; i < count; i++)
		ck_assert(tscf_coalesce_add(coalescer, packets[i].data, packets[i].length));
	write_count = tscf_coalesce_finish(coalescer, &writes);
	for (unsigned i = 0; i < write_count; i++)
		there += writes[i].packets;
	ck_assert_uint_eq(there, count);
	return write_count;
}

const char *shape_of(unsigned count)
{
	static char text[4 * MOST + 1];
	size_t at = 0;

	run(count);
	text[0] = '\0';
	for (unsigned i = 0; i < write_count; i++)
		at += (size_t)sprintf(text + at, "%s%u", i ? " " : "", writes[i].packets);
	return text;
}

uint32_t gather(const struct tscf_super *w, struct virtio_net_hdr *vnet, uint8_t *to)
{
	uint32_t at = 0;

	if (w->iov[0].iov_len < sizeof(*vnet) || w->iov_count > TSCF_COALESCE_SEGMENTS + 1)
		return 0;
	memcpy(vnet, w->iov[0].iov_base, sizeof(*vnet));
	for (unsigned i = 0; i < w->iov_count; i++) {
		const uint32_t skip = i == 0 ? sizeof(*vnet) : 0;
		const uint32_t size = (uint32_t)w->iov[i].iov_len - skip;

		if (size > TSCF_PACKET_MAX - at)
			return 0;
		memcpy(to + at, (uint8_t *)w->iov[i].iov_base + skip, size);
		at += size;
	}
	return at;
}

void check_single(unsigned write, unsigned packet)
{
	static uint8_t whole[TSCF_PACKET_MAX];
	static const struct virtio_net_hdr none;
	struct virtio_net_hdr vnet;

	ck_assert_uint_eq(writes[write].packets, 1);
	ck_assert_uint_eq(writes[write].bytes, packets[packet].length);
	ck_assert_uint_eq(gather(&writes[write], &vnet, whole), packets[packet].length);
	ck_assert_mem_eq(whole, packets[packet].data, packets[packet].length);
	ck_assert_mem_eq(&vnet, &none, sizeof(vnet));
}

unsigned check_merged(unsigned write, unsigned packet)
{
	static uint8_t whole[TSCF_PACKET_MAX], out[2 * TSCF_PACKET_MAX];
	struct tscf_segmenter s;
	struct virtio_net_hdr vnet;
	struct tscf_gso_batch pieces;
	const uint32_t length = gather(&writes[write], &vnet, whole);
	const uint8_t *piece = out;

	if (writes[write].packets == 1) {
		check_single(write, packet);
		return packet + 1;
	}
	ck_assert_uint_eq(vnet.hdr_len, packets[packet].header);
	ck_assert_int_eq(tscf_segment_begin(&s, &vnet, whole, length, TSCF_PACKET_MAX), 0);
	ck_assert(tscf_segment_next(&s, out, sizeof(out), 1000, &pieces));
	ck_assert_uint_eq(pieces.count, writes[write].packets);
	for (unsigned i = 0; i < pieces.count; i++, packet++) {
		const uint32_t size = i + 1 < pieces.count ? pieces.size : pieces.last;

		ck_assert_uint_eq(size, packets[packet].length);
		ck_assert_mem_eq(piece, packets[packet].data, size);
		piece += size;
	}
	return packet;
}
