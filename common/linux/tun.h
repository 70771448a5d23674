/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun.h - a TUN device: inner packets from and to the kernel, in batches.
 */
#ifndef TSCF_TUN_H
#define TSCF_TUN_H

#include "common/packet/batch.h"

#include "common/linux/tun_steering.h"
#include "common/packet/coalesce.h"
#include "common/packet/segment.h"

#include <stdbool.h>
#include <stdint.h>

/** Bytes after which a read stops, so that what is more urgent than bulk waits for no more than this. */
#define TSCF_TUN_READ_BYTES (64 * 1024)

/** A TUN device, or one worker's part of one: it has queues of its own, and nothing is shared with the others. */
struct tscf_tun {
	char name[16]; /**< IFNAMSIZ */
	int fd;
	int urgent_fd; /**< the queue of packets with a real-time DSCP (tun_steering.h), read first; -1: they come with
			  the others */
	int index;     /**< interface index */
	uint32_t mtu;  /**< the owner's to set: TCP super-packets are split to packets of at most this */
	unsigned offloads; /**< TUN_F_* that the kernel agreed to */
	uint64_t read_packets, read_bytes, written_packets, written_bytes, write_errors;
	uint64_t malformed; /**< read with a virtio header that does not fit */
	struct tscf_coalescer *coalescer;
	struct tscf_segmenter segmenter; /**< of the super-packet in `super` */
	bool splitting;                  /**< there are segments of it left */
	uint8_t *super;                  /**< what was read last */
};

/**
 * Create the TUN device @p name (it must not exist), non-blocking and down.  IPv6 autoconfiguration and multicast are
 * off on it, so the kernel sends nothing of its own.  The device goes when tscf_tun_close is called or the process
 * dies.
 *
 * Offloads are asked for from the most to the least: TCP and UDP segmentation (kernel 6.2), TCP only, none.  The
 * environment variable TSCF_TUN_OFFLOADS ("none", "tcp") forbids some, for tests.
 *
 * @param join_udp  datagrams may be joined for the kernel: where it forwards them.  Where it delivers them to programs
 * it would show joined ones to raw sockets; see tscf_tun_join_udp.
 * @param realtime_dscps  what the urgent queue is for (dscp.h)
 *
 * @return 0, or -errno: -EBUSY if a device of that name exists, -EPERM without CAP_NET_ADMIN, -ENOENT without
 * /dev/net/tun, -EINVAL for a name that is empty or too long.
 */
int tscf_tun_open(struct tscf_tun *tun, const char *name, bool join_udp, uint64_t realtime_dscps);

/**
 * Make a device again that another program has deleted, with its name and interface index, so that rules and routes
 * with those hold again. It is down, as a new one; counters start over, the owner's MTU is kept.
 *
 * @return 0, or -errno with *tun closed.
 */
int tscf_tun_open_again(struct tscf_tun *tun, bool join_udp, uint64_t realtime_dscps);

/**
 * As tscf_tun_open for several workers: each of the @p count parts at @p tun gets the packets that @p steering has for
 * it.  The device goes when the last part is closed; none is closed while others are used.
 *
 * @param steering  for @p count workers; NULL with one: then urgent packets come with the others.
 * @return 0, or -errno with all parts closed.
 */
int tscf_tun_open_parts(struct tscf_tun *tun[], unsigned count, const char *name, bool join_udp,
			const struct tscf_tun_steering *steering);
void tscf_tun_close(struct tscf_tun *tun);

/** @return why a device could not be made, with what to do, given the -errno of tscf_tun_open; a constant text. */
const char *tscf_tun_strerror(int err);

/** From the next flush on, join datagrams for the kernel or not (packet_sniffers.h).  Nothing is queued. */
void tscf_tun_join_udp(struct tscf_tun *tun, bool join);

/**
 * Read what is there into @p ring's packets, urgent ones first, at most TSCF_BATCH_MAX of them or about
 * TSCF_TUN_READ_BYTES; super-packets become GSO batches. The ring's packets must hold TSCF_PACKET_MAX bytes.
 *
 * @return 0 (batch->count may be 0), or -errno if the device is gone or broken.
 */
int tscf_tun_read(struct tscf_tun *tun, struct tscf_ring *ring, struct tscf_batch *batch);

/** @return whether the last read ended for want of room in the batch: the caller reads again. */
bool tscf_tun_more(const struct tscf_tun *tun, const struct tscf_batch *batch);

/** Queue one packet for the kernel, or drop and count it if the device is closed.  The bytes must stay as they are
 * until the next flush. */
void tscf_tun_put(struct tscf_tun *tun, uint8_t *data, uint32_t length);
/** Write what is queued, joined where the kernel takes that; what it refuses is dropped and counted. */
void tscf_tun_flush(struct tscf_tun *tun);

#endif
