/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redundancy.h - the flows of one tunnel whose packets are to survive loss.
 *
 * Each tunnel has flows of its own, and each direction: packets of two tunnels are never in one repair packet, and a
 * flow that moves to another tunnel begins anew there.  A flow is the unfragmented UDP packets of one pair of addresses
 * and ports.  Source packets are sent and delivered as they are, without delay.  Repair packets, counts and loss
 * reports (repair.h) are packets of their own.
 *
 * Everything that comes is hostile.  Limits: TSCF_REDUNDANCY_FLOWS flows for each direction of a tunnel, a budget for
 * all tunnels together, fixed memory for each flow and fixed work for each packet.  What a repair packet gives is
 * handed to the caller as if it had come, and passes the same checks.
 *
 * No I/O; the caller gives the time in milliseconds of a monotonic clock.  Memory is allocated only when a flow begins,
 * or its packets become larger.
 */
#ifndef TSCF_REDUNDANCY_H
#define TSCF_REDUNDANCY_H

#include "common/packet/packet.h"
#include "common/redundancy/adapt.h"
#include "common/redundancy/decoder.h"
#include "common/redundancy/redundancy_counters.h"

/** Most flows of a tunnel in one direction; when there are more, one that has been idle gives its place. */
#define TSCF_REDUNDANCY_FLOWS 16
/** A flow without packets for this long gives its place to another. */
#define TSCF_REDUNDANCY_IDLE_MS 2000
/** The setting redundancy-bound: its default and range, ms.  Repair packets cover three quarters of it, which an age
 * (repair.h) can say. */
#define TSCF_REDUNDANCY_BOUND_MS     60
#define TSCF_REDUNDANCY_BOUND_MIN_MS 20
#define TSCF_REDUNDANCY_BOUND_MAX_MS 200
/** A flow that is not RTP is told this often how many packets were sent, while they are. */
#define TSCF_REDUNDANCY_COUNT_MS 300

/** For all tunnels of one thread. */
struct tscf_redundancy_shared {
	unsigned flows;     /**< of all tunnels */
	unsigned flows_max; /**< no more are begun */
	unsigned bound;     /**< ms; packets repaired later than that after they were due are not delivered */
	struct tscf_redundancy_counters counters;
};

/** What a tunnel offers its flows; the functions are not called again from inside one of them. */
struct tscf_redundancy_way {
	void *context;
	struct tscf_redundancy_shared *shared;
	uint32_t packet_max; /**< bytes of the largest packet that the tunnel carries */
	/** @return room for packet_max bytes to send, or NULL: nothing more can be sent now. */
	uint8_t *(*room)(struct tscf_redundancy_way *way);
	/** Send the @p length bytes that were written there. */
	void (*send)(struct tscf_redundancy_way *way, uint32_t length);
	/** An inner packet was repaired: check and deliver it as if it had come.  The bytes are valid until this
	 * returns. */
	void (*deliver)(struct tscf_redundancy_way *way, const uint8_t *data, uint32_t length);
};

/** The flows of one tunnel; zero-initialised: none. */
struct tscf_redundancy {
	struct tscf_redundancy_flow *sent, *received; /**< lists of at most TSCF_REDUNDANCY_FLOWS */
	uint64_t repaired, repairs_sent;              /**< packets, of all flows so far */
};

/** Forget all flows: the tunnel is closed, or becomes another. */
void tscf_redundancy_clear(struct tscf_redundancy *r, struct tscf_redundancy_shared *shared);

/**
 * The inner packet @p info at @p data is sent by the tunnel now, and belongs to a socket with @p redundancy
 * (services.h). Send what follows it.
 */
void tscf_redundancy_sent(struct tscf_redundancy *r, struct tscf_redundancy_way *way,
			  const struct tscf_packet_info *info, const uint8_t *data, uint8_t redundancy, uint64_t now);

/**
 * The inner packet @p info at @p data came by the tunnel, bytes as they came, and belongs to a socket with redundancy.
 *
 * @return false if it must be dropped: it was repaired and delivered before.
 */
bool tscf_redundancy_came(struct tscf_redundancy *r, struct tscf_redundancy_way *way,
			  const struct tscf_packet_info *info, const uint8_t *data, uint64_t now);

/** A packet of kind TSCF_KIND_REDUNDANCY (message.h) came by the tunnel. */
void tscf_redundancy_handle(struct tscf_redundancy *r, struct tscf_redundancy_way *way, const uint8_t *data,
			    uint32_t length, uint64_t now);

#endif
