/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_world_packets.h - inner packets for the server of server_world.h, and what it decides about them.
 */
#ifndef TSCF_TESTS_SERVER_WORLD_PACKETS_H
#define TSCF_TESTS_SERVER_WORLD_PACKETS_H

#include "tests/unit/server_world.h"
#include "tscf-server/dtte.h"

/** An inner packet. */
struct world_packet {
	uint8_t data[256];
	uint32_t length;
};

struct world_packet world_udp(const struct tscf_addr *from, uint16_t from_port, const struct tscf_addr *to,
			      uint16_t to_port);
/** Make a packet, whose upper layer is a multiple of 8 bytes, a fragment; a later one is cleared of ports. */
void world_cut(struct world_packet *p, uint16_t id, bool first);
/** A fragment of a UDP packet. */
struct world_packet world_fragment(const struct tscf_addr *from, uint16_t from_port, const struct tscf_addr *to,
				   uint16_t to_port, uint16_t id, bool first);
/** ICMP port unreachable from @p from to @p to, quoting the first @p quoted bytes of @p quote. */
struct world_packet world_icmp_error(const struct tscf_addr *from, const struct tscf_addr *to,
				     const struct world_packet *quote, uint32_t quoted);
/** ICMP echo request (8) or reply (0). */
struct world_packet world_echo(const struct tscf_addr *from, const struct tscf_addr *to, uint8_t type, uint16_t id);

/** What the server decides about @p p. */
struct server_decision world_down(struct world *w, const struct world_packet *p);
struct server_decision world_up(struct world_client *c, const struct world_packet *p, bool encrypted);

#endif
