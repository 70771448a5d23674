/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * upkeep.h - other programs delete and change the client's entries in the kernel: the client notices, restores and
 * reports it.
 *
 * Network managers remove policy rules and routes that are not theirs, IPsec daemons flush policies, scripts set
 * devices down, switch IPv6 off, or put rules of another VPN in front.  On every notice from the kernel the client
 * compares everything with the plan: rules, routes, IPsec policies, and the devices with their addresses and settings.
 * It restores at once what is missing (pace.h).  If that fails, the gate is shut.  If rules of other programs divert
 * encrypted-only packets, copies of our refusing rules are put in front of them (routing.h); if they divert other
 * packets, that is reported.  tscf-client(8), "OTHER PROGRAMS".
 */
#ifndef TSCF_CLIENT_UPKEEP_H
#define TSCF_CLIENT_UPKEEP_H

#include "common/daemon/timers.h"
#include "tscf-client/kernel/pace.h"

#include <ev.h>
#include <stdbool.h>
#include <time.h>

/** As `status` shows it. */
enum upkeep_state {
	UPKEEP_COMPLETE,
	UPKEEP_CONTESTED,  /**< another program keeps removing what is restored */
	UPKEEP_OVERRIDDEN, /**< rules of other programs divert our packets */
	UPKEEP_INCOMPLETE, /**< something is missing: the gate is shut */
};

struct client;

struct upkeep {
	struct tscf_timer timer;
	int fd, xfrm_fd; /**< kernel notices; -1: none */
	ev_io readable, xfrm_readable;
	struct pace pace;
	bool in_front; /**< rules of other programs come before ours: changes of their routes matter */
	bool shut;     /**< the gate is shut, whatever the state of the tunnel */
	enum upkeep_state state;
	time_t since;
	char reason[160]; /**< "": none */
};

void upkeep_init(struct upkeep *w);
/** Begin to watch; logs a warning if that fails. */
void upkeep_start(struct client *c);
void upkeep_stop(struct client *c);
/** Compare now, without a notice: after a reload. */
void upkeep_soon(struct client *c);
/** @return the state's name. */
const char *upkeep_state_name(enum upkeep_state state);

#endif
