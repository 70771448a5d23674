/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * waiters.h - callers at the control socket that wait until the tunnel is up (`status --wait-up`).
 */
#ifndef TSCF_CLIENT_WAITERS_H
#define TSCF_CLIENT_WAITERS_H

#include "common/daemon/timers.h"

#define WAITERS_MAX 64

struct client;
struct tscf_control_call_in;

struct waiters {
	struct tscf_timer timer;
	struct tscf_control_call_in *calls[WAITERS_MAX]; /**< NULL: a free place */
	uint64_t deadlines[WAITERS_MAX];                 /**< of each, monotonic ms */
};

/** Initialise: no caller waits yet. */
void waiters_init(struct client *c);

/**
 * @p call waits from now on, for as long as it asks.  It is answered when the tunnel is up or its time is over; with
 * too many waiters, at once with EBUSY.
 */
void waiters_add(struct client *c, struct tscf_control_call_in *call);
/** The caller has closed its connection. */
void waiters_gone(struct client *c, const struct tscf_control_call_in *call);

#endif
