/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * copy.h - an inner packet that goes by several streams of one tunnel, so that one that stalls does not delay it.
 *
 * tscf(7), "REDUNDANCY", is the specification.  Network byte order.
 *
 *     0   0x53
 *     1   number of the packet among all that the sender has sent so (7)
 *     8   the inner packet, at most TSCF_COPY_INNER_MAX bytes
 *
 * A tunnel numbers such packets in each direction, and the receiver takes the first copy of each number.  Since every
 * stream keeps the order, first copies come in the order in which they were sent.  Pure functions on hostile input.
 */
#ifndef TSCF_COPY_H
#define TSCF_COPY_H

#include "common/packet/packet.h"
#include "common/packet/replay.h"

#include <stdbool.h>
#include <stdint.h>

#define TSCF_COPY_FIRST_BYTE 0x53
#define TSCF_COPY_HEADER     8
/** A larger packet goes by one stream. */
#define TSCF_COPY_INNER_MAX 1500

/** @return whether the packet may go in copies: whole, of UDP, and no larger than TSCF_COPY_INNER_MAX. */
bool tscf_copy_is_possible(const struct tscf_packet_info *info);

/** Write the header of the copies of packet @p number. */
void tscf_copy_write(uint64_t number, uint8_t header[TSCF_COPY_HEADER]);

/**
 * Read the header of the copy of @p length bytes at @p data.
 *
 * @return 0 with its number in *number, or -EINVAL: it is none, or has no inner packet of a legal size.
 */
int tscf_copy_read(const uint8_t *data, uint32_t length, uint64_t *number);

/**
 * A copy with this number came; @p came holds those that came before (all zero: none did).
 *
 * @return whether it is the first one.  One that TSCF_REPLAY_WINDOW numbers have overtaken is taken for none.
 */
bool tscf_copy_is_first(struct tscf_replay *came, uint64_t number);

#endif
