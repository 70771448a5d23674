/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guarded.h - acts on the guard's events about sockets (guard_events.h): the client informs the server, or changes the
 * socket.
 */
#ifndef TSCF_CLIENT_GUARDED_H
#define TSCF_CLIENT_GUARDED_H

#include "common/daemon/timers.h"
#include "tscf-client/guard/guard.h"
#include "tscf-client/guard/guard_events.h"
#include "tscf-client/sockets/asked.h"
#include "tscf-client/sockets/asks.h"
#include "tscf-client/sockets/moves.h"

/** The context of the handler. */
struct guarded {
	struct moves *moves;
	struct asks *asks;
	struct guard *guard;
	struct tscf_timers *timers;
	struct tscf_timer timer;
	struct asked asked;
	uint64_t check_at; /**< ms: when to see next whether the guard is still attached */
	uint64_t sweep_at; /**< ms: when to sweep the guard's maps next */
	bool look;         /**< events were lost: look at all sockets */
	uint64_t looked;   /**< when that was begun last; 0: never */
	bool looking;      /**< that is under way */
};

/** Start the timer.  The members above it are set. */
void guarded_init(struct guarded *g);
/** The guard's events are heard from now on: the registry need not list the sockets. */
void guarded_begin(struct guarded *g);

/** Handles the guard's events; the context is a struct guarded. */
extern const struct guard_events_handler guarded_events;

#endif
