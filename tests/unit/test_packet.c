/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The packet parser.  Every input lies in a heap block of exactly its size, so that a sanitizer sees any read past it.
 */
#include "common/base/bytes.h"
#include "common/packet/packet.h"
#include "tests/unit/packet_build.h"
#include "tests/unit/runner.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	uint8_t protocol;
	uint32_t size;
} with_ports[] = {
    {IPPROTO_TCP, 20}, {IPPROTO_UDP, 8}, {IPPROTO_UDPLITE, 8}, {IPPROTO_SCTP, 12}, {IPPROTO_DCCP, 12},
};
#define WITH_PORTS (int)(sizeof(with_ports) / sizeof(with_ports[0]))

static const uint8_t errors4[] = {ICMP_DEST_UNREACH, ICMP_SOURCE_QUENCH, ICMP_REDIRECT, ICMP_TIME_EXCEEDED,
				  ICMP_PARAMETERPROB};
static const uint8_t errors6[] = {
    ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB, 100, 127};

/* Parse the first @length bytes. */
static enum tscf_packet_error parse_cut(const struct build *b, uint32_t length, struct tscf_packet_info *info)
{
	uint8_t *exact = malloc(length);
	enum tscf_packet_error error;

	memcpy(exact, b->data, length);
	error = tscf_packet_parse(exact, length, info);
	free(exact);
	return error;
}

static enum tscf_packet_error parse(const struct build *b, struct tscf_packet_info *info)
{
	return parse_cut(b, b->length, info);
}

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

static void check_info(const struct tscf_packet_info *info, uint8_t version, uint8_t protocol, uint16_t sport,
		       uint16_t dport)
{
	char source[TSCF_ADDR_TEXT], destination[TSCF_ADDR_TEXT];

	ck_assert_str_eq(tscf_addr_format(&info->source, source), version == 4 ? "10.1.2.3" : "2001:db8::1");
	ck_assert_str_eq(tscf_addr_format(&info->destination, destination), version == 4 ? "192.0.2.9" : "2001:db8::2");
	ck_assert_uint_eq(info->version, version);
	ck_assert_uint_eq(info->protocol, protocol);
	ck_assert_uint_eq(info->source_port, sport);
	ck_assert_uint_eq(info->destination_port, dport);
	ck_assert_uint_eq(info->tos, BUILD_TOS);
}

/* Begin a packet of either version whose upper layer is @protocol. */
static void begin(struct build *b, uint8_t version, uint8_t protocol)
{
	if (version == 4)
		build_ipv4(b, protocol, 0, 0);
	else
		build_ipv6(b, protocol);
}

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

/* Put @inner into an ICMP error of its version. */
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
	Suite *suite = suite_create("packet");
	TCase *ip = tcase_create("ip");
	TCase *icmp = tcase_create("icmp");
	TCase *ipv6 = tcase_create("ipv6");

	tcase_add_loop_test(ip, ports, 0, WITH_PORTS);
	tcase_add_loop_test(ip, upper_cut_by_length, 0, WITH_PORTS);
	tcase_add_test(ip, trailing);
	tcase_add_test(ip, no_ports);
	tcase_add_test(ip, other_version);
	tcase_add_test(ip, ipv4_header);
	tcase_add_loop_test(ip, ipv4_fragments, 0, WITH_PORTS);
	tcase_add_test(ip, ipv4_bad_fragments);
	suite_add_tcase(suite, ip);
	tcase_add_test(icmp, echo);
	tcase_add_test(icmp, icmp_types);
	tcase_add_loop_test(icmp, quotes, 0, WITH_PORTS);
	tcase_add_test(icmp, quote_ends_with_outer);
	tcase_add_test(icmp, quoted_fragment);
	tcase_add_test(icmp, bad_quotes);
	tcase_add_test(icmp, quoted_options);
	tcase_add_test(icmp, quoted_echo);
	suite_add_tcase(suite, icmp);
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
