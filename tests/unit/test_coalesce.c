/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ordinary packets into super-packets: what is merged, and that splitting gives the same packets again. */
#include "common/packet/batch.h"
#include "common/packet/segment.h"
#include "tests/unit/coalesce_case.h"
#include "tests/unit/runner.h"

#include <string.h>

START_TEST(merges)
{
	for (unsigned count = 1; count <= 64; count++) {
		make(_i, count);
		ck_assert_uint_eq(run(count), 1);
		ck_assert_uint_eq(check_merged(0, 0), count);
		ck_assert_uint_eq(writes[0].bytes, count * packets[0].length);
	}
}
END_TEST

/** Split a super-packet of every size, coalesce: the same bytes as the super-packet. */
START_TEST(gives_back_what_was_split)
{
	static struct offload_packet super;
	static uint8_t out[2 * TSCF_PACKET_MAX], whole[TSCF_PACKET_MAX];
	struct offload_shape shape = kinds[_i];
	const uint32_t header = offload_header(&shape), most = TSCF_PACKET_MAX - header;
	const uint16_t gso_size = 1351 - 60;
	struct virtio_net_hdr vnet, again;
	struct tscf_segmenter s;
	struct tscf_gso_batch pieces;
	const char *wrong = NULL;

	for (shape.payload = gso_size + 1U; shape.payload <= most && !wrong; shape.payload++) {
		offload_super(&super, &shape, gso_size, &vnet);
		if (tscf_segment_begin(&s, &vnet, super.data, super.length, TSCF_PACKET_MAX) != 0 ||
		    !tscf_segment_next(&s, out, sizeof(out), 64, &pieces))
			wrong = "not split";
		tscf_coalesce_begin(coalescer);
		for (unsigned i = 0; i < pieces.count && !wrong; i++)
			tscf_coalesce_add(coalescer, out + i * pieces.size,
					  i + 1 < pieces.count ? pieces.size : pieces.last);
		if (!wrong && tscf_coalesce_finish(coalescer, &writes) != 1)
			wrong = "not one";
		if (!wrong && gather(&writes[0], &again, whole) != super.length)
			wrong = "length";
		if (!wrong && memcmp(whole, super.data, super.length) != 0)
			wrong = "bytes";
		vnet.hdr_len = (uint16_t)header;
		if (!wrong && memcmp(&vnet, &again, sizeof(vnet)) != 0)
			wrong = "virtio header";
	}
	ck_assert_msg(!wrong, "%s, %u bytes of payload", wrong, shape.payload - 1);
}
END_TEST

START_TEST(most_packets)
{
	static const struct {
		unsigned segments;
		const char *shape;
	} cases[] = {{64, "64 64 22"}, {1000, "64 64 22"}, {50, "50 50 50"}, {149, "64 64 22"}};

	make(_i, 150);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tscf_coalescer_free(coalescer);
		coalescer = tscf_coalescer_new(ALL, cases[i].segments);
		ck_assert_str_eq(shape_of(150), cases[i].shape);
	}
	ck_assert_uint_eq(check_merged(2, check_merged(1, check_merged(0, 0))), 150);
	tscf_coalescer_free(coalescer);
	coalescer = tscf_coalescer_new(ALL, 1);
	ck_assert_str_eq(shape_of(3), "1 1 1");
}
END_TEST

/** 65535 bytes with the header, and not one more. */
START_TEST(most_bytes)
{
	struct offload_shape shape = kinds[_i];
	const uint32_t size = 21000, left = TSCF_PACKET_MAX - offload_header(&shape) - 3 * size;

	for (uint32_t more = 0; more < 2; more++) {
		for (unsigned i = 0; i < 4; i++) {
			shape.payload = i < 3 ? size : left + more;
			shape.seq = i * size;
			shape.id = (uint16_t)i;
			offload_plain(&packets[i], &shape);
		}
		ck_assert_str_eq(shape_of(4), more ? "3 1" : "4");
		check_merged(0, 0);
	}
}
END_TEST

START_TEST(full_round)
{
	make(_i, MOST);
	run(MOST);
	ck_assert(!tscf_coalesce_add(coalescer, packets[0].data, packets[0].length));
	ck_assert_str_eq(shape_of(2), "2");
}
END_TEST

/** Only what the kernel is said to take. */
START_TEST(kinds_allowed)
{
	static const unsigned kind[] = {TSCF_COALESCE_TCP4, TSCF_COALESCE_TCP6, TSCF_COALESCE_UDP, TSCF_COALESCE_UDP,
					TSCF_COALESCE_TCP4};

	make(_i, 3);
	tscf_coalescer_free(coalescer);
	coalescer = tscf_coalescer_new(kind[_i], 64);
	ck_assert_str_eq(shape_of(3), "3");
	tscf_coalescer_free(coalescer);
	coalescer = tscf_coalescer_new(ALL & ~kind[_i], 64);
	ck_assert_str_eq(shape_of(3), "1 1 1");
	for (unsigned i = 0; i < 3; i++)
		check_single(i, i);
}
END_TEST

/** Shorter ones end a run, longer ones begin another. */
START_TEST(sizes)
{
	static const struct {
		uint16_t size[5];
		const char *shape;
	} cases[] = {
	    {{100, 100, 100, 100, 50}, "5"},   {{100, 100, 50, 100, 100}, "3 2"},
	    {{50, 100, 100, 100, 100}, "1 4"}, {{100, 101, 102, 103, 104}, "1 1 1 1 1"},
	    {{100, 99, 98, 97, 96}, "2 2 1"},  {{1, 1, 1, 1, 1}, "5"},
	};
	struct offload_shape shape = kinds[_i];

	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		shape.seq = 0;
		for (unsigned i = 0; i < 5; i++) {
			shape.payload = cases[c].size[i];
			shape.id = (uint16_t)i;
			offload_plain(&packets[i], &shape);
			shape.seq += shape.payload;
		}
		ck_assert_str_eq(shape_of(5), cases[c].shape);
		for (unsigned i = 0, p = 0; i < write_count; i++)
			p = check_merged(i, p);
	}
}
END_TEST

/** ECE on all of them is one more thing that agrees. */
START_TEST(all_with_ece)
{
	make(_i, 4);
	for (unsigned i = 0; i < 4; i++) {
		packets[i].data[packets[i].ip_header + 13] |= ECE;
		repair(i);
	}
	ck_assert_str_eq(shape_of(4), "4");
	check_merged(0, 0);
}
END_TEST

/** Interleaved flows, as many as can be open: one write each, in the order of their first packets. */
START_TEST(mixed_flows)
{
	for (unsigned i = 0; i < 160; i++) {
		const struct offload_shape shape = {.sport = (uint16_t)(1000 + i % 16),
						    .udp = i % 2,
						    .payload = 500,
						    .seq = i / 16 * 500,
						    .id = (uint16_t)(i / 16)};

		offload_plain(&packets[i], &shape);
	}
	ck_assert_str_eq(shape_of(160), "10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10");
	for (unsigned i = 0; i < 16; i++)
		ck_assert_uint_eq(get16((uint8_t *)writes[i].iov[0].iov_base + 10 + 20), 1000 + i);
}
END_TEST

/** One of three flows ends: the others go on, and so does what comes of it later. */
START_TEST(one_flow_ends)
{
	struct offload_shape shape = {.payload = 500};

	for (unsigned i = 0; i < 12; i++) {
		shape.sport = (uint16_t)(1000 + i % 3);
		shape.seq = i / 3 * 500;
		shape.id = (uint16_t)(i / 3);
		shape.flags = i == 3 ? PSH : 0;
		offload_plain(&packets[i], &shape);
	}
	ck_assert_str_eq(shape_of(12), "2 4 4 2");
}
END_TEST

/** More flows than can be open: less is merged, but each flow stays in order. */
START_TEST(too_many_flows)
{
	uint32_t next[40] = {0};

	for (unsigned i = 0; i < 240; i++) {
		const struct offload_shape shape = {.sport = (uint16_t)(1000 + i * 7 % 40),
						    .payload = 500,
						    .seq = i / 40 * 500,
						    .id = (uint16_t)(i / 40)};

		offload_plain(&packets[i], &shape);
	}
	run(240);
	for (unsigned i = 0; i < write_count; i++) {
		static uint8_t whole[TSCF_PACKET_MAX];
		struct virtio_net_hdr vnet;
		const uint32_t length = gather(&writes[i], &vnet, whole);
		const unsigned flow = get16(whole + 20) - 1000U;

		ck_assert_uint_eq(get32(whole + 24) - OFFLOAD_SEQ, next[flow]);
		next[flow] += length - 40;
	}
	for (unsigned i = 0; i < 40; i++)
		ck_assert_uint_eq(next[i], 6 * 500);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("coalesce");
	TCase *merging = tcase_create("merging");

	tcase_add_checked_fixture(merging, setup, teardown);
	tcase_set_timeout(merging, 120);
	tcase_add_loop_test(merging, merges, 0, KINDS);
	tcase_add_loop_test(merging, gives_back_what_was_split, 0, KINDS);
	tcase_add_loop_test(merging, most_packets, 0, KINDS);
	tcase_add_loop_test(merging, most_bytes, 0, KINDS);
	tcase_add_loop_test(merging, full_round, 0, KINDS);
	tcase_add_loop_test(merging, kinds_allowed, 0, KINDS);
	tcase_add_loop_test(merging, sizes, 0, KINDS);
	tcase_add_loop_test(merging, all_with_ece, 0, 2);
	tcase_add_test(merging, mixed_flows);
	tcase_add_test(merging, one_flow_ends);
	tcase_add_test(merging, too_many_flows);
	suite_add_tcase(suite, merging);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
