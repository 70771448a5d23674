/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/packet_case.h"
#include "tests/unit/runner.h"

#include <stdlib.h>
#include <string.h>

const struct packet_ports with_ports[WITH_PORTS] = {
    {IPPROTO_TCP, 20}, {IPPROTO_UDP, 8}, {IPPROTO_UDPLITE, 8}, {IPPROTO_SCTP, 12}, {IPPROTO_DCCP, 12},
};

enum tscf_packet_error parse_cut(const struct build *b, uint32_t length, struct tscf_packet_info *info)
{
	uint8_t *exact = malloc(length);
	enum tscf_packet_error error;

	memcpy(exact, b->data, length);
	error = tscf_packet_parse(exact, length, info);
	free(exact);
	return error;
}

enum tscf_packet_error parse(const struct build *b, struct tscf_packet_info *info)
{
	return parse_cut(b, b->length, info);
}

void check_info(const struct tscf_packet_info *info, uint8_t version, uint8_t protocol, uint16_t sport, uint16_t dport)
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

void begin(struct build *b, uint8_t version, uint8_t protocol)
{
	if (version == 4)
		build_ipv4(b, protocol, 0, 0);
	else
		build_ipv6(b, protocol);
}
