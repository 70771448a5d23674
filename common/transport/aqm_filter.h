/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aqm_filter.h - keeping the queue of an outer socket short: aqm.h applied to what is read from it.
 */
#ifndef TSCF_AQM_FILTER_H
#define TSCF_AQM_FILTER_H

#include "common/packet/aqm.h"
#include "common/packet/batch.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Take one packet off the end of @p packet, which came at @p came, if the queue is too long: the sender must slow down.
 * Only bulk goes, no real-time packets of any size, no voice, signalling, acknowledgements, handshakes or control
 * messages; and only where much is waiting: what is late because this process was (or because the machine slept) is no
 * queue.
 *
 * @param realtime  what real-time packets are marked with (dscp.h): the outer one, or the inner one where it shows
 * @param came     nanoseconds since the epoch; 0: not known
 * @param now      the same clock
 * @param waiting  bytes that were read at once
 * @return whether one was taken; packet->length may be 0 then.
 */
bool tscf_aqm_filter(struct tscf_aqm *aqm, struct tscf_packet *packet, uint64_t realtime, uint64_t came, uint64_t now,
		     uint32_t waiting);

#endif
