/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_frame.h - where packets and messages begin and end in a stream: tscf(7), "TRANSPORTS".
 *
 * They lie back to back.  The first four bits tell an IPv4 packet (4), an IPv6 packet (6) and a control message (1)
 * apart, and the IP total length, the IPv6 payload length or the TLVs tell how long it is.  Pure functions on hostile
 * input.
 */
#ifndef TSCF_STREAM_FRAME_H
#define TSCF_STREAM_FRAME_H

#include "common/packet/batch.h"

#include <stdint.h>

/**
 * Length of what begins at @p data, of which @p available bytes are there.
 *
 * @return the length (which may be more than @p available), 0 if more bytes are needed to tell, or -EPROTO if neither a
 * packet nor a message begins here.
 */
int tscf_frame_length(const uint8_t *data, uint32_t available);

/**
 * Take whole packets and messages from the beginning of @p length bytes at @p data: the first one, and those behind it
 * that are as long, and one more if it is shorter.  They need not be of one flow.
 *
 * @param out  data, length and gso_size are set as those of a GSO batch (batch.h)
 * @return bytes taken, 0 if the first is not all there, or -EPROTO.
 */
int tscf_frame_run(uint8_t *data, uint32_t length, struct tscf_packet *out);

#endif
