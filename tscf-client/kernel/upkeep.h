/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * upkeep.h - others delete and change what the client has put into the kernel: it is noticed, put back, and said.
 *
 * Network managers remove policy rules and routes that are not theirs, IPsec daemons flush policies, scripts set
 * devices down, switch IPv6 off, or put rules of another VPN in front.  On every notice of the kernel everything is
 * compared with what is wanted: rules, routes, IPsec policies, and the devices with their addresses and settings; what
 * is missing is put back at once (pace.h).  What cannot be put back shuts the gate.  Rules of others that lead
 * encrypted-only packets away get copies of those of ours that refuse in front of them (routing.h); where others are
 * led away it is said.  tscf-client(8), "OTHER PROGRAMS".
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
	UPKEEP_CONTESTED,  /**< somebody keeps removing what is put back */
	UPKEEP_OVERRIDDEN, /**< rules of others lead away what is ours */
	UPKEEP_INCOMPLETE, /**< something is missing: the gate is shut */
};

struct client;

struct upkeep {
	struct tscf_timer timer;
	int fd, xfrm_fd; /**< notices; -1: not there */
	ev_io readable, xfrm_readable;
	struct pace pace;
	bool in_front; /**< rules of others come before ours: where their routes lead matters */
	bool shut;     /**< the gate is shut, whatever the state of the tunnel */
	enum upkeep_state state;
	time_t since;
	char reason[160]; /**< "": none */
};

void upkeep_init(struct upkeep *w);
/** Begin to watch; a warning if that cannot be. */
void upkeep_start(struct client *c);
void upkeep_stop(struct client *c);
/** Compare now, whatever was noticed: after a reload. */
void upkeep_soon(struct client *c);
/** @return the state's name. */
const char *upkeep_state_name(enum upkeep_state state);

#endif
