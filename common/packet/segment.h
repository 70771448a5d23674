/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * segment.h - from what a TUN device with offloads hands out to ordinary inner packets.
 *
 * With IFF_VNET_HDR a read gives a struct virtio_net_hdr and one packet, which may be a super-packet: up to 64 KB of
 * one TCP connection, or several equal UDP datagrams, under one header.  It is split as the kernel's own segmentation
 * does it (net/ipv4/tcp_offload.c, udp_offload.c), into GSO batches of packets that lie back to back and are all of one size,
 * the last one excepted: what one sendmsg with UDP_SEGMENT takes.
 *
 * Pure: no I/O, no allocation.  Every length is checked before it is used.
 */
#ifndef TSCF_SEGMENT_H
#define TSCF_SEGMENT_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

/** Most bytes of IP and transport header of what is split: 60 with all IPv4 options and 60 with all TCP options. */
#define TSCF_SEGMENT_HEADER_MAX 120

/** The state of one packet being split; its memory is the caller's, its members are segment.c's. */
struct tscf_segmenter {
	uint8_t *data; /**< the packet as read */
	uint32_t length;
	uint32_t next;          /**< first byte of payload that is not written yet; length: all is */
	uint32_t header;        /**< bytes of IP and transport header */
	uint32_t transport;     /**< offset of the transport header */
	uint32_t payload;       /**< bytes of payload in each segment but the last */
	uint32_t sequence;      /**< TCP: of the next segment */
	uint64_t ip_sum;        /**< of the IPv4 header without what differs between the segments */
	uint64_t transport_sum; /**< of pseudo-header and transport header without what differs */
	uint16_t id;            /**< IPv4: of the next segment */
	uint8_t first_flags;    /**< TCP flags of the first segment only */
	uint8_t last_flags;     /**< TCP flags of the last segment only */
	uint8_t flags;          /**< TCP flags of all */
	bool whole;             /**< not to be split */
	bool ipv4, tcp;
	uint8_t headers[TSCF_SEGMENT_HEADER_MAX]; /**< what differs between the segments is zero */
};

/** Packets back to back. */
struct tscf_gso_batch {
	uint8_t *data; /**< the first one */
	uint32_t count;
	uint32_t size; /**< bytes of each one but the last */
	uint32_t last; /**< bytes of the last one, at most size */
};

/**
 * Begin with the @p length bytes at @p data, read from a TUN device under @p vnet (in this machine's byte order).  They
 * are changed, and must stay until the last GSO batch has been used.
 *
 * A packet that is not to be split gets its checksum completed here if it has none yet; nothing else is looked at.
 *
 * TCP segments are at most @p limit bytes long with their headers, even if the kernel meant them to be longer.  UDP
 * datagrams keep their size, which means something to their receiver, and so do packets that are not to be split.
 *
 * @return 0; -EINVAL if the packet and its virtio header do not fit each other (nothing that a kernel makes), -EMSGSIZE
 * if no payload fits into @p limit.
 */
int tscf_segment_begin(struct tscf_segmenter *s, const struct virtio_net_hdr *vnet, uint8_t *data, uint32_t length,
		       uint32_t limit);

/**
 * Write the next packets to the @p room bytes at @p out, at most @p most (> 0) of them.  What is not split is not
 * copied either: batch->data is then the packet itself.
 *
 * @return true with @p batch filled, or false if all are written, or if not even one fits into @p room.  A room of
 * TSCF_PACKET_MAX bytes is enough for any one.
 */
bool tscf_segment_next(struct tscf_segmenter *s, uint8_t *out, uint32_t room, uint32_t most, struct tscf_gso_batch *batch);

#endif
