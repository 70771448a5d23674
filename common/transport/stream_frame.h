/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_frame.h - finds the boundaries of packets and messages in a stream: tscf(7), "TRANSPORTS".
 *
 * Packets and messages lie back to back.  The first four bits tell an IPv4 packet (4), an IPv6 packet (6), a copy of
 * one (5, copy.h) and a control message (1) apart; the IP total length, the IPv6 payload length or the TLVs give the
 * length. Pure functions on hostile input.
 */
#ifndef TSCF_STREAM_FRAME_H
#define TSCF_STREAM_FRAME_H

#include "common/packet/batch.h"

#include <stdint.h>

/**
 * Length of the packet or message that begins at @p data, of which @p available bytes are there.
 *
 * @return the length (which may be more than @p available), 0 if more bytes are needed to find it, or -EPROTO if
 * neither a packet nor a message begins here.
 */
int tscf_frame_length(const uint8_t *data, uint32_t available);

/**
 * Take whole packets and messages from the beginning of the @p length bytes at @p data: the first one, those behind it
 * that have the same length, and one more if it is shorter.  They may belong to different flows.
 *
 * @param out  data, length and gso_size are set as those of a GSO batch (batch.h)
 * @return bytes taken, 0 if the first one is incomplete, or -EPROTO.
 */
int tscf_frame_run(uint8_t *data, uint32_t length, struct tscf_packet *out);

#endif
