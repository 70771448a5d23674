/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * deferred_work.h - work that can wait: a little of it is done in every pass of the event loop, after everything else.
 *
 * A handshake costs as much as hundreds of packets.  When many clients connect at once (a server was restarted),
 * established calls must not wait until all of them are served.  So the owner puts expensive work that is not urgent
 * aside, and it is done here: each pass begins steps for at most TSCF_DEFERRED_NS, and the last step may run past that.
 * While there is work the loop does not sleep.
 */
#ifndef TSCF_DEFERRED_WORK_H
#define TSCF_DEFERRED_WORK_H

#include <ev.h>
#include <stdbool.h>

/** A pass begins no further step after this many nanoseconds: a packet that arrives meanwhile waits about that long. */
#define TSCF_DEFERRED_NS 500000

struct tscf_deferred_work {
	struct ev_timer timer;
	struct ev_loop *loop;
	/**
	 * Do one step.  @return whether there is more to do; when it returns false, the owner may have freed
	 * everything.
	 */
	bool (*step)(void *context);
	/**
	 * The pass is over and there is more to do: send what the steps have collected.  The owner may free everything
	 * in it.
	 */
	void (*pause)(void *context);
	void *context;
};

/** There is no work yet.  @p step, @p pause and @p context are the members above. */
void tscf_deferred_work_init(struct tscf_deferred_work *work, struct ev_loop *loop, bool (*step)(void *context),
			     void (*pause)(void *context), void *context);
/** Announce that there is work; no effect if that is known. */
void tscf_deferred_work_wake(struct tscf_deferred_work *work);
/** Announce that there is no work any more. */
void tscf_deferred_work_stop(struct tscf_deferred_work *work);

#endif
