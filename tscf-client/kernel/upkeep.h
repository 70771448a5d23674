/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * upkeep.h - other programs delete and change the client's entries in the kernel: the client notices, restores and
 * reports it.
 *
 * Network managers remove policy rules and routes that are not theirs, IPsec daemons flush policies, scripts set
 * devices down, switch IPv6 off, or put rules of another VPN in front.  On every notice from the kernel the client
 * compares everything with the plan: rules, routes, IPsec policies, and the devices with their addresses and settings.
 * It restores at once what is missing (pace.h).  If that fails, the gate is shut.  While rules of other programs come
 * before ours, copies of our refusing rules are put right before them (routing.h).  The client also looks up where the
 * kernel would send packets: if rules of other programs or routes in table local lead them past the tunnels, or refuse
 * them, that is reported, and the gate is shut if it concerns encrypted-only packets.  What only real packets show,
 * such as a firewall that drops them or sets another mark, is left to nat_probe.h.  tscf-client(8), "OTHER PROGRAMS".
 */
#ifndef TSCF_CLIENT_UPKEEP_H
#define TSCF_CLIENT_UPKEEP_H

#include "common/daemon/timers.h"
#include "common/linux/pace.h"
#include "common/linux/tun.h"
#include "tscf-client/dtte.h"
#include "tscf-client/kernel/router.h"
#include "tscf-client/kernel/routing.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/** As `status` shows it. */
enum upkeep_state {
	UPKEEP_COMPLETE,
	UPKEEP_CONTESTED,  /**< another program keeps removing what is restored */
	UPKEEP_OVERRIDDEN, /**< rules or routes of other programs divert or refuse our packets */
	UPKEEP_INCOMPLETE, /**< something is missing: the gate is shut */
};

/** The owner sets what it uses. */
struct upkeep {
	struct routing *routing; /**< its netlink socket, too */
	struct routing_facts *facts;
	const struct router *router;
	struct tscf_tun *plain_tun, *encrypted_tun;
	const struct dtte *dtte;
	/** A device is not in this namespace any more, and must be made again: it was deleted, or moved to another one.
	 */
	void (*device_gone)(void *context, struct tscf_tun *tun);
	void *context;
	/** Rules, firewall or IPsec policies have changed: packets may go other ways. */
	void (*ways_changed)(void *context);
	uint64_t *put_back; /**< counts what is restored */
	struct tscf_timers *timers;
	struct tscf_timer timer;
	int fd, xfrm_fd, firewall_fd; /**< kernel notices; -1: none */
	ev_io readable, xfrm_readable, firewall_readable;
	struct tscf_pace pace;
	bool in_front; /**< rules of other programs come before ours: changes of their routes matter */
	bool shut;     /**< the gate is shut, whatever the state of the tunnel */
	enum upkeep_state state;
	uint64_t since;   /**< when the state was entered, monotonic ms */
	char reason[200]; /**< "": none */
};

/** Nothing is watched yet. */
void upkeep_init(struct upkeep *w);
/** Begin to watch; logs a warning if that fails. */
void upkeep_start(struct upkeep *w);
/** Watch nothing any more; the state stays as it is. */
void upkeep_stop(struct upkeep *w);
/** Compare now, without a notice: after a reload. */
void upkeep_soon(struct upkeep *w);
/** @return the state's name. */
const char *upkeep_state_name(enum upkeep_state state);

#endif
