/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * need.h - the server knows the highest level that the encrypted tunnel is for: when others need it more, a tunnel for
 * encrypted-preferred sockets has to yield (tscf(7), "SHORTAGE").
 *
 * It is told with the request for the tunnel and with its configuration.  When the need changes later, a keepalive in
 * the tunnel says so at once, and all keepalives do.
 */
#ifndef TSCF_CLIENT_NEED_H
#define TSCF_CLIENT_NEED_H

#include "common/daemon/timers.h"
#include "common/packet/message.h"

struct dtte;
struct preferred;
struct registry;
struct tunnel;

/** The owner sets what it uses; the rest is zero at first. */
struct need {
	struct tscf_timers *timers;
	struct dtte *dtte;
	struct registry *registry;
	struct preferred *preferred;
	struct tunnel *encrypted;
	struct tscf_timer timer;
};

/** Begin; the owner has set what it uses. */
void need_init(struct need *n);
/** Write the present need into a request for the tunnel, or for its configuration. */
void need_write(struct need *n, struct tscf_writer *w);
/** The tunnel is configured as it was asked for: the server knows the need of then. */
void need_configured(struct need *n);
/** At the end of a loop iteration: act on a change of the need. */
void need_flush(struct need *n);

#endif
