/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Super-packets into ordinary ones: each is judged by slow code, and together they hold the same bytes. */
#include "common/packet/batch.h"
#include "common/packet/segment.h"
#include "tests/unit/offload_build.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <string.h>

#define LIMIT 1340
#define GUARD 64

/* The kinds that are split. */
static const struct offload_shape kinds[] = {
    {.tcp_options = 0},          {.ipv6 = true},      {.udp = true},
    {.udp = true, .ipv6 = true}, {.tcp_options = 12}, {.ip_options = 8},
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

static struct offload_packet super;
static struct virtio_net_hdr vnet;
static struct tscf_segmenter segmenter;
static uint8_t out[4 * 65536 + GUARD];

/** Judge the header fields of the segment with number @p n whose payload begins at @p at in the super-packet. */
static const char *judge_ip(const uint8_t *packet, uint32_t n)
{
	const uint8_t *whole = super.data;

	if (whole[0] >> 4 == 6)
		return memcmp(packet, whole, 4) != 0 || memcmp(packet + 6, whole + 6, 34) != 0 ? "IPv6 header" : NULL;
	if (get16(packet + 4) != ((get16(whole + 4) + n) & 0xffff))
		return "IPv4 identification";
	if (memcmp(packet, whole, 2) != 0 || memcmp(packet + 6, whole + 6, 4) != 0 ||
	    memcmp(packet + 12, whole + 12, super.ip_header - 12) != 0)
		return "IPv4 header";
	return NULL;
}

static const char *judge_tcp(const uint8_t *tcp, uint32_t n, uint32_t at, bool last)
{
	const uint8_t *whole = super.data + super.ip_header;
	const uint8_t wanted = whole[13] & (uint8_t) ~((n > 0 ? CWR : 0) | (last ? 0 : FIN | PSH));

	if (get32(tcp + 4) != get32(whole + 4) + (at - super.header))
		return "TCP sequence";
	if (tcp[13] != wanted)
		return "TCP flags";
	if (memcmp(tcp, whole, 4) != 0 || memcmp(tcp + 8, whole + 8, 5) != 0 || memcmp(tcp + 14, whole + 14, 2) != 0 ||
	    memcmp(tcp + 18, whole + 18, super.header - super.ip_header - 18) != 0)
		return "TCP header";
	return NULL;
}

static const char *judge_segment(const uint8_t *packet, uint32_t length, uint32_t n, uint32_t at)
{
	const bool last = at + length - super.header == super.length;
	const char *wrong = slow_judge(packet, length);

	if (!wrong && memcmp(packet + super.header, super.data + at, length - super.header) != 0)
		wrong = "payload";
	if (!wrong)
		wrong = judge_ip(packet, n);
	if (!wrong && vnet.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4)
		return memcmp(packet + super.ip_header, super.data + super.ip_header, 4) != 0 ? "UDP ports" : NULL;
	return wrong ? wrong : judge_tcp(packet + super.ip_header, n, at, last);
}

/** Judge a run whose first packet has number @p *n and payload from @p *at, and go on to the next run. */
static const char *judge_run(const struct tscf_gso_batch *run, uint32_t payload, uint32_t *n, uint32_t *at)
{
	const uint8_t *packet = run->data;
	const char *wrong;

	for (uint32_t i = 0; i < run->count; i++) {
		const uint32_t length = i + 1 < run->count ? run->size : run->last;

		if (length > super.header + payload)
			return "segment too long";
		wrong = judge_segment(packet, length, *n, *at);
		if (wrong)
			return wrong;
		packet += length;
		*at += length - super.header;
		*n += 1;
		if (length < super.header + payload && *at != super.length)
			return "short segment before the last";
	}
	return NULL;
}

/**
 * Split the super-packet in runs of at most @p room bytes and @p most packets; judge them all.  One assertion only:
 * check takes a system call for each.  @return number of segments.
 */
static uint32_t split_all(uint32_t limit, uint32_t room, uint32_t most, uint32_t payload)
{
	static const uint8_t guard[GUARD];
	const char *wrong = NULL;
	uint32_t n = 0, at = super.header;
	struct tscf_gso_batch run;

	memset(out + room, 0, GUARD);
	if (tscf_segment_begin(&segmenter, &vnet, super.data, super.length, limit) != 0)
		wrong = "refused";
	while (!wrong && tscf_segment_next(&segmenter, out, room, most, &run)) {
		wrong = judge_run(&run, payload, &n, &at);
		if (!wrong && (run.count > most || (run.count - 1) * run.size + run.last > room))
			wrong = "run too long";
	}
	if (!wrong && at != super.length)
		wrong = "payload missing";
	if (!wrong && memcmp(out + room, guard, GUARD) != 0)
		wrong = "written past the room";
	ck_assert_msg(!wrong, "%s: %u bytes of payload by %u, segment %u", wrong, super.length - super.header, payload,
		      n);
	return n;
}

static void make(struct offload_shape shape, uint32_t payload, uint16_t gso_size)
{
	shape.payload = payload;
	offload_super(&super, &shape, gso_size, &vnet);
}

START_TEST(every_size)
{
	const uint32_t header = offload_header(&kinds[_i]);
	const uint16_t gso_size = (uint16_t)(LIMIT - header);

	/* Header options only move the payload: a part of the sizes is enough for them. */
	for (uint32_t payload = 1; header + payload <= TSCF_PACKET_MAX; payload += _i < 4 ? 1 : 61) {
		make(kinds[_i], payload, gso_size);
		ck_assert_uint_eq(split_all(LIMIT, sizeof(out) - GUARD, 64, gso_size),
				  (payload + gso_size - 1) / gso_size);
	}
}
END_TEST

/** Odd pieces put every second payload at an odd place. */
START_TEST(odd_sizes)
{
	for (uint16_t gso_size = 1; gso_size < 200; gso_size++) {
		make(kinds[_i], 2999, gso_size);
		ck_assert_uint_eq(split_all(LIMIT, sizeof(out) - GUARD, 3000, gso_size),
				  (2999 + gso_size - 1U) / gso_size);
	}
}
END_TEST

START_TEST(flags)
{
	static const uint8_t all[] = {0, PSH, FIN, FIN | PSH, CWR, ECE, CWR | ECE | PSH | FIN};

	for (unsigned i = 0; i < sizeof(all); i++) {
		struct offload_shape shape = {.ipv6 = _i, .flags = all[i]};

		make(shape, 5000, 1000);
		ck_assert_uint_eq(split_all(LIMIT, sizeof(out) - GUARD, 64, 1000), 5);
		make(shape, 800, 1000);
		ck_assert_uint_eq(split_all(LIMIT, sizeof(out) - GUARD, 64, 800), 1);
	}
}
END_TEST

/** A small room, or few packets at a time, makes more runs of the same segments. */
START_TEST(runs)
{
	const uint32_t size = offload_header(&kinds[_i]) + 700;

	make(kinds[_i], 65000, 700);
	ck_assert_uint_eq(split_all(LIMIT, size, 64, 700), 93);
	ck_assert_uint_eq(split_all(LIMIT, 10 * size - 1, 64, 700), 93);
	ck_assert_uint_eq(split_all(LIMIT, 65507, 64, 700), 93);
	ck_assert_uint_eq(split_all(LIMIT, sizeof(out) - GUARD, 1, 700), 93);
}
END_TEST

START_TEST(room_too_small)
{
	struct tscf_gso_batch run;

	make(kinds[0], 5000, 1000);
	ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, super.data, super.length, LIMIT), 0);
	ck_assert(!tscf_segment_next(&segmenter, out, 1039, 64, &run));
	ck_assert(tscf_segment_next(&segmenter, out, 1040, 64, &run));
	ck_assert_uint_eq(run.count, 1);
}
END_TEST

/** TCP meant for a larger MTU is cut to the limit. */
START_TEST(limit_cuts_tcp)
{
	make(kinds[_i], 64000, 9000);
	split_all(LIMIT, sizeof(out) - GUARD, 64, LIMIT - super.header);
	split_all(super.header + 1, sizeof(out) - GUARD, 70000, 1);
	ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, super.data, super.length, super.header), -EMSGSIZE);
	ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, super.data, super.length, 0), -EMSGSIZE);
}
END_TEST

/** A datagram cut in two would be two datagrams to its receiver. */
START_TEST(limit_leaves_udp)
{
	make((struct offload_shape){.udp = true}, 8000, 2000);
	ck_assert_uint_eq(split_all(LIMIT, sizeof(out) - GUARD, 64, 2000), 4);
}
END_TEST

/** What is not split: its checksum is completed where it lies, whatever protocol it is of. */
START_TEST(completes_checksum)
{
	struct tscf_gso_batch run;

	for (uint32_t payload = 0; payload < 2000; payload += 13) {
		make(kinds[_i], payload, 0);
		vnet.gso_type = VIRTIO_NET_HDR_GSO_NONE;
		ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, super.data, super.length, 100), 0);
		ck_assert_ptr_null(slow_judge(super.data, super.length));
		ck_assert(tscf_segment_next(&segmenter, NULL, 0, 1, &run));
		ck_assert(run.data == super.data && run.count == 1);
		ck_assert(run.size == super.length && run.last == super.length);
		ck_assert(!tscf_segment_next(&segmenter, NULL, 0, 1, &run));
	}
}
END_TEST

/** UDP must not get 0, which says that there is no checksum. */
START_TEST(zero_checksum)
{
	struct offload_shape shape = {.udp = true, .payload = 2};
	uint16_t last;

	make(shape, 2, 0);
	vnet.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	set16(super.data + super.header, 0);
	last = slow_checksum(super.data + super.ip_header, super.length - super.ip_header, 0);
	set16(super.data + super.header, last);
	ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, super.data, super.length, LIMIT), 0);
	ck_assert_uint_eq(get16(super.data + super.ip_header + 6), 0xffff);
}
END_TEST

/** No virtio flag: nothing is touched, even if it is no IP packet. */
START_TEST(passes_others)
{
	static uint8_t data[3] = {1, 2, 3};
	struct tscf_gso_batch run;

	vnet = (struct virtio_net_hdr){.csum_start = 999, .csum_offset = 999, .gso_size = 1};
	ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, data, sizeof(data), 1), 0);
	ck_assert(tscf_segment_next(&segmenter, NULL, 0, 1, &run));
	ck_assert(run.data == data && run.last == 3);
	ck_assert_mem_eq(data, "\1\2\3", 3);
}
END_TEST

static void refuse(void)
{
	ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, super.data, super.length, LIMIT), -EINVAL);
}

/** A valid super-packet of kind @p kind, to be spoiled. */
static void fresh(int kind)
{
	make(kinds[kind], 4000, 1000);
}

START_TEST(refuses_virtio_header)
{
	fresh(_i), vnet.gso_size = 0, refuse();
	fresh(_i), vnet.flags = 0, refuse();
	fresh(_i), vnet.csum_start++, refuse();
	fresh(_i), vnet.csum_start = 0xffff, refuse();
	fresh(_i), vnet.csum_offset += 2, refuse();
	fresh(_i), vnet.csum_offset = 0xffff, refuse();
	for (unsigned type = 1; type < 256; type++) {
		fresh(_i);
		if (type == vnet.gso_type ||
		    (vnet.gso_type != VIRTIO_NET_HDR_GSO_UDP_L4 && type == (vnet.gso_type | VIRTIO_NET_HDR_GSO_ECN)))
			continue;
		vnet.gso_type = (uint8_t)type;
		refuse();
	}
}
END_TEST

/** Cut at every length up to one byte of payload, the headers say otherwise or are not all there. */
START_TEST(refuses_short)
{
	fresh(_i);
	for (uint32_t length = 0; length < super.length; length = length < 200 ? length + 1 : length + 97)
		ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, super.data, length, LIMIT), -EINVAL);
	make(kinds[_i], 0, 1000), refuse();
}
END_TEST

START_TEST(refuses_headers)
{
	fresh(0), super.data[super.ip_header + 12] = 0x40, refuse();
	fresh(0), super.data[7] = 1, refuse();
	fresh(0), super.data[0] = 0x44, refuse();
	fresh(0), super.data[0] = 0x55, refuse();
	fresh(0), super.data[9] = 17, refuse();
	fresh(1), super.data[6] = 0, refuse();
	fresh(1), super.data[6] = 44, refuse();
	fresh(2), super.data[9] = 6, refuse();
	/* A first fragment as it should be, of a multiple of 8 bytes. */
	make(kinds[0], 4004, 1000), super.data[6] |= 0x20, refuse();
	/* A byte after the packet. */
	fresh(0), super.length++, refuse();
	/* A TCP header that goes on to the end. */
	make(kinds[0], 40, 1000), super.data[super.ip_header + 12] = 0xf0, refuse();
}
END_TEST

/** An IPv6 extension header, with a virtio header that agrees with it. */
START_TEST(refuses_extension)
{
	fresh(1);
	memmove(super.data + 48, super.data + 40, super.length - 40);
	memset(super.data + 40, 0, 8);
	super.data[40] = 6;
	super.data[6] = 60;
	super.length += 8;
	set16(super.data + 4, (uint16_t)(super.length - 40));
	vnet.csum_start += 8;
	refuse();
}
END_TEST

START_TEST(refuses_checksum_place)
{
	make(kinds[0], 100, 0);
	vnet.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	vnet.csum_start = (uint16_t)super.length, vnet.csum_offset = 0, refuse();
	vnet.csum_start = (uint16_t)(super.length - 1), refuse();
	vnet.csum_start = 0xffff, vnet.csum_offset = 0xffff, refuse();
	vnet.csum_start = 20, vnet.csum_offset = (uint16_t)(super.length - 21), refuse();
	vnet.csum_offset--;
	ck_assert_int_eq(tscf_segment_begin(&segmenter, &vnet, super.data, super.length, LIMIT), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("segment");
	TCase *split = tcase_create("split");
	TCase *whole = tcase_create("whole");
	TCase *hostile = tcase_create("hostile");

	tcase_set_timeout(split, 120);
	tcase_add_loop_test(split, every_size, 0, KINDS);
	tcase_add_loop_test(split, odd_sizes, 0, KINDS);
	tcase_add_loop_test(split, flags, 0, 2);
	tcase_add_loop_test(split, runs, 0, KINDS);
	tcase_add_test(split, room_too_small);
	tcase_add_loop_test(split, limit_cuts_tcp, 0, 2);
	tcase_add_test(split, limit_leaves_udp);
	suite_add_tcase(suite, split);
	tcase_add_loop_test(whole, completes_checksum, 0, KINDS);
	tcase_add_test(whole, zero_checksum);
	tcase_add_test(whole, passes_others);
	suite_add_tcase(suite, whole);
	tcase_add_loop_test(hostile, refuses_virtio_header, 0, KINDS);
	tcase_add_loop_test(hostile, refuses_short, 0, KINDS);
	tcase_add_test(hostile, refuses_headers);
	tcase_add_test(hostile, refuses_extension);
	tcase_add_test(hostile, refuses_checksum_place);
	suite_add_tcase(suite, hostile);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
