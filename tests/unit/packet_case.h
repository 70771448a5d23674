/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet_case.h - packets for the tests of their parser.  Every input lies in a heap block of exactly its size, so that
 * a sanitizer sees any read past it.
 *
 * The names have no prefix, so that the tests stay readable.
 */
#ifndef TSCF_TESTS_PACKET_CASE_H
#define TSCF_TESTS_PACKET_CASE_H

#include "common/packet/packet.h"
#include "tests/unit/packet_build.h"

/** The protocols with ports, and the sizes of their headers. */
#define WITH_PORTS 5
extern const struct packet_ports {
	uint8_t protocol;
	uint32_t size;
} with_ports[WITH_PORTS];

enum tscf_packet_error parse(const struct build *b, struct tscf_packet_info *info);
/** Parse the first @p length bytes. */
enum tscf_packet_error parse_cut(const struct build *b, uint32_t length, struct tscf_packet_info *info);
/** Check what the parser has found in a packet of packet_build.h. */
void check_info(const struct tscf_packet_info *info, uint8_t version, uint8_t protocol, uint16_t sport, uint16_t dport);
/** Begin a packet of either version whose upper layer is @p protocol. */
void begin(struct build *b, uint8_t version, uint8_t protocol);

#endif
