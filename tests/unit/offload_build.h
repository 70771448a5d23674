/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * offload_build.h - super-packets for tests, and a slow judge of ordinary packets that shares no code with what it
 * judges.
 */
#ifndef TSCF_TESTS_OFFLOAD_BUILD_H
#define TSCF_TESTS_OFFLOAD_BUILD_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define OFFLOAD_ID      0xfffe /* so that counting up passes the end */
#define OFFLOAD_SEQ     0xffffff00U
#define OFFLOAD_IPV4_DF 0x4000

#define FIN 0x01
#define SYN 0x02
#define PSH 0x08
#define ACK 0x10
#define ECE 0x40
#define CWR 0x80

/** What to build; zeros mean TCP over IPv4 without options, with ACK. */
struct offload_shape {
	bool ipv6, udp, no_df;
	uint8_t ip_options;  /* IPv4: bytes, a multiple of 4 */
	uint8_t tcp_options; /* bytes, a multiple of 4 */
	uint8_t flags;       /* TCP, besides ACK */
	uint16_t sport;      /* 0: some */
	uint32_t seq;        /* TCP, added to OFFLOAD_SEQ */
	uint16_t id;         /* IPv4, added to OFFLOAD_ID */
	uint8_t fill;        /* what the payload's pattern begins with */
	uint32_t payload;
};

struct offload_packet {
	uint8_t data[65536];
	uint32_t length, header, ip_header;
};

/** Bytes of both headers of @p shape. */
uint32_t offload_header(const struct offload_shape *shape);
/** Build an ordinary packet with right checksums. */
void offload_plain(struct offload_packet *p, const struct offload_shape *shape);
/** Build what the kernel hands out: the pseudo-header's sum in the place of the checksum, and the virtio header. */
void offload_super(struct offload_packet *p, const struct offload_shape *shape, uint16_t gso_size,
		   struct virtio_net_hdr *vnet);

/** The Internet checksum, two bytes at a time, as RFC 1071 writes it down.  @return in host order. */
uint16_t slow_checksum(const uint8_t *data, uint32_t length, uint32_t begin);
/** @return what is wrong with the packet (lengths, IPv4 header checksum, transport checksum), or NULL. */
const char *slow_judge(const uint8_t *data, uint32_t length);

uint16_t get16(const uint8_t *p);
uint32_t get32(const uint8_t *p);
void set16(uint8_t *p, uint16_t value);
void set32(uint8_t *p, uint32_t value);

#endif
