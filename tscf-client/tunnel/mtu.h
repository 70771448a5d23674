/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mtu.h - the largest inner packet that fits the outer path, found by probes.
 *
 * The server and the configuration set a limit.  The path may carry less, and its routers may not report it.  A probe
 * is a keepalive request padded to the size that an inner packet has on the wire in the encrypted tunnel.  Its answer
 * has the same size, so one exchange proves both directions.  The terms are those of RFC 8899; tscf(7), "MTU".
 *
 *     begin --> PROBING the size that the route promises --answered--> larger ones, up to the limit --> CONFIRMED
 *                  |  no answer, though the tunnel is alive                                                 |
 *                  +--> the base size at once, then upwards from it <----- no answer to a confirmation -----+
 *
 * While there is traffic, a confirmed size is probed again from time to time, as a route may change to a path that
 * loses large packets silently.  Every MTU_RAISE_MS the client tries to raise a size under the limit.  An idle tunnel
 * is not probed.
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
	/** Send a probe of this size; its owner then calls mtu_answered or mtu_unanswered. */
	void (*probe)(void *context, unsigned size);
	/** From now on @p size is the MTU of both tunnels; it must be sent to the server. */
	void (*use)(void *context, unsigned size);
};

struct mtu {
	const struct mtu_actions *actions;
	void *context;
	unsigned limit, floor, overhead;
	unsigned path;       /**< MTU of the path as this host knows it; 0: unknown */
	unsigned size;       /**< MTU in use; 0: no tunnel */
	unsigned probing;    /**< size of the probe that is under way; 0: none */
	bool overtaken;      /**< the path has changed since the probe was sent */
	unsigned lost;       /**< smallest size that was not answered; 0: none */
	bool confirmed;      /**< a probe of `size` was answered */
	uint64_t confirm_at; /**< 0: not due */
	uint64_t raise_at;
	uint64_t sent; /**< number of packets sent when `size` was confirmed last */
};

/** There is no tunnel yet.  @p actions stay valid; they get @p context. */
void mtu_init(struct mtu *m, const struct mtu_actions *actions, void *context);

/**
 * The tunnel has been configured.
 *
 * @param limit    what the server and the configuration allow.
 * @param floor    TSCF_MTU_FLOOR_*; on a path that carries less, the outer packets are fragmented.
 * @param overhead bytes around an inner packet on the wire, in the tunnel that adds the most.
 * @param path     MTU of the outer path as this host knows it; 0: unknown.
 */
void mtu_begin(struct mtu *m, unsigned limit, unsigned floor, unsigned overhead, unsigned path);
/** The tunnel is gone; the owner cancels its probes. */
void mtu_end(struct mtu *m);
/** This host now reports the MTU @p path for the outer path; it may be the same as before. */
void mtu_path(struct mtu *m, unsigned path);
/** The probe that is under way was answered; @p sent: packets that the tunnels have sent so far. */
void mtu_answered(struct mtu *m, uint64_t sent, uint64_t now);
/** The probe was not answered.  @p alive: other data arrived from the server since the probe was sent. */
void mtu_unanswered(struct mtu *m, bool alive, uint64_t now);
/** The probe has ended without a result, since the tunnel goes on by another way: the size is probed there soon. */
void mtu_cancelled(struct mtu *m, uint64_t now);
/** Let time pass: call at mtu_next() or later. */
void mtu_tick(struct mtu *m, uint64_t sent, uint64_t now);
/** @return when mtu_tick is next due, or UINT64_MAX. */
uint64_t mtu_next(const struct mtu *m);

#endif
