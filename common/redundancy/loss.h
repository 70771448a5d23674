/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loss.h - measures at the receiver what a flow loses, and says when to report it.
 *
 * While repair packets come, they tell which packets were sent.  Else the sequence numbers of RTP do; and for a flow
 * that has not the shape of RTP, the counts that the sender sends from time to time.  Nothing is reported while nothing
 * is lost.  Pure; times are milliseconds of a monotonic clock.
 */
#ifndef TSCF_LOSS_H
#define TSCF_LOSS_H

#include "common/redundancy/repair.h"
#include "common/redundancy/rtp_shape.h"

/** Least time between two reports of losses. */
#define TSCF_REPORT_MS 100
/** Least time between two reports of gaps in RTP, and how often one gap is reported, since reports are lost too. */
#define TSCF_GAP_REPORT_MS 40
#define TSCF_GAP_REPORTS   4
/** Repair packets that came within this time: the sender knows that there is loss. */
#define TSCF_REPAIRS_RECENT_MS 500

/** Zero-initialised: nothing came yet. */
struct tscf_loss {
	struct tscf_rtp_shape rtp;
	bool counting;   /**< number is set */
	uint16_t number; /**< up to which source packets are judged */
	uint32_t came;   /**< packets that came since the last repair packet or count */
	bool in_run;     /**< the last judged packet was lost */
	uint16_t expected, lost, runs, reported_lost;
	uint64_t repaired_at;  /**< when the last repair packet came; 0: never */
	uint64_t reported_at;  /**< 0: never */
	uint64_t gaps;         /**< RTP: packets that were missing at the last report, as rtp.seen */
	unsigned gap_reports;  /**< reports of the present gaps that are left */
	uint16_t gap_sequence; /**< RTP sequence number to which gaps belongs */
};

/** A source packet came; @p payload of @p length bytes is that of UDP. */
void tscf_loss_source(struct tscf_loss *l, const uint8_t *payload, uint32_t length);
/** A repair packet or count came; bit i of @p here: covered packet i has come. */
void tscf_loss_repair(struct tscf_loss *l, const struct tscf_repair *repair, unsigned here, uint64_t now);
/** @return whether a report is to be sent now: *out, but for its flow. */
bool tscf_loss_report(struct tscf_loss *l, uint64_t now, struct tscf_report *out);

#endif
