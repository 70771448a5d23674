/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nat_probe.h - checks whether this host leaves our packets unchanged on their way to our devices.
 *
 * Hosts with containers or virtual machines often have a firewall rule that masquerades all outgoing packets.  Such a
 * rule changes the source of a connection that is moved to the other device, and breaks the connection.  A firewall
 * that allows only known devices drops its packets.  So the client sends one datagram to the service network on each
 * device, in each family, when its tunnel comes up, when rules, firewall or IPsec policies have changed (upkeep.h), and
 * every NAT_PROBE_MS after that.  The client reads the datagram from the device again and sends it no further.  If the
 * datagram has another source, or neither it nor a second one arrives, log and status report it.
 */
#ifndef TSCF_CLIENT_NAT_PROBE_H
#define TSCF_CLIENT_NAT_PROBE_H

#include "common/daemon/timers.h"
#include "tscf-client/dtte.h"
#include "tscf-client/kernel/routing.h"

#include <stdbool.h>
#include <stdint.h>

#define NAT_PROBE_MS 30000
/** A datagram that has not arrived after this time was dropped. */
#define NAT_PROBE_WAIT_MS 500
/** Firewalls change many rules at once. */
#define NAT_PROBE_GAP_MS 200
#define NAT_PROBE_TOKEN  24

enum nat_probe_finding { NAT_PROBE_UNKNOWN, NAT_PROBE_UNCHANGED, NAT_PROBE_CHANGED, NAT_PROBE_DROPPED };

/** Of one device. */
struct nat_probe {
	const char *device;             /**< its name */
	uint8_t token[NAT_PROBE_TOKEN]; /**< of the datagrams under way */
	unsigned waiting;               /**< how many datagrams are under way */
	bool changed;                   /**< one that arrived had another source */
	bool doubtful;                  /**< the last one did not arrive, and was the first that did not */
	uint64_t sent;                  /**< when the last ones were sent */
	uint64_t at;                    /**< when to send, or when to give up those under way; 0: at once */
	enum nat_probe_finding finding;
};

/** Of the plain and of the encrypted device.  The owner sets what it uses, and the names of the devices. */
struct nat_probes {
	const struct client_config *config;
	const struct routing_facts *facts;
	const struct dtte *dtte;
	struct tscf_timers *timers;
	struct tscf_timer timer;
	struct nat_probe of[2];
};

/** Begin to probe both devices, each when its tunnel is up. */
void nat_probe_init(struct nat_probes *n);
/** Probe again, NAT_PROBE_GAP_MS after the last time or at once. */
void nat_probe_again(struct nat_probes *n);

/** Check a packet read from the device of @p p while datagrams are under way.  @return whether it was one of them.
 */
bool nat_probe_take(struct nat_probes *n, struct nat_probe *p, const uint8_t *data, uint32_t length);

/** @return the word that status shows for the finding ("unchanged" ...), or NULL: unknown. */
const char *nat_probe_name(enum nat_probe_finding finding);

#endif
