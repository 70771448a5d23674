/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packet parser on ICMP of both versions: echoes, errors, and the packets that these quote. */
#include "common/base/bytes.h"
#include "tests/unit/packet_case.h"
#include "tests/unit/runner.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t errors4[] = {ICMP_DEST_UNREACH, ICMP_SOURCE_QUENCH, ICMP_REDIRECT, ICMP_TIME_EXCEEDED,
				  ICMP_PARAMETERPROB};
static const uint8_t errors6[] = {
    ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB, 100, 127};

static enum tscf_packet_error parse_quote_cut(const struct build *b, uint32_t length, struct tscf_packet_info *outer,
					      struct tscf_packet_info *quote)
{
	uint8_t *exact = malloc(length);
	enum tscf_packet_error error;

	memcpy(exact, b->data, length);
	ck_assert_int_eq(tscf_packet_parse(exact, length, outer), TSCF_PACKET_OK);
	ck_assert(outer->quotes);
	error = tscf_packet_parse_quote(exact, outer, quote);
	free(exact);
	return error;
}

/* An echo's identifier is the port of the side that asked. */
START_TEST(echo)
{
	struct tscf_packet_info info;
	struct build b;

	for (uint8_t version = 4; version <= 6; version += 2) {
		const uint8_t protocol = version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

		begin(&b, version, protocol);
		build_icmp(&b, version == 4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
		check_info(&info, version, protocol, BUILD_ID, 0);
		ck_assert(!info.quotes);

		begin(&b, version, protocol);
		build_icmp(&b, version == 4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
		check_info(&info, version, protocol, 0, BUILD_ID);
		for (uint32_t cut = 0; cut < b.length; cut++)
			ck_assert_int_eq(parse_cut(&b, cut, &info), TSCF_PACKET_TRUNCATED);
	}
}
END_TEST

/* Every type of both ICMPs is an error exactly if it is on the list (IPv6: below 128). */
START_TEST(icmp_types)
{
	struct tscf_packet_info info;
	struct build b;

	for (unsigned type = 0; type < 256; type++) {
		begin(&b, 4, IPPROTO_ICMP);
		build_icmp(&b, (uint8_t)type);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
		ck_assert_int_eq(info.quotes, memchr(errors4, (int)type, sizeof(errors4)) != NULL);
		begin(&b, 6, IPPROTO_ICMPV6);
		build_icmp(&b, (uint8_t)type);
		build_finish(&b);
		ck_assert_int_eq(parse(&b, &info), TSCF_PACKET_OK);
		ck_assert_int_eq(info.quotes, type < 128);
	}
}
END_TEST

/* Put @p inner into an ICMP error of its version. */
static void build_error(struct build *b, uint8_t type, const struct build *inner)
{
	const uint8_t version = inner->data[0] >> 4;

	begin(b, version, version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	build_icmp(b, type);
	build_bytes(b, inner->data, inner->length);
	build_finish(b);
}

/* A quote of every protocol, cut at every length: read from the moment the ports are there. */
START_TEST(quotes)
{
	const uint8_t protocol = with_ports[_i].protocol;
	struct tscf_packet_info outer, quote;

	for (uint8_t version = 4; version <= 6; version += 2) {
		const uint8_t *types = version == 4 ? errors4 : errors6;
		const uint32_t header = version == 4 ? 20 : 40;
		struct build inner, whole, b;

		begin(&whole, version, protocol);
		build_ports(&whole, with_ports[_i].size);
		build_zero(&whole, 100);
		build_finish(&whole);
		for (inner = whole, inner.length = 0; inner.length <= whole.length; inner.length++) {
			enum tscf_packet_error error;

			build_error(&b, types[inner.length % 5], &inner);
			error = parse_quote_cut(&b, b.length, &outer, &quote);
			if (inner.length < header + 4) {
				ck_assert_int_ne(error, TSCF_PACKET_OK);
				continue;
			}
			ck_assert_int_eq(error, TSCF_PACKET_OK);
			check_info(&quote, version, protocol, BUILD_SPORT, BUILD_DPORT);
			ck_assert_uint_eq(quote.total, inner.length);
			ck_assert_uint_eq(quote.transport, header);
		}
	}
}
END_TEST

/* What lies behind the error's own length is no part of the quote. */
START_TEST(quote_ends_with_outer)
{
	struct tscf_packet_info outer, quote;
	struct build inner, b;

	begin(&inner, 4, IPPROTO_UDP);
	build_finish(&inner);
	build_error(&b, ICMP_DEST_UNREACH, &inner);
	build_ports(&b, 8);
	ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote), TSCF_PACKET_TRUNCATED);
}
END_TEST

/* Quoted fragments: the first is a flow, a later one is known for what it is. */
START_TEST(quoted_fragment)
{
	struct tscf_packet_info outer, quote;
	struct build inner, b;

	build_ipv4(&inner, IPPROTO_UDP, IPV4_MF, 0);
	build_ports(&inner, 1480);
	build_finish(&inner);
	inner.length = 28;
	build_error(&b, ICMP_TIME_EXCEEDED, &inner);
	ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote), TSCF_PACKET_OK);
	ck_assert(quote.fragment && quote.first);
	check_info(&quote, 4, IPPROTO_UDP, BUILD_SPORT, BUILD_DPORT);

	inner.length = 22;
	build_error(&b, ICMP_TIME_EXCEEDED, &inner);
	ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote), TSCF_PACKET_TRUNCATED);

	build_ipv4(&inner, IPPROTO_UDP, IPV4_MF | 185, 0);
	build_ports(&inner, 1480);
	build_finish(&inner);
	inner.length = 28;
	build_error(&b, ICMP_TIME_EXCEEDED, &inner);
	ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote), TSCF_PACKET_OK);
	ck_assert(quote.fragment && !quote.first);
	check_info(&quote, 4, IPPROTO_UDP, 0, 0);
}
END_TEST

/* Refused quotes: the other IP version, none at all, an error about an error; and a packet that quotes nothing. */
START_TEST(bad_quotes)
{
	struct tscf_packet_info outer, quote;
	struct build inner, nested, b;

	for (uint8_t version = 4; version <= 6; version += 2) {
		const uint8_t type = version == 4 ? ICMP_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED;

		begin(&inner, version, IPPROTO_UDP);
		build_ports(&inner, 8);
		build_finish(&inner);
		build_error(&nested, type, &inner);
		build_error(&b, type, &nested);
		ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote), TSCF_PACKET_MALFORMED);

		b.length = (version == 4 ? 20 : 40) + 8;
		build_finish(&b);
		ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote), TSCF_PACKET_TRUNCATED);

		begin(&b, version, version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
		build_icmp(&b, type);
		begin(&inner, version == 4 ? 6 : 4, IPPROTO_UDP);
		build_ports(&inner, 8);
		build_finish(&inner);
		build_bytes(&b, inner.data, inner.length);
		build_finish(&b);
		ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote), TSCF_PACKET_VERSION);

		outer.quotes = false;
		ck_assert_int_eq(tscf_packet_parse_quote(b.data, &outer, &quote), TSCF_PACKET_MALFORMED);
	}
}
END_TEST

/* A quote that ends within the options its header length tells is no packet, though no port would be read. */
START_TEST(quoted_options)
{
	struct tscf_packet_info outer, quote;
	struct build inner, b;

	build_ipv4(&inner, IPPROTO_GRE, 0, 40);
	build_finish(&inner);
	for (inner.length = 20; inner.length <= 60; inner.length++) {
		build_error(&b, ICMP_DEST_UNREACH, &inner);
		ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote),
				 inner.length < 60 ? TSCF_PACKET_TRUNCATED : TSCF_PACKET_OK);
	}
}
END_TEST

/* A quoted echo request names its flow by the identifier. */
START_TEST(quoted_echo)
{
	struct tscf_packet_info outer, quote;
	struct build inner, b;

	begin(&inner, 4, IPPROTO_ICMP);
	build_icmp(&inner, ICMP_ECHO);
	build_finish(&inner);
	build_error(&b, ICMP_DEST_UNREACH, &inner);
	ck_assert_int_eq(parse_quote_cut(&b, b.length, &outer, &quote), TSCF_PACKET_OK);
	check_info(&quote, 4, IPPROTO_ICMP, BUILD_ID, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("packet ICMP");
	TCase *icmp = tcase_create("icmp");

	tcase_add_test(icmp, echo);
	tcase_add_test(icmp, icmp_types);
	tcase_add_loop_test(icmp, quotes, 0, WITH_PORTS);
	tcase_add_test(icmp, quote_ends_with_outer);
	tcase_add_test(icmp, quoted_fragment);
	tcase_add_test(icmp, bad_quotes);
	tcase_add_test(icmp, quoted_options);
	tcase_add_test(icmp, quoted_echo);
	suite_add_tcase(suite, icmp);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
