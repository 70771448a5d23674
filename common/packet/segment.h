/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * segment.h - splits what a TUN device with offloads gives into ordinary inner packets.
 *
 * With IFF_VNET_HDR a read gives a struct virtio_net_hdr and one packet, which may be a super-packet: up to 64 KB of
 * one TCP connection, or several equal UDP datagrams, under one header.  It is split as the kernel's own segmentation
 * does it (net/ipv4/tcp_offload.c, udp_offload.c).  The results are GSO batches: packets back to back, all of one size
 * except the last one, as one sendmsg with UDP_SEGMENT takes them.
 *
 * Pure: no I/O, no allocation.  Every length is checked before it is used.
 */
#ifndef TSCF_SEGMENT_H
#define TSCF_SEGMENT_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

/** Most bytes of IP and transport header of a split packet: 60 with all IPv4 options and 60 with all TCP options. */
#define TSCF_SEGMENT_HEADER_MAX 120

/** The state of one packet being split.  The caller owns the memory; only segment.c uses the members. */
struct tscf_segmenter {
	uint8_t *data; /**< the packet as read */
	uint32_t length;
	uint32_t next;          /**< first byte of payload that is not written yet; equal to length: all is written */
	uint32_t header;        /**< bytes of IP and transport header */
	uint32_t transport;     /**< offset of the transport header */
	uint32_t payload;       /**< bytes of payload in each segment but the last */
	uint32_t sequence;      /**< TCP: sequence number of the next segment */
	uint64_t ip_sum;        /**< of the IPv4 header without the fields that differ between the segments */
	uint64_t transport_sum; /**< of pseudo-header and transport header without the fields that differ */
	uint16_t id;            /**< IPv4: identification of the next segment */
	uint8_t first_flags;    /**< TCP flags of the first segment only */
	uint8_t last_flags;     /**< TCP flags of the last segment only */
	uint8_t flags;          /**< TCP flags of all segments */
	bool whole;             /**< not to be split */
	bool ipv4, tcp;
	uint8_t headers[TSCF_SEGMENT_HEADER_MAX]; /**< the fields that differ between the segments are zero */
};

/** Packets back to back. */
struct tscf_gso_batch {
	uint8_t *data; /**< the first one */
	uint32_t count;
	uint32_t size; /**< bytes of each one but the last */
	uint32_t last; /**< bytes of the last one, at most size */
};

/**
 * Begin with the @p length bytes at @p data, read from a TUN device under @p vnet (in host byte order).  They are
 * changed, and must stay in memory until the last GSO batch has been used.
 *
 * If a packet that is not to be split has an incomplete checksum, the checksum is completed; nothing else is checked.
 *
 * TCP segments are at most @p limit bytes long with their headers, even if the kernel meant them to be longer.  UDP
 * datagrams keep their size, because it has a meaning for their receiver; packets that are not to be split keep theirs
 * too.
 *
 * @return 0; -EINVAL if the packet and its virtio header contradict each other (no kernel makes such a packet),
 * -EMSGSIZE if no payload fits into @p limit.
 */
int tscf_segment_begin(struct tscf_segmenter *s, const struct virtio_net_hdr *vnet, uint8_t *data, uint32_t length,
		       uint32_t limit);

/**
 * Write the next packets, at most @p most (> 0), to the @p room bytes at @p out.  A packet that is not split is not
 * copied either: batch->data is then the packet itself.
 *
 * @return true with @p batch filled, or false if all are written, or if not even one fits into @p room.  A room of
 * TSCF_PACKET_MAX bytes is enough for any packet.
 */
bool tscf_segment_next(struct tscf_segmenter *s, uint8_t *out, uint32_t room, uint32_t most,
		       struct tscf_gso_batch *batch);

#endif
