/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet_build.h - IP packets for tests, put together header by header.
 *
 * build_ipv4 or build_ipv6 begins a packet, every other call appends, build_finish writes the length.  Checksums stay
 * zero.
 */
#ifndef TSCF_TESTS_PACKET_BUILD_H
#define TSCF_TESTS_PACKET_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#define BUILD_ID    0x1234
#define BUILD_TOS   0xb8
#define BUILD_SPORT 5060
#define BUILD_DPORT 6050
#define IPV4_DF     0x4000
#define IPV4_MF     0x2000

struct build {
	uint8_t data[4096];
	uint32_t length;
};

/** Begin with 10.1.2.3 -> 192.0.2.9 and @p options bytes of options; @p place is the flags and fragment offset field.
 */
void build_ipv4(struct build *b, uint8_t protocol, uint16_t place, uint32_t options);
/** Begin with 2001:db8::1 -> 2001:db8::2. */
void build_ipv6(struct build *b, uint8_t next);
void build_bytes(struct build *b, const void *bytes, uint32_t length);
void build_zero(struct build *b, uint32_t length);
/** Append an extension header of @p size bytes, a multiple of 8 (AH: of 4). */
void build_extension(struct build *b, uint8_t type, uint8_t next, uint32_t size);
/** Append a fragment header; @p offset in bytes. */
void build_fragment(struct build *b, uint8_t next, uint16_t offset, bool more);
/** Append an upper-layer header of @p size bytes that begins with BUILD_SPORT and BUILD_DPORT. */
void build_ports(struct build *b, uint32_t size);
/** Append an ICMP header of 8 bytes whose identifier is BUILD_ID. */
void build_icmp(struct build *b, uint8_t type);
void build_finish(struct build *b);

#endif
