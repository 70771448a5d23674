/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtp_shape.h - sees whether the packets of a flow have the shape of RTP (RFC 3550), and which are missing.
 *
 * A flow has that shape while its UDP payloads begin like RTP, with one synchronisation source and sequence numbers
 * that count up.  Both ends of a tunnel apply this to the same packets; so the receiver knows what was lost without
 * being told anything.  Pure, O(1).
 */
#ifndef TSCF_RTP_SHAPE_H
#define TSCF_RTP_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

/** Packets in a row after which a flow is taken for RTP. */
#define TSCF_RTP_SURE 6

/** Zero-initialised: nothing seen. */
struct tscf_rtp_shape {
	uint32_t source;
	uint16_t sequence; /**< the highest */
	uint8_t streak;    /**< packets that fitted, at most TSCF_RTP_SURE */
	uint64_t seen;     /**< bit i: packet sequence - 1 - i was seen, or is before the first one */
};

/** The next packet of the flow; @p payload of @p length bytes is that of UDP. */
void tscf_rtp_shape_next(struct tscf_rtp_shape *s, const uint8_t *payload, uint32_t length);

static inline bool tscf_rtp_shape_is_sure(const struct tscf_rtp_shape *s)
{
	return s->streak >= TSCF_RTP_SURE;
}

#endif
