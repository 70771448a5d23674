/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * adapt.h - how many repair packets the sender of a flow makes, by the loss that the receiver reports.
 *
 * None while nothing is lost; one after each source packet when something is; more when much is lost, or in bursts.
 * They end when nothing has been lost for TSCF_ADAPT_HOLD_MS; or, where losses are rare, so that some of them come
 * further apart than that, for TSCF_ADAPT_HOLD_RARE_MS.  Pure; times are milliseconds of a monotonic clock.
 */
#ifndef TSCF_ADAPT_H
#define TSCF_ADAPT_H

#include "common/packet/services.h"
#include "common/redundancy/repair.h"
#include "common/redundancy/rtp_shape.h"

#define TSCF_ADAPT_HOLD_MS      5000
#define TSCF_ADAPT_HOLD_RARE_MS 20000
/** How long bursts are expected after the last ones. */
#define TSCF_ADAPT_BURSTS_MS 30000

/** Zero-initialised: nothing is lost. */
struct tscf_adapt {
	struct tscf_rtp_shape sent;    /**< what was sent */
	uint64_t until;                /**< repair packets are made before this time */
	uint64_t bursts_until;         /**< losses have come in bursts; before this time they are expected to */
	uint64_t lost_at;              /**< when a loss was last reported; 0: never */
	uint32_t expected, lost, runs; /**< lately */
	uint16_t seen_expected, seen_lost, seen_runs;
	uint8_t half; /**< half repair packets that are due */
};

/** A source packet of a socket with this @p redundancy (services.h) is sent; @p payload of @p length bytes is that of
 * UDP.  @return how many repair packets follow. */
unsigned tscf_adapt_source(struct tscf_adapt *a, uint8_t redundancy, const uint8_t *payload, uint32_t length,
			   uint64_t now);
/** The receiver has reported a loss.  It is hostile input: at most the number of repair packets depends on it. */
void tscf_adapt_report(struct tscf_adapt *a, const struct tscf_report *report, uint64_t now);
/** @return whether repair packets are made at present. */
static inline bool tscf_adapt_is_active(const struct tscf_adapt *a, uint64_t now)
{
	return now < a->until;
}

#endif
