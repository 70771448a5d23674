/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun.h - a TUN device: inner packets from the kernel and to it, in batches.
 */
#ifndef TSCF_TUN_H
#define TSCF_TUN_H

#include "common/packet/batch.h"

#include "common/linux/tun_steering.h"
#include "common/packet/coalesce.h"
#include "common/packet/segment.h"

#include <stdbool.h>
#include <stdint.h>

/** Bytes after which a read stops, so that more urgent packets wait for no more bulk than this. */
#define TSCF_TUN_READ_BYTES (64 * 1024)

/** A TUN device, or one worker's part of it: each part has its own queues, and shares nothing with the other parts. */
struct tscf_tun {
	char name[16]; /**< IFNAMSIZ */
	int fd;
	int urgent_fd;     /**< for packets with a real-time DSCP (tun_steering.h), read first; -1: fd has these too */
	int index;         /**< interface index */
	uint32_t mtu;      /**< set by the owner: TCP super-packets are split into packets of at most this size */
	unsigned offloads; /**< TUN_F_* that the kernel agreed to */
	uint64_t read_packets, read_bytes, written_packets, written_bytes, write_errors;
	uint64_t malformed; /**< packets read with a virtio header that does not fit them */
	struct tscf_coalescer *coalescer;
	struct tscf_segmenter segmenter; /**< of the super-packet in `super` */
	bool splitting;                  /**< some of its segments are left */
	uint8_t *super;                  /**< the packet read last */
};

/**
 * Create the TUN device @p name (it must not exist), non-blocking and down.  IPv6 autoconfiguration and multicast are
 * off, so the kernel sends nothing of its own.  The device disappears when tscf_tun_close is called or the process
 * ends.
 *
 * Offloads are requested from the most to the least: TCP and UDP segmentation (kernel 6.2), TCP only, none.  The
 * environment variable TSCF_TUN_OFFLOADS ("none", "tcp") forbids some, for tests.
 *
 * @param join_udp  datagrams may be joined for the kernel: right where the kernel forwards them.  Where it delivers
 * them to programs, raw sockets would get joined datagrams; see tscf_tun_join_udp.
 * @param realtime_dscps  which packets use the urgent queue (dscp.h)
 *
 * @return 0, or -errno: -EBUSY if a device of that name exists, -EPERM without CAP_NET_ADMIN, -ENOENT without
 * /dev/net/tun, -EINVAL for a name that is empty or too long.
 */
int tscf_tun_open(struct tscf_tun *tun, const char *name, bool join_udp, uint64_t realtime_dscps);

/**
 * Create again a device that another program has deleted, with its name and interface index, so that rules and routes
 * that name these are valid again.  The device is down, like a new one; counters start at 0, the owner's MTU is kept.
 *
 * @return 0, or -errno with *tun closed.
 */
int tscf_tun_open_again(struct tscf_tun *tun, bool join_udp, uint64_t realtime_dscps);

/**
 * Like tscf_tun_open for several workers: each of the @p count parts at @p tun gets the packets that @p steering
 * assigns to it.  The device disappears when the last part is closed; no part is closed while others are in use.
 *
 * @param index  the interface index that the device is to have; 0: any
 * @param steering  for @p count workers; NULL with one worker: then urgent packets share a queue with the others.
 * @return 0, or -errno with all parts closed: -EBUSY if the name or the index is in use.
 */
int tscf_tun_open_parts(struct tscf_tun *tun[], unsigned count, const char *name, int index, bool join_udp,
			const struct tscf_tun_steering *steering);
/** Close a device, or a part of one. */
void tscf_tun_close(struct tscf_tun *tun);

/** @return why a device could not be created, and what to do, for the -errno of tscf_tun_open; a constant text. */
const char *tscf_tun_strerror(int err);

/**
 * Set whether datagrams are joined for the kernel from the next flush on (packet_sniffers.h).  Call it when nothing is
 * queued.
 */
void tscf_tun_join_udp(struct tscf_tun *tun, bool join);

/**
 * Read waiting packets into @p ring's packets, urgent ones first, at most TSCF_BATCH_MAX of them or about
 * TSCF_TUN_READ_BYTES; super-packets become GSO batches.  The ring's packets must hold TSCF_PACKET_MAX bytes.
 *
 * @return 0 (batch->count may be 0), or -errno if the device is gone or broken.
 */
int tscf_tun_read(struct tscf_tun *tun, struct tscf_ring *ring, struct tscf_batch *batch);

/** @return whether the last read ended because the batch was full: then the caller reads again. */
bool tscf_tun_more(const struct tscf_tun *tun, const struct tscf_batch *batch);

/**
 * Queue one packet for the kernel, or drop and count it if the device is closed.  The bytes must not change until the
 * next flush.
 */
void tscf_tun_put(struct tscf_tun *tun, uint8_t *data, uint32_t length);
/** Write the queued packets, joined if the kernel takes joined packets; what it refuses one by one is dropped and
 * counted. */
void tscf_tun_flush(struct tscf_tun *tun);

#endif
