/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coalesce.h - from ordinary inner packets to what a TUN device with offloads takes.
 *
 * Runs of packets of one TCP connection, or of equal UDP datagrams of one flow, become super-packets: a struct
 * virtio_net_hdr, one header, and the payloads where they lie.  The rules are those of the kernel's own receive offload
 * (net/ipv4/tcp_offload.c, udp_offload.c): what the kernel makes of a super-packet is what was merged, byte for byte
 * but for the IPv4 identification.
 *
 *   - Nothing is believed: IPv4 header and transport checksums of all that is merged are verified first.  A packet
 *     whose checksum is wrong passes unchanged and alone, and is the receiver's to refuse.
 *   - Merged are: IPv4 without options and fragments, IPv6 without extension headers; the same addresses, ports, TTL,
 *     TOS, flow label, DF; IPv4 identification counting up by one, or with DF all the same.
 *   - TCP: no flag but ACK, ECE and PSH, which ends a GSO batch; acknowledgement, window, ECE and options the same; sequence
 *     without a gap.  UDP: with a checksum.
 *   - Payloads of one size, the last one at most that.
 *   - The order within a flow is kept.  That of different flows is not, but fragments and what has IP options or
 *     extension headers stay where they are among all others, as it is not known which flow they belong to.
 *
 * No I/O, and no allocation but for the coalescer itself.
 */
#ifndef TSCF_COALESCE_H
#define TSCF_COALESCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/** Most packets in one round. */
#define TSCF_COALESCE_PACKETS 256
/** Most packets in one super-packet. */
#define TSCF_COALESCE_SEGMENTS 64

/** What the kernel takes as super-packets; bits. */
enum tscf_coalesce_kinds {
	TSCF_COALESCE_TCP4 = 1,
	TSCF_COALESCE_TCP6 = 2,
	TSCF_COALESCE_UDP = 4, /**< of both IP versions, as TUN_F_USO4 and TUN_F_USO6 come only together */
};

/** One write to the device: writev(fd, iov, iov_count). */
struct tscf_super {
	struct iovec *iov;  /**< the virtio header first */
	unsigned iov_count; /**< at most TSCF_COALESCE_SEGMENTS + 1 */
	unsigned packets;   /**< merged in it */
	uint32_t bytes;     /**< of these packets, as they came */
};

struct tscf_coalescer;

/** Make a coalescer that merges @p kinds, at most @p segments (1 to TSCF_COALESCE_SEGMENTS) into one.  @return NULL: no
 * memory. */
struct tscf_coalescer *tscf_coalescer_new(unsigned kinds, unsigned segments);
void tscf_coalescer_free(struct tscf_coalescer *c);

/** From the next round on, merge @p kinds. */
void tscf_coalescer_set_kinds(struct tscf_coalescer *c, unsigned kinds);

/** Begin a round: forget all packets. */
void tscf_coalesce_begin(struct tscf_coalescer *c);

/**
 * Add a packet of @p length (> 0) bytes.  The bytes must stay as they are until what tscf_coalesce_finish gives has
 * been written.
 *
 * @return false if the round has TSCF_COALESCE_PACKETS already: finish it, write, and start over.
 */
bool tscf_coalesce_add(struct tscf_coalescer *c, uint8_t *data, uint32_t length);

/**
 * End the round.
 *
 * @return how many writes there are, in the order to be kept; @p writes points to them.  They are valid until the next
 * tscf_coalesce_begin.
 */
unsigned tscf_coalesce_finish(struct tscf_coalescer *c, const struct tscf_super **writes);

#endif
