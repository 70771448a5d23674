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

/** Nobody waits yet. */
void waiters_init(struct client *c);

/**
 * @p call waits from now on, as long as it asks for, and is answered when the tunnel is up or its time is over; too
 * many are answered EBUSY.
 */
void waiters_add(struct client *c, struct tscf_control_call_in *call);
/** The caller went away. */
void waiters_gone(struct client *c, const struct tscf_control_call_in *call);

#endif
