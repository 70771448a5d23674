/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * waiters.h - callers at the control socket that wait until the tunnel is up (`status --wait-up`).
 */
#ifndef TSCF_CLIENT_WAITERS_H
#define TSCF_CLIENT_WAITERS_H

#include "common/daemon/timers.h"
#include "tscf-client/dtte.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/sockets/preferred.h"
#include "tscf-client/tunnel/connector.h"

#define WAITERS_MAX 64

struct tscf_control_call_in;

/** The owner sets what it uses; the rest is zero at first. */
struct waiters {
	const struct client_config *config;
	struct tscf_timers *timers;
	const struct tunnel *plain;
	const char *plain_reason; /**< why the plain tunnel is up or down, as text */
	const struct dtte *dtte;
	const struct preferred *preferred;
	const struct connector *connector;
	const bool *encrypted_refused;
	struct tscf_timer timer;
	struct tscf_control_call_in *calls[WAITERS_MAX]; /**< NULL: a free place */
	uint64_t deadlines[WAITERS_MAX];                 /**< of each, monotonic ms */
};

/** Initialise: no caller waits yet. */
void waiters_init(struct waiters *w);

/**
 * @p call waits from now on, for as long as it asks.  It is answered when the tunnel is up or its time is over; with
 * too many waiters, at once with EBUSY.
 */
void waiters_add(struct waiters *w, struct tscf_control_call_in *call);
/** The caller has closed its connection. */
void waiters_gone(struct waiters *w, const struct tscf_control_call_in *call);

#endif
