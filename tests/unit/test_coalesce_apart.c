/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ordinary packets into super-packets: what must not be merged, and that it comes out unchanged and in order. */
#include "common/packet/batch.h"
#include "tests/unit/coalesce_case.h"
#include "tests/unit/runner.h"

#include <string.h>

/** A wrong checksum: unchanged, alone, and nothing of its flow passes it. */
START_TEST(bad_transport_checksum)
{
	for (unsigned bad = 0; bad < 5; bad++) {
		static const char *const shapes[] = {"1 4", "1 1 3", "2 1 2", "3 1 1", "4 1"};

		make(_i, 5);
		packets[bad].data[packets[bad].length - 1] ^= 1;
		ck_assert_str_eq(shape_of(5), shapes[bad]);
		for (unsigned i = 0, p = 0; i < write_count; i++)
			p = check_merged(i, p);
	}
}
END_TEST

START_TEST(bad_ipv4_checksum)
{
	make(_i, 5);
	packets[2].data[11] ^= 1;
	ck_assert_str_eq(shape_of(5), "2 1 2");
	check_single(1, 2);
	make(_i, 3);
	packets[0].data[11] ^= 1;
	ck_assert_str_eq(shape_of(3), "1 2");
}
END_TEST

/** UDP without a checksum cannot be verified, not even if the sum is right by chance. */
START_TEST(no_udp_checksum)
{
	uint8_t *payload = packets[1].data + 28, *check = packets[1].data + 26;
	uint32_t sum;

	make(UDP_KIND, 4);
	sum = get16(payload) + get16(check);
	set16(payload, (uint16_t)((sum & 0xffff) + (sum >> 16)));
	repair(1);
	ck_assert_uint_eq(get16(check), 0);
	ck_assert_str_eq(shape_of(4), "1 1 2");
	check_single(1, 1);
}
END_TEST

/** UDP that ends before or after its IP packet does. */
START_TEST(odd_udp_length)
{
	for (int off = -1; off <= 1; off += 2) {
		make(UDP_KIND, 3);
		set16(packets[1].data + 24, (uint16_t)(1008 + off));
		repair(1);
		ck_assert_str_eq(shape_of(3), "1 1 1");
	}
}
END_TEST

/** What of packet 2 of 5 is changed, and what is merged then. */
static const struct {
	int kind;
	uint8_t at, bits;
	const char *shape;
} header_cases[] = {
    {0, 1, 0x04, "2 1 2"},                                               /* TOS */
    {0, 1, 0x01, "2 1 2"},                                               /* ECN */
    {0, 8, 0x01, "2 1 2"},                                               /* TTL */
    {0, 6, 0x40, "2 1 2"},                                               /* DF */
    {0, 5, 0x10, "2 1 2"},                                               /* identification */
    {0, 24, 0x80, "2 1 2"},                                              /* sequence */
    {0, 28, 0x01, "2 1 2"},                                              /* acknowledgement */
    {0, 32, 0x01, "2 1 2"},                                              /* reserved, AccECN */
    {0, 33, FIN, "2 1 2"},                                               /* flags */
    {0, 33, SYN, "2 1 2"},  {0, 33, 0x04, "2 1 2"},                      /* RST */
    {0, 33, ACK, "2 1 2"},  {0, 33, 0x20, "2 1 2"},                      /* URG */
    {0, 33, ECE, "2 1 2"},  {0, 33, CWR, "2 1 2"},  {0, 33, PSH, "3 2"}, /* ends a run, included */
    {0, 34, 0x01, "2 1 2"},                                              /* window */
    {4, 45, 0x01, "2 1 2"},                                              /* options */
    {1, 0, 0x01, "2 1 2"},                                               /* traffic class */
    {1, 3, 0x01, "2 1 2"},                                               /* flow label */
    {1, 7, 0x01, "2 1 2"},                                               /* hop limit */
    {2, 8, 0x01, "2 1 2"},  {2, 1, 0x01, "2 1 2"},  {3, 1, 0x10, "2 1 2"},
    {0, 15, 0x01, "4 1"},                         /* another flow: source */
    {0, 19, 0x01, "4 1"},   {0, 21, 0x01, "4 1"}, /* ports */
    {0, 23, 0x01, "4 1"},   {1, 9, 0x01, "4 1"},    {1, 39, 0x01, "4 1"},
    {1, 43, 0x01, "4 1"},
};
#define HEADER_CASES ((int)(sizeof(header_cases) / sizeof(header_cases[0])))

START_TEST(headers_must_agree)
{
	make(header_cases[_i].kind, 5);
	packets[2].data[header_cases[_i].at] ^= header_cases[_i].bits;
	repair(2);
	ck_assert_ptr_null(slow_judge(packets[2].data, packets[2].length));
	if (header_cases[_i].shape[0] == '4') {
		/* Without the packet between them the others are in sequence only if it is taken out of it. */
		for (unsigned i = 3; i < 5; i++) {
			if (header_cases[_i].kind == 0)
				set16(packets[i].data + 4, (uint16_t)(get16(packets[i].data + 4) - 1));
			set32(packets[i].data + packets[i].ip_header + 4,
			      get32(packets[i].data + packets[i].ip_header + 4) - 1000);
			repair(i);
		}
	}
	ck_assert_str_eq(shape_of(5), header_cases[_i].shape);
	if (header_cases[_i].shape[0] != '4')
		for (unsigned i = 0, p = 0; i < write_count; i++)
			p = check_merged(i, p);
}
END_TEST
/** IPv4 identification: counts up, or with DF stays; mixtures end the run. */
START_TEST(ipv4_ids)
{
	static const struct {
		bool no_df;
		uint16_t id[4];
		const char *shape;
	} cases[] = {
	    {false, {0, 1, 2, 3}, "4"},      {false, {7, 7, 7, 7}, "4"},       {false, {7, 7, 8, 9}, "2 2"},
	    {false, {7, 8, 8, 8}, "2 2"},    {false, {9, 8, 7, 6}, "1 1 1 1"}, {true, {0, 1, 2, 3}, "4"},
	    {true, {7, 7, 7, 7}, "1 1 1 1"}, {true, {0, 2, 4, 6}, "1 1 1 1"},
	};

	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
		for (int udp = 0; udp < 2; udp++) {
			for (unsigned i = 0; i < 4; i++) {
				const struct offload_shape shape = {.udp = udp,
								    .no_df = cases[c].no_df,
								    .payload = 100,
								    .id = cases[c].id[i],
								    .seq = 100 * i};

				offload_plain(&packets[i], &shape);
			}
			ck_assert_str_eq(shape_of(4), cases[c].shape);
		}
}
END_TEST

/** CWR is of the first segment only, so packets that all have it are no run. */
START_TEST(all_with_cwr)
{
	make(0, 3);
	for (unsigned i = 0; i < 3; i++) {
		packets[i].data[33] |= CWR;
		repair(i);
	}
	ck_assert_str_eq(shape_of(3), "1 1 1");
}
END_TEST

/** PSH on the first packet: it waits for nothing. */
START_TEST(push_at_once)
{
	make(_i, 3);
	packets[0].data[packets[0].ip_header + 13] |= PSH;
	repair(0);
	ck_assert_str_eq(shape_of(3), "1 2");
}
END_TEST

/** A pure acknowledgement between packets of its flow stays there; over IPv6 only that keeps them apart. */
START_TEST(pure_ack)
{
	struct offload_shape shape = kinds[_i];

	for (unsigned i = 0; i < 5; i++) {
		shape.payload = i == 2 ? 0 : 1000;
		offload_plain(&packets[i], &shape);
		shape.seq += shape.payload;
		shape.id++;
	}
	ck_assert_str_eq(shape_of(5), "2 1 2");
	for (unsigned i = 0, p = 0; i < write_count; i++)
		p = check_merged(i, p);
}
END_TEST

/** Other options, though the payload is in sequence. */
START_TEST(options_come_and_go)
{
	struct offload_shape shape = kinds[_i];

	for (unsigned i = 0; i < 6; i++) {
		shape.tcp_options = i / 2 % 2 ? 12 : 0;
		offload_plain(&packets[i], &shape);
		shape.seq += shape.payload;
		shape.id++;
	}
	ck_assert_str_eq(shape_of(6), "2 2 2");
	for (unsigned i = 0, p = 0; i < write_count; i++)
		p = check_merged(i, p);
}
END_TEST

START_TEST(reordered)
{
	static struct offload_packet kept;

	make(_i, 5);
	kept = packets[1], packets[1] = packets[2], packets[2] = kept;
	run(5);
	/* UDP over IPv6 has nothing that counts. */
	ck_assert_uint_eq(write_count, _i == 3 ? 1 : 4);
	for (unsigned i = 0, p = 0; i < write_count; i++)
		p = check_merged(i, p);
}
END_TEST

/** IP options, fragments and extension headers are not merged, and nothing goes from one side of them to the other. */
START_TEST(barriers)
{
	static const struct offload_shape options = {.ip_options = 4, .payload = 1000, .seq = 2000, .id = 2};

	make(0, 5);
	offload_plain(&packets[2], &options);
	ck_assert_str_eq(shape_of(5), "2 1 2");
	check_single(1, 2);
	for (uint16_t place = 1; place != 0; place = (uint16_t)(place << 1)) {
		if (place == OFFLOAD_IPV4_DF)
			continue;
		make(0, 5);
		set16(packets[2].data + 6, place);
		set16(packets[2].data + 20, 99);
		repair(2);
		ck_assert_str_eq(shape_of(5), "2 1 2");
		check_single(1, 2);
	}
	make(1, 5);
	packets[2].data[6] = 44;
	ck_assert_str_eq(shape_of(5), "2 1 2");
}
END_TEST

/** Other protocols have no place in any flow's order. */
START_TEST(other_protocols)
{
	make(_i, 5);
	packets[2].data[packets[2].ip_header == 20 ? 9 : 6] = 50;
	if (_i != 3) {
		/* 3 and 4 follow 1 now. */
		for (unsigned i = 3; i < 5; i++) {
			if (packets[i].ip_header == 20)
				set16(packets[i].data + 4, (uint16_t)(get16(packets[i].data + 4) - 1));
			if (_i != UDP_KIND)
				set32(packets[i].data + packets[i].ip_header + 4,
				      get32(packets[i].data + packets[i].ip_header + 4) - 1000);
			repair(i);
		}
	}
	ck_assert_str_eq(shape_of(5), "4 1");
	check_single(1, 2);
}
END_TEST

/** Cut at every length, with bytes behind it, empty, and of no IP version: passes as it is. */
START_TEST(malformed)
{
	static const struct {
		uint8_t bytes[3];
		uint32_t length;
	} tiny[] = {{{0x45}, 1}, {{0x60}, 1}, {{0x45, 0, 3}, 3}, {{0}, 2}, {{0xff, 0xff}, 2}};

	for (unsigned i = 0; i < 5; i++) {
		make(_i, 3);
		memcpy(packets[1].data, tiny[i].bytes, 3);
		packets[1].length = tiny[i].length;
		ck_assert_str_eq(shape_of(3), "1 1 1");
		check_single(1, 1);
	}
	for (uint32_t length = 1; length < 1060; length++) {
		make(_i, 2);
		if (length == packets[1].length)
			continue;
		packets[1].length = length;
		ck_assert_uint_eq(run(2), 2);
		check_single(1, 1);
	}
}
END_TEST

/** A TCP header that is too short, or goes on to the end or past it. */
START_TEST(tcp_header_length)
{
	for (unsigned words = 0; words < 16; words++) {
		make(_i, 3);
		packets[1].data[packets[1].ip_header + 12] = (uint8_t)(words << 4);
		repair(1);
		ck_assert_str_eq(shape_of(3), words == 5 ? "3" : "1 1 1");
		packets[1].length = packets[1].header + 20;
		packets[1].data[packets[1].ip_header == 20 ? 2 : 4] = 0;
		packets[1].data[packets[1].ip_header == 20 ? 3 : 5] = packets[1].ip_header == 20 ? 60 : 40;
		repair(1);
		ck_assert_str_eq(shape_of(3), words == 5 ? "2 1" : "1 1 1");
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("coalesce apart");
	TCase *apart = tcase_create("apart");

	tcase_add_checked_fixture(apart, setup, teardown);
	tcase_add_loop_test(apart, bad_transport_checksum, 0, KINDS);
	tcase_add_test(apart, bad_ipv4_checksum);
	tcase_add_test(apart, no_udp_checksum);
	tcase_add_test(apart, odd_udp_length);
	tcase_add_loop_test(apart, headers_must_agree, 0, HEADER_CASES);
	tcase_add_test(apart, ipv4_ids);
	tcase_add_test(apart, all_with_cwr);
	tcase_add_loop_test(apart, push_at_once, 0, 2);
	tcase_add_loop_test(apart, pure_ack, 0, 2);
	tcase_add_loop_test(apart, options_come_and_go, 0, 2);
	tcase_add_loop_test(apart, reordered, 0, KINDS);
	tcase_add_test(apart, barriers);
	tcase_add_loop_test(apart, other_protocols, 0, KINDS);
	tcase_add_loop_test(apart, malformed, 0, KINDS);
	tcase_add_loop_test(apart, tcp_header_length, 0, 2);
	suite_add_tcase(suite, apart);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
