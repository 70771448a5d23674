/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pmtu.h - the MTU of both tunnels: what the server allows, and the size that mtu.h finds for the outer path.
 *
 * The size is one that fits in the encrypted tunnel over datagrams, which adds the most bytes.  So a packet fits
 * whichever tunnel its socket is moved to.  Probes go over the plain tunnel.  A stream cannot be probed: then the MTU
 * that this host knows for the path is used.  tscf(7), "MTU".
 */
#ifndef TSCF_CLIENT_PMTU_H
#define TSCF_CLIENT_PMTU_H

#include "common/linux/tun.h"
#include "common/packet/message.h"
#include "tscf-client/kernel/routing.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/tunnel/mtu.h"
#include "tscf-client/tunnel/tunnel.h"

/** The owner sets what it uses; the rest is zero at first. */
struct pmtu {
	const struct client_config *config;
	const struct tscf_timers *timers;
	const struct routing *routing; /**< its netlink socket */
	struct tscf_tun *plain_tun, *encrypted_tun;
	struct tunnel *plain, *encrypted;
	struct mtu search;
	uint64_t probe_sent;
	unsigned limit; /**< what the server and the configuration allow */
	unsigned mtu;   /**< of both tunnels: what the path carries, within that limit */
};

/** Begin without a tunnel. */
void pmtu_init(struct pmtu *p);
/** Set p->mtu to what the server's configuration response @p m allows over the path of @p t. */
void pmtu_take(struct pmtu *p, const struct tunnel *t, const struct tscf_message *m);
/** Give the devices the MTU @p size and bring them up.  @return 0 or -errno. */
int pmtu_apply(struct pmtu *p, unsigned size);
/** The plain tunnel is up: send the MTU to the server and begin to look for a larger one. */
void pmtu_begin(struct pmtu *p);
/** The encrypted tunnel is up: its address has the same MTU. */
void pmtu_encrypted_up(struct pmtu *p);
/** The plain tunnel is gone. */
void pmtu_end(struct pmtu *p);
/** Links or routes of this host have changed: if the path has another known MTU now, use and probe it. */
void pmtu_changed(struct pmtu *p);
/** Probe, or give a probe up, if that is due. */
void pmtu_tick(struct pmtu *p);
/** @return when pmtu_tick is next due, or UINT64_MAX. */
uint64_t pmtu_next(const struct pmtu *p);

#endif
