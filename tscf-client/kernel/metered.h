/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * metered.h - whether the host's connection is metered, as NetworkManager says.
 *
 * The property Metered of org.freedesktop.NetworkManager on the system bus of D-Bus; a guess of it counts.  Nothing
 * here waits.  Built with libsystemd; without, it is never known (metered_none.c).
 */
#ifndef TSCF_CLIENT_METERED_H
#define TSCF_CLIENT_METERED_H

#include "tscf-client/settings/condition.h"

#include <ev.h>

/** The owner sets the first members; the rest is zero at first. */
struct metered {
	struct ev_loop *loop;
	/** `state` is another one; called from the event loop. */
	void (*changed)(void *context);
	void *context;
	enum condition_state state; /**< unknown without the bus, NetworkManager, or its knowledge */
	struct sd_bus *bus;         /**< NULL: not connected */
	int error;                  /**< why it was lost last, or could not be joined: -errno */
	ev_io io;
};

/**
 * Connect to the bus if that is not done yet, and do what is due on it.  Call it every few seconds; between the calls
 * changes are followed at once.  `state` may change, and `changed` is not called for that.
 */
void metered_look(struct metered *m);
/** Leave the bus. */
void metered_stop(struct metered *m);

#endif
