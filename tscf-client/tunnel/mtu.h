/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mtu.h - the largest inner packet that fits the outer path, found by probes.
 *
 * The server and the configuration set a limit; what the path carries may be less, and the routers on it may not say
 * so.  A probe is a keepalive request padded to the size that an inner packet has on the wire in the encrypted tunnel;
 * its answer has the same size, so that one exchange proves both directions (RFC 8899, whose words are used here;
 * tscf(7), "MTU").
 *
 *     begin --> PROBING the size that the route promises --answered--> larger ones, up to the limit --> CONFIRMED
 *                  |  no answer, though the tunnel is alive                                                 |
 *                  +--> the base size at once, then upwards from it <----- no answer to a confirmation -----+
 *
 * A confirmed size is probed again from time to time while there is traffic, as a route may change to a path that loses
 * large packets silently; a size under the limit is tried to be raised every MTU_RAISE_MS.  An idle tunnel is left in
 * peace.
 *
 * A pure state machine: no I/O, no clock.  Sizes are of inner packets, in bytes; times are monotonic milliseconds.
 */
#ifndef TSCF_CLIENT_MTU_H
#define TSCF_CLIENT_MTU_H

#include <stdbool.h>
#include <stdint.h>

#define MTU_CONFIRM_MS 5000
#define MTU_RAISE_MS   600000

struct mtu_actions {
	/** Send a probe of this size; its end is told by mtu_answered or mtu_unanswered. */
	void (*probe)(void *context, unsigned size);
	/** From now on @p size is the MTU of both tunnels; the server has to be told. */
	void (*use)(void *context, unsigned size);
};

struct mtu {
	const struct mtu_actions *actions;
	void *context;
	unsigned limit, floor, overhead;
	unsigned path;       /**< as this host knows it; 0: it does not */
	unsigned size;       /**< in use; 0: no tunnel */
	unsigned probing;    /**< of the probe that is under way; 0: none */
	bool overtaken;      /**< the path has changed since that was sent */
	unsigned lost;       /**< smallest size that was not answered; 0: none */
	bool confirmed;      /**< size was answered */
	uint64_t confirm_at; /**< 0: not due */
	uint64_t raise_at;
	uint64_t sent; /**< packets sent when size was confirmed last */
};

void mtu_init(struct mtu *m, const struct mtu_actions *actions, void *context);

/**
 * The tunnel has been configured.
 *
 * @param limit    what the server and the configuration allow.
 * @param floor    TSCF_MTU_FLOOR_*; a path that carries less makes the outer packets be fragmented.
 * @param overhead bytes around an inner packet on the wire, in the tunnel that adds the most.
 * @param path     MTU of the outer path as far as this host knows; 0: it does not.
 */
void mtu_begin(struct mtu *m, unsigned limit, unsigned floor, unsigned overhead, unsigned path);
/** The tunnel is gone; probes are taken back by their owner. */
void mtu_end(struct mtu *m);
/** Of the outer path this host knows the MTU @p path now, perhaps the one that it knew before. */
void mtu_path(struct mtu *m, unsigned path);
/** The probe that is under way was answered; @p sent: packets that the tunnels have sent so far. */
void mtu_answered(struct mtu *m, uint64_t sent, uint64_t now);
/** It was not.  @p alive: something else was heard from the server since it was sent. */
void mtu_unanswered(struct mtu *m, bool alive, uint64_t now);
/** Let time pass: call at mtu_next() or later. */
void mtu_tick(struct mtu *m, uint64_t sent, uint64_t now);
/** @return when mtu_tick is next due, or UINT64_MAX. */
uint64_t mtu_next(const struct mtu *m);

#endif
