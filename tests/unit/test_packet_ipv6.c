/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packet parser on what only IPv6 has: extension headers, fragment headers, jumbograms, mapped addresses. */
#include "common/base/bytes.h"
#include "tests/unit/packet_case.h"
#include "tests/unit/runner.h"

#include <netinet/icmp6.h>
#include <string.h>

/* The extension headers hosts follow, in an order they may have, to UDP; each cut refused. */
START_TEST(extensions)
{
	struct tscf_packet_info info;
	struct build b;

	build_ipv6(&b, IPPROTO_HOPOPTS);
	build_extension(&b, IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, 8);
	build_extension(&b, IPPROTO_DSTOPTS, IPPROTO_ROUTING, 16);
	build_extension(&b, IPPROTO_ROUTING, IPPROTO_AH, 24);
	build_extension(&b, IPPROTO_AH, IPPROTO_DSTOPTS, 28);
	build_extension(&b, IPPROTO_DSTOPTS, IPPROTO_UDP, 2048);
	build_ports(&b, 8);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	check_info(&info, 6, IPPROTO_UDP, BUILD_SPORT, BUILD_DPORT);
	ck_assert_uint_eq(info.transport, b.length - 8);
	for (uint32_t cut = 0; cut < b.length; cut++)
		ck_assert_int_eq(parse_cut(&b, cut, &info), TSCF_PACKET_TRUNCATED);
	/* The same with the IP length cut too, which only the walk can notice. */
	for (uint32_t length = b.length; length-- > 40;) {
		b.length = length;
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), length == 40 ? TSCF_PACKET_MALFORMED : TSCF_PACKET_TRUNCATED);
	}
}
END_TEST

/* An extension header that reaches past the end is noticed even where nothing would be read behind it. */
START_TEST(extension_past_end)
{
	struct tscf_packet_info info;
	struct build b;

	build_ipv6(&b, IPPROTO_DSTOPTS);
	build_extension(&b, IPPROTO_DSTOPTS, IPPROTO_NONE, 16);
	b.length -= 8;
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_TRUNCATED);
}
END_TEST

/* Eight extension headers are followed, nine are not; hop-by-hop options come first or not at all. */
START_TEST(extension_limits)
{
	struct tscf_packet_info info;
	struct build b;

	for (unsigned count = 1; count <= 10; count++) {
		build_ipv6(&b, IPPROTO_DSTOPTS);
		for (unsigned i = 1; i <= count; i++)
			build_extension(&b, IPPROTO_DSTOPTS, i < count ? IPPROTO_DSTOPTS : IPPROTO_UDP, 8);
		build_ports(&b, 8);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), count <= 8 ? TSCF_PACKET_OK : TSCF_PACKET_MALFORMED);
	}
	build_ipv6(&b, IPPROTO_DSTOPTS);
	build_extension(&b, IPPROTO_DSTOPTS, IPPROTO_HOPOPTS, 8);
	build_extension(&b, IPPROTO_HOPOPTS, IPPROTO_UDP, 8);
	build_ports(&b, 8);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);
}
END_TEST

/* A jumbogram says length 0 and hop-by-hop options. */
START_TEST(jumbogram)
{
	struct tscf_packet_info info;
	struct build b;

	build_ipv6(&b, IPPROTO_HOPOPTS);
	build_finish(&b);
	build_extension(&b, IPPROTO_HOPOPTS, IPPROTO_UDP, 8);
	build_ports(&b, 8);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);
}
END_TEST

/* IPv6 fragments: first, later, last; an atomic one is whole. */
START_TEST(ipv6_fragments)
{
	const uint8_t protocol = with_ports[_i].protocol;
	struct tscf_packet_info info;
	struct build b;

	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, protocol, 0, true);
	build_ports(&b, 16);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	check_info(&info, 6, protocol, BUILD_SPORT, BUILD_DPORT);
	ck_assert(info.fragment && info.first);
	ck_assert_uint_eq(info.fragment_id, 0xa0000000U | BUILD_ID);

	for (unsigned more = 0; more < 2; more++) {
		build_ipv6(&b, IPPROTO_FRAGMENT);
		build_fragment(&b, protocol, 16, more);
		build_ports(&b, 16);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
		check_info(&info, 6, protocol, 0, 0);
		ck_assert(info.fragment && !info.first);
		ck_assert_uint_eq(info.transport, 48);
	}
	/* What follows a later fragment's header is the middle of something, even where it names an extension header.
	 */
	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_DSTOPTS, 16, false);
	build_extension(&b, IPPROTO_DSTOPTS, protocol, 8);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	check_info(&info, 6, IPPROTO_DSTOPTS, 0, 0);
	ck_assert_uint_eq(info.transport, 48);

	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, protocol, 0, false);
	build_ports(&b, 23);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
	check_info(&info, 6, protocol, BUILD_SPORT, BUILD_DPORT);
	ck_assert(!info.fragment && info.first);
}
END_TEST

/* Refused IPv6 fragments: tiny, without the whole chain, TCP at offset 1, two headers, odd size, past 65535. */
START_TEST(ipv6_bad_fragments)
{
	struct tscf_packet_info info;
	struct build b;

	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_UDP, 0, true);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);

	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_DSTOPTS, 0, true);
	build_extension(&b, IPPROTO_DSTOPTS, IPPROTO_UDP, 8);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);

	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_TCP, 8, true);
	build_zero(&b, 24);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);

	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_FRAGMENT, 0, false);
	build_fragment(&b, IPPROTO_UDP, 0, false);
	build_ports(&b, 8);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);

	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_UDP, 0, true);
	build_ports(&b, 15);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);

	build_ipv6(&b, IPPROTO_FRAGMENT);
	build_fragment(&b, IPPROTO_UDP, 0xfff8, false);
	build_zero(&b, 8);
	build_finish(&b);
	ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);
}
END_TEST

/* IPv4-mapped addresses on the wire would pass for an IPv4 client's. */
START_TEST(ipv4_mapped)
{
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1};
	struct tscf_packet_info info;
	struct build b;

	for (unsigned at = 8; at <= 24; at += 16) {
		begin(&b, 6, IPPROTO_UDP);
		build_ports(&b, 8);
		build_finish(&b);
		memcpy(b.data + at, mapped, sizeof(mapped));
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_MALFORMED);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("packet IPv6");
	TCase *ipv6 = tcase_create("ipv6");

	tcase_add_test(ipv6, extensions);
	tcase_add_test(ipv6, extension_past_end);
	tcase_add_test(ipv6, extension_limits);
	tcase_add_test(ipv6, jumbogram);
	tcase_add_loop_test(ipv6, ipv6_fragments, 0, WITH_PORTS);
	tcase_add_test(ipv6, ipv6_bad_fragments);
	tcase_add_test(ipv6, ipv4_mapped);
	suite_add_tcase(suite, ipv6);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
