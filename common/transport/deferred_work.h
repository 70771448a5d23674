/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * deferred_work.h - work that can wait, a little of it in every pass of the event loop, after everything else.
 *
 * A handshake costs as much as hundreds of packets.  When many clients come at once (a server was restarted), calls
 * that are up must not wait until all of them are served: what is expensive and not urgent is put aside by its owner
 * and done here, for at most TSCF_LATER_NS per pass and one step more.  While there is work the loop does not sleep.
 */
#ifndef TSCF_DEFERRED_WORK_H
#define TSCF_DEFERRED_WORK_H

#include <ev.h>
#include <stdbool.h>

/** Nanoseconds of one pass after which no further step is begun: what a packet that comes meanwhile waits. */
#define TSCF_LATER_NS 500000

struct tscf_deferred_work {
	struct ev_timer timer;
	struct ev_loop *loop;
	/** Do one step.  @return whether there is more to do; after false, the owner may have freed everything. */
	bool (*step)(void *context);
	/** The pass is over and there is more to do: what the steps have collected should go.  The owner may free
	 * everything in it. */
	void (*pause)(void *context);
	void *context;
};

void tscf_deferred_work_init(struct tscf_deferred_work *later, struct ev_loop *loop, bool (*step)(void *context),
			     void (*pause)(void *context), void *context);
/** There is work; no effect if that is known. */
void tscf_deferred_work_wake(struct tscf_deferred_work *later);
/** There is none any more. */
void tscf_deferred_work_stop(struct tscf_deferred_work *later);

#endif
