/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_manager.h - what NetworkManager says of the host's connection: whether it is metered, and which one it is.
 *
 * Properties of org.freedesktop.NetworkManager on the system bus of D-Bus: Metered, of which a guess counts, and the Id
 * of the PrimaryConnection.  Nothing here waits.  Built with libsystemd; without, nothing is ever known
 * (network_manager_none.c).
 */
#ifndef TSCF_CLIENT_NETWORK_MANAGER_H
#define TSCF_CLIENT_NETWORK_MANAGER_H

#include "tscf-client/settings/condition.h"

#include <ev.h>

/** The owner sets the first members; the rest is zero at first. */
struct network_manager {
	struct ev_loop *loop;
	/** `metered` or `connection` is another one; called from the event loop. */
	void (*changed)(void *context);
	void *context;
	enum condition_state metered; /**< unknown without the bus, NetworkManager, or its knowledge */
	/** Its name; "": the same, or NetworkManager has made no connection.  A longer name than any condition has is
	 * cut to one byte more than that. */
	char connection[CONDITION_NAME + 1];
	struct sd_bus *bus; /**< NULL: not connected */
	int error;          /**< why it was lost last, or could not be joined: -errno */
	ev_io io;
};

/**
 * Connect to the bus if that is not done yet, and do what is due on it.  Call it every few seconds; between the calls
 * changes are followed at once.  What is known may change, and `changed` is not called for that.
 */
void network_manager_look(struct network_manager *m);
/** Leave the bus. */
void network_manager_stop(struct network_manager *m);

#endif
