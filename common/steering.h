/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * steering.h - a program for the kernel that tells urgent packets from bulk by their DSCP.
 *
 * Attached to a TUN device with two queues (TUNSETSTEERINGEBPF) it sends real-time packets to queue 1 and all others to queue 0, so that
 * a voice packet does not wait behind a bulk upload in the kernel.
 */
#ifndef TSCF_STEERING_H
#define TSCF_STEERING_H

#include <stdint.h>

/** Real-time DSCPs as bits: CS5 (40), VOICE-ADMIT (44, RFC 5865), EF (46, RFC 3246), CS6 (48). */
#define TSCF_URGENT_DSCPS (1ULL << 40 | 1ULL << 44 | 1ULL << 46 | 1ULL << 48)

/**
 * Load the program that returns 1 for packets whose DSCP is in @p dscps, else 0.  Needs CAP_BPF or CAP_SYS_ADMIN.
 *
 * @return a descriptor, or -errno.
 */
int tscf_steering_load(uint64_t dscps);

#endif
