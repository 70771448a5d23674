/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/rtp_shape.h"

#include "common/base/bytes.h"

#define RTP_HEADER  12
#define RTP_VERSION 2
/** Second byte of RTCP packets (RFC 5761, section 4). */
#define RTCP_FIRST 192
#define RTCP_LAST  223
/** A larger step is another stream, or a pause. */
#define STEP_MAX 32

static bool begins_like_rtp(const uint8_t *payload, uint32_t length)
{
	return length >= RTP_HEADER && payload[0] >> 6 == RTP_VERSION &&
	       (payload[1] < RTCP_FIRST || payload[1] > RTCP_LAST);
}

void tscf_rtp_shape_next(struct tscf_rtp_shape *s, const uint8_t *payload, uint32_t length)
{
	uint16_t sequence;
	int step;

	if (!begins_like_rtp(payload, length)) {
		/* RTCP may share the flow; anything else is no RTP. */
		if (length < 2 || payload[0] >> 6 != RTP_VERSION)
			s->streak = 0;
		return;
	}
	sequence = tscf_get_u16(payload + 2);
	step = (int16_t)(sequence - s->sequence);
	if (s->streak == 0 || tscf_get_u32(payload + 8) != s->source || step > STEP_MAX || step < -STEP_MAX) {
		*s = (struct tscf_rtp_shape){
		    .source = tscf_get_u32(payload + 8), .sequence = sequence, .streak = 1, .seen = UINT64_MAX};
		return;
	}
	if (s->streak < TSCF_RTP_SURE)
		s->streak++;
	if (step > 0) {
		s->seen = s->seen << step | 1ULL << (step - 1);
		s->sequence = sequence;
	} else if (step < 0) {
		s->seen |= 1ULL << (-step - 1);
	}
}
