/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conditions.h - watches what the conditions of policies depend on, and puts policies in and out of force.
 *
 * Whether the network is trusted is looked at whenever the path is, and so is its WiFi.  While a policy names the
 * battery, WiFi, metered or a connection, these are looked at every CONDITIONS_LOOK_MS; while one names loss or round
 * trip, a keepalive is sent by the plain tunnel every CONDITIONS_MEASURE_MS.  Nothing that a server or a network says
 * counts but how keepalives fare, and what an access point says of its encryption. tscf-client.conf(5), "Policies".
 */
#ifndef TSCF_CLIENT_CONDITIONS_H
#define TSCF_CLIENT_CONDITIONS_H

#include "common/daemon/timers.h"
#include "tscf-client/kernel/network_manager.h"
#include "tscf-client/kernel/wifi.h"
#include "tscf-client/settings/in_force.h"
#include "tscf-client/sockets/preferred.h"
#include "tscf-client/tunnel/quality.h"
#include "tscf-client/tunnel/tunnel.h"

#define CONDITIONS_LOOK_MS    2000
#define CONDITIONS_MEASURE_MS 500

/** The owner sets the first members before conditions_init; the rest is zero at first. */
struct conditions {
	struct client_config *config; /**< its `policies` are written here */
	struct tscf_timers *timers;
	const struct preferred *preferred;
	struct tunnel *plain;
	/** Other policies are in force now. */
	void (*changed)(void *context);
	void *context;
	struct tscf_timer timer;
	struct condition_list in_use;
	struct quality quality;
	struct tscf_addr source; /**< of the path that was measured, with its device */
	int device;
	struct tunnel_measure measure;
	uint64_t look_at, measure_at; /**< monotonic ms: when next */
	enum condition_state battery;
	struct wifi wifi;
	struct network_manager manager;
};

/** Begin with the policies of the configuration. */
void conditions_init(struct conditions *c);
void conditions_stop(struct conditions *c);
/** The configuration has been read again, with the policies of its file in `written`: find those in force.  `changed`
 * is not called. */
void conditions_reload(struct conditions *c);
/** Look at what may have changed, and call `changed` if other policies are in force then. */
void conditions_look(struct conditions *c);
/** The plain tunnel begins, or goes on.  By another path, what was measured is of the path before. */
void conditions_new_path(struct conditions *c);
/** @return the loss of the plain tunnel in tenths of a percent, or -1: not known.  A stream repeats what gets lost: 0.
 */
int conditions_loss(const struct conditions *c);

#endif
