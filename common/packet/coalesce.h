/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coalesce.h - merges ordinary inner packets into super-packets for a TUN device with offloads.
 *
 * Packets of one TCP connection that follow each other, or equal UDP datagrams of one flow, become super-packets: a
 * struct virtio_net_hdr, one header, and the payloads where they lie.  The rules are those of the kernel's own receive
 * offload (net/ipv4/tcp_offload.c, udp_offload.c): the kernel splits a super-packet into exactly the packets that were
 * merged, byte for byte except for the IPv4 identification.
 *
 *   - Nothing is trusted: IPv4 header and transport checksums of all merged packets are verified first.  A packet
 *     with a wrong checksum passes unchanged and alone; its receiver rejects it.
 *   - Merged are: IPv4 without options and fragments, IPv6 without extension headers; the same addresses, ports, TTL,
 *     TOS, flow label, DF; IPv4 identification that counts up by one or, with DF, stays the same.
 *   - TCP: no flag but ACK, ECE and PSH, which ends a GSO batch; acknowledgement, window, ECE and options the
 *     same; sequence without a gap.  UDP: with a checksum.
 *   - Payloads of one size; the last one may be smaller.
 *   - The order within a flow is kept; the order of different flows is not.  Fragments and packets with IP options or
 *     extension headers keep their place among all others, because it is not known which flow they belong to.
 *
 * No I/O, and no allocation except for the coalescer itself.
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

/** Which super-packets the kernel takes; bits. */
enum tscf_coalesce_kinds {
	TSCF_COALESCE_TCP4 = 1,
	TSCF_COALESCE_TCP6 = 2,
	TSCF_COALESCE_UDP = 4, /**< for both IP versions: TUN_F_USO4 and TUN_F_USO6 exist only together */
};

/** One write to the device: writev(fd, iov, iov_count). */
struct tscf_super {
	struct iovec *iov;  /**< the virtio header is first */
	unsigned iov_count; /**< at most TSCF_COALESCE_SEGMENTS + 1 */
	unsigned packets;   /**< merged into it */
	uint32_t bytes;     /**< bytes of these packets before merging */
};

/** @return packet @p i of those that are merged into @p super, as it was before; @p super has more than one. */
struct iovec tscf_super_packet(const struct tscf_super *super, unsigned i);

struct tscf_coalescer;

/** Make a coalescer that merges @p kinds, at most @p segments (1 to TSCF_COALESCE_SEGMENTS) into one.  @return NULL: no
 * memory. */
struct tscf_coalescer *tscf_coalescer_new(unsigned kinds, unsigned segments);
void tscf_coalescer_free(struct tscf_coalescer *c);

/** Merge @p kinds from the next round on. */
void tscf_coalescer_set_kinds(struct tscf_coalescer *c, unsigned kinds);

/** Begin a round: forget all packets. */
void tscf_coalesce_begin(struct tscf_coalescer *c);

/**
 * Add a packet of @p length (> 0) bytes.  The bytes must not change until the output of tscf_coalesce_finish has been
 * written.
 *
 * @return false if the round has TSCF_COALESCE_PACKETS already: finish it, write, and begin a new round.
 */
bool tscf_coalesce_add(struct tscf_coalescer *c, uint8_t *data, uint32_t length);

/**
 * End the round.
 *
 * @return the number of writes; @p writes points to them, in the order of writing.  They are valid until the next
 * tscf_coalesce_begin.
 */
unsigned tscf_coalesce_finish(struct tscf_coalescer *c, const struct tscf_super **writes);

#endif
