/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun.h - a TUN device: inner packets from and to the kernel, in batches.
 */
#ifndef TSCF_TUN_H
#define TSCF_TUN_H

#include "batch.h"

#include <stdbool.h>
#include <stdint.h>

struct tscf_tun {
	char name[16]; /**< IFNAMSIZ */
	int fd;
	int index;     /**< interface index */
	uint64_t read_packets, read_bytes, written_packets, written_bytes, write_errors;
};

/**
 * Create the TUN device @p name (it must not exist), non-blocking and down.  IPv6 autoconfiguration and multicast are
 * off on it, so the kernel sends nothing of its own.  The device goes when tscf_tun_close is called or the process
 * dies.
 *
 * @return 0, or -errno: -EBUSY if a device of that name exists, -EPERM without CAP_NET_ADMIN, -ENOENT without
 * /dev/net/tun, -EINVAL for a name that is empty or too long.
 */
int tscf_tun_open(struct tscf_tun *tun, const char *name);
void tscf_tun_close(struct tscf_tun *tun);

/**
 * Read what is there, at most TSCF_BATCH_MAX packets, into @p ring's packets.
 *
 * @return 0 (batch->count may be 0), or -errno if the device is gone or broken.
 */
int tscf_tun_read(struct tscf_tun *tun, struct tscf_ring *ring, struct tscf_batch *batch);

/** Write every packet of the batch to the kernel; one that the kernel refuses is dropped and counted. */
void tscf_tun_write(struct tscf_tun *tun, struct tscf_batch *batch);

#endif
