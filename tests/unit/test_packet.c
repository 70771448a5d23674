/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packet parser on IPv4 and on what both versions have: ports, lengths, fragments. */
#include "common/base/bytes.h"
#include "tests/unit/packet_case.h"
#include "tests/unit/runner.h"

#include <netinet/icmp6.h>

/* Each protocol with ports: they are read, options do not disturb, and every cut is refused. */
START_TEST(ports)
{
	const uint8_t protocol = with_ports[_i].protocol;
	const uint32_t size = with_ports[_i].size;
	struct tscf_packet_info info;
	struct build b;

	for (uint32_t options = 0; options <= 40; options += 4) {
		build_ipv4(&b, protocol, IPV4_DF, options);
		build_ports(&b, size);
		build_zero(&b, 3);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
		check_info(&info, 4, protocol, BUILD_SPORT, BUILD_DPORT);
		ck_assert_uint_eq(info.total, b.length);
		ck_assert_uint_eq(info.transport, 20 + options);
		ck_assert_uint_eq(info.fragment_id, BUILD_ID);
		ck_assert(!info.fragment && info.first && !info.quotes);
		for (uint32_t cut = 0; cut < b.length; cut++)
			ck_assert_int_eq(parse_cut(&b, cut, &info), TSCF_PACKET_TRUNCATED);
	}
	build_ipv6(&b, protocol);
	build_ports(&b, size);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	check_info(&info, 6, protocol, BUILD_SPORT, BUILD_DPORT);
	ck_assert_uint_eq(info.transport, 40);
	ck_assert(!info.fragment && info.first && !info.quotes);
	for (uint32_t cut = 0; cut < b.length; cut++)
		ck_assert_int_eq(parse_cut(&b, cut, &info), TSCF_PACKET_TRUNCATED);
}
END_TEST

/* A whole packet whose IP length leaves no room for its upper-layer header is truncated, whatever lies behind it. */
START_TEST(upper_cut_by_length)
{
	struct tscf_packet_info info;
	struct build b;

	for (uint8_t version = 4; version <= 6; version += 2) {
		for (uint32_t size = 0; size < with_ports[_i].size; size++) {
			begin(&b, version, with_ports[_i].protocol);
			build_zero(&b, size);
			build_finish(&b);
			build_zero(&b, 40);
			ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_TRUNCATED);
		}
	}
}
END_TEST

/* Trailing bytes are not part of the packet. */
START_TEST(trailing)
{
	struct tscf_packet_info info;
	struct build b;

	for (uint8_t version = 4; version <= 6; version += 2) {
		uint32_t length;

		begin(&b, version, IPPROTO_UDP);
		build_ports(&b, 8);
		build_finish(&b);
		length = b.length;
		build_zero(&b, 17);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
		ck_assert_uint_eq(info.total, length);
	}
}
END_TEST

/* Protocols without ports have none, even where bytes follow; ICMP of the other IP version is such a one. */
START_TEST(no_ports)
{
	static const uint8_t other[] = {IPPROTO_GRE, IPPROTO_ESP, IPPROTO_IPIP, IPPROTO_IPV6, 253};
	struct tscf_packet_info info;
	struct build b;

	for (uint8_t version = 4; version <= 6; version += 2) {
		for (unsigned i = 0; i < sizeof(other); i++) {
			begin(&b, version, other[i]);
			build_finish(&b);
			ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
			build_ports(&b, 8);
			build_finish(&b);
			ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
			check_info(&info, version, other[i], 0, 0);
		}
		begin(&b, version, version == 4 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		build_icmp(&b, 3);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
		ck_assert(!info.quotes);
	}
	build_ipv6(&b, IPPROTO_NONE);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	check_info(&info, 6, IPPROTO_NONE, 0, 0);
}
END_TEST

/* What is no IPv4 or IPv6 is said to be that. */
START_TEST(other_version)
{
	struct tscf_packet_info info;
	struct build b;

	begin(&b, 4, IPPROTO_UDP);
	build_ports(&b, 8);
	build_finish(&b);
	for (unsigned nibble = 0; nibble < 16; nibble++) {
		b.data[0] = (uint8_t)(nibble << 4 | 5);
		if (nibble != 4 && nibble != 6)
			ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_VERSION);
	}
}
END_TEST

/* IPv4: a header length under 20 bytes, over the total length, or over what is there. */
START_TEST(ipv4_header)
{
	struct tscf_packet_info info;
	struct build b;

	begin(&b, 4, IPPROTO_GRE);
	build_zero(&b, 12);
	build_finish(&b);
	for (uint8_t words = 0; words < 5; words++) {
		b.data[0] = 0x40 | words;
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);
	}
	b.data[0] = 0x48;
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	b.data[0] = 0x49;
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);
	b.data[0] = 0x45;
	for (uint16_t total = 0; total < 20; total++) {
		tscf_put_u16(b.data + 2, total);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);
	}
	tscf_put_u16(b.data + 2, (uint16_t)(b.length + 1));
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_TRUNCATED);
}
END_TEST

/* IPv4 fragments: the first has ports, later ones have none, tiny and overlapping ones are refused. */
START_TEST(ipv4_fragments)
{
	const uint8_t protocol = with_ports[_i].protocol;
	struct tscf_packet_info info;
	struct build b;

	build_ipv4(&b, protocol, IPV4_MF, 0);
	build_ports(&b, 16);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	check_info(&info, 4, protocol, BUILD_SPORT, BUILD_DPORT);
	ck_assert(info.fragment && info.first);
	ck_assert_uint_eq(info.fragment_id, BUILD_ID);

	build_ipv4(&b, protocol, IPV4_MF | 2, 0);
	build_ports(&b, 16);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	check_info(&info, 4, protocol, 0, 0);
	ck_assert(info.fragment && !info.first);
	ck_assert_uint_eq(info.transport, 20);

	build_ipv4(&b, protocol, IPV4_MF, 0);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);

	build_ipv4(&b, protocol, 1, 0);
	build_ports(&b, 24);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), protocol == IPPROTO_TCP ? TSCF_PACKET_MALFORMED : TSCF_PACKET_OK);
}
END_TEST

/* Fragments that no reassembly could use: a middle one of no multiple of 8 bytes, one that ends past 65535. */
START_TEST(ipv4_bad_fragments)
{
	struct tscf_packet_info info;
	struct build b;

	for (uint32_t size = 0; size <= 24; size++) {
		build_ipv4(&b, IPPROTO_UDP, IPV4_MF | 2, 0);
		build_zero(&b, size);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), size % 8 ? TSCF_PACKET_MALFORMED : TSCF_PACKET_OK);
	}
	for (uint32_t size = 1; size <= 16; size++) {
		build_ipv4(&b, IPPROTO_UDP, 0x1fff, 0);
		build_zero(&b, size);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), size > 7 ? TSCF_PACKET_MALFORMED : TSCF_PACKET_OK);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("packet");
	TCase *ip = tcase_create("ip");

	tcase_add_loop_test(ip, ports, 0, WITH_PORTS);
	tcase_add_loop_test(ip, upper_cut_by_length, 0, WITH_PORTS);
	tcase_add_test(ip, trailing);
	tcase_add_test(ip, no_ports);
	tcase_add_test(ip, other_version);
	tcase_add_test(ip, ipv4_header);
	tcase_add_loop_test(ip, ipv4_fragments, 0, WITH_PORTS);
	tcase_add_test(ip, ipv4_bad_fragments);
	suite_add_tcase(suite, ip);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
