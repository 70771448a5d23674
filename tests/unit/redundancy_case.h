/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redundancy_case.h - a call through a tunnel that loses packets, on a clock of the test's own.
 *
 * One end sends 50 packets a second with 172 bytes of UDP payload, as G.711 in RTP; the other delivers them and reports
 * losses.  Both directions lose alike.  The channel is that of Gilbert and Elliott, with one step for each packet on
 * the wire.
 */
#ifndef REDUNDANCY_CASE_H
#define REDUNDANCY_CASE_H

#include "common/redundancy/redundancy.h"

#define CALL_SPACING_MS 20
#define CALL_DELAY_MAX  5

/** One direction of the channel. */
struct call_channel {
	uint32_t random;
	bool bad;
};

struct call_packet {
	uint8_t data[512];
	uint32_t length;
};

/** What is on the way in one direction and arrives at one time. */
struct call_queue {
	unsigned count;
	struct call_packet packet[16];
};

struct call_end {
	struct tscf_redundancy flows;
	struct tscf_redundancy_shared shared;
	struct tscf_redundancy_way way;
	struct call *call;
	struct call_channel channel; /**< of what it sends */
	struct call_queue queue[CALL_DELAY_MAX + 1];
	struct call_packet room;
};

struct call {
	double loss;     /**< fraction of the packets */
	double burst;    /**< mean length of a run of lost ones; 0: each is lost by itself */
	uint8_t factor;  /**< redundancy of the sender's socket */
	bool rtp;        /**< the packets are RTP */
	unsigned delay;  /**< one way, in packet times, at most CALL_DELAY_MAX */
	bool twice;      /**< the network delivers each packet a second time */
	unsigned hidden; /**< every so-many-th packet never reaches the sender; 0: all do */
	/* Results. */
	unsigned sent, delivered, doubles, damaged, clear_delays;
	unsigned worst_repair_ms;                          /**< from when a packet was due to its repair */
	uint64_t source_bytes, repair_bytes, report_bytes; /**< with the outer IPv4 and UDP header */
	/* Belongs to redundancy_case.c. */
	uint64_t now;
	uint32_t number;
	uint8_t seen[65536 / 8];
	struct call_end sender, receiver;
};

/** Begin a call whose parameters are set. */
void call_begin(struct call *c, uint32_t seed);
/** Go on for @p packets packets, at most 32768.  @return the fraction of them that was not delivered. */
double call_run(struct call *c, unsigned packets);
void call_end(struct call *c);
/** @return all bytes sent for the media, as a multiple of the bytes of the packets themselves. */
double call_bandwidth(const struct call *c);

#endif
