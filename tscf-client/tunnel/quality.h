/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * quality.h - loss and round trip of a path, from keepalives that are sent once.
 *
 * Loss is the share of the last QUALITY_WINDOW keepalives to which no answer came: what is lost in either direction.
 * The round trip is smoothed as in RFC 6298, section 2.  Pure.
 */
#ifndef TSCF_CLIENT_QUALITY_H
#define TSCF_CLIENT_QUALITY_H

#include <stdint.h>

/** Keepalives that count. */
#define QUALITY_WINDOW 60
/** With fewer, nothing is known. */
#define QUALITY_LEAST 10

struct quality {
	uint64_t lost; /**< of the window, as bits, the last one lowest */
	unsigned count;
	uint32_t smoothed; /**< eighths of a millisecond; 0: no answer yet */
};

/** A keepalive was answered after @p ms. */
void quality_answered(struct quality *q, uint64_t ms);
/** A keepalive was not answered in time. */
void quality_lost(struct quality *q);
/** @return tenths of a percent, or -1: not known yet. */
int quality_loss(const struct quality *q);
/** @return milliseconds, or -1: not known yet. */
int quality_round_trip(const struct quality *q);

#endif
