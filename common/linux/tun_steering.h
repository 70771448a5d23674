/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun_steering.h - a program for the kernel that selects the queue of a TUN device for each packet.
 *
 * A device has two queues for each worker that reads it: an even one for bulk and, after it, an odd one for real-time
 * packets, so that a voice packet does not wait behind a bulk upload in the kernel.  The DSCP says which packets are
 * real-time.
 *
 * Several workers (of a server) share the destination addresses: worker n has those whose last 32 bits, modulo the
 * number of workers, are n.  That needs no table.  The few addresses that were given to another worker are in a map
 * that the program looks up first.
 */
#ifndef TSCF_TUN_STEERING_H
#define TSCF_TUN_STEERING_H

#include "common/base/addr.h"
#include "common/packet/dscp.h"

#include <stdint.h>

/** A TUN device has at most 256 queues. */
#define TSCF_WORKERS_MAX 64

struct tscf_tun_steering {
	int program;    /**< for TUNSETSTEERINGEBPF */
	int exceptions; /**< the map; -1 with one worker */
	unsigned workers;
};

/**
 * Load the program for @p workers workers (1 to TSCF_WORKERS_MAX) and the real-time DSCPs @p dscps (dscp.h).  Needs
 * CAP_BPF, and CAP_NET_ADMIN for several workers, or CAP_SYS_ADMIN.
 *
 * @return 0, or -errno with nothing left to close.
 */
int tscf_tun_steering_open(struct tscf_tun_steering *s, uint64_t dscps, unsigned workers);
/** Close the descriptors.  The kernel keeps the program and the map as long as a device uses them. */
void tscf_tun_steering_close(struct tscf_tun_steering *s);

/** @return the worker that @p addr belongs to without an exception. */
unsigned tscf_tun_steering_worker(const struct tscf_addr *addr, unsigned workers);
/**
 * From now on packets to @p addr go to @p worker.  Any thread may call it.
 *
 * @return 0; or -errno: -E2BIG when there are too many exceptions, -EPERM before Linux 5.19 without CAP_BPF.
 */
int tscf_tun_steering_set(const struct tscf_tun_steering *s, const struct tscf_addr *addr, unsigned worker);
/** From now on packets to @p addr go to the worker of tscf_tun_steering_worker again. */
void tscf_tun_steering_clear(const struct tscf_tun_steering *s, const struct tscf_addr *addr);

#endif
