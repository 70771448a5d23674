/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aqm_filter.h - keep the queue of an outer socket short: applies aqm.h to what is read from the socket.
 */
#ifndef TSCF_AQM_FILTER_H
#define TSCF_AQM_FILTER_H

#include "common/packet/aqm.h"
#include "common/packet/batch.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Remove one packet from the end of @p packet, which arrived at @p came, if the queue is too long: the sender must slow
 * down.  Only bulk is dropped: no real-time packets of any size, no voice, signalling, acknowledgements, handshakes or
 * control messages.  Nothing is dropped unless much is waiting: packets that are late because this process was late (or
 * the machine slept) are not a queue.
 *
 * @param realtime  DSCPs of real-time packets (dscp.h): the outer DSCP, or the inner one where it is visible
 * @param came     arrival, nanoseconds since the epoch; 0: not known
 * @param now      the same clock
 * @param waiting  bytes that were read at once
 * @return whether a packet was removed; packet->length may then be 0.
 */
bool tscf_aqm_filter(struct tscf_aqm *aqm, struct tscf_packet *packet, uint64_t realtime, uint64_t came, uint64_t now,
		     uint32_t waiting);

#endif
