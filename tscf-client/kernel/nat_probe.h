/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nat_probe.h - does this host leave our packets as they are on their way to our devices?
 *
 * A rule of the host's firewall that masquerades whatever leaves, as hosts with containers or virtual machines have
 * one, changes the source of a connection that is moved to the other device, and cuts it off; one that lets out only by
 * known devices drops it.  So one datagram to the service network is sent by each device, in each family, when its
 * tunnel comes up and every NAT_PROBE_MS after that. It is read from the device again and goes no further; if it has
 * another source by then, or does not come, log and status say so.
 */
#ifndef TSCF_CLIENT_NAT_PROBE_H
#define TSCF_CLIENT_NAT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#define NAT_PROBE_MS 30000
/** A datagram that has not come after so long was dropped. */
#define NAT_PROBE_WAIT_MS 2000
#define NAT_PROBE_TOKEN   24

struct client;

enum nat_probe_finding { NAT_PROBE_UNKNOWN, NAT_PROBE_UNCHANGED, NAT_PROBE_CHANGED, NAT_PROBE_DROPPED };

/** Of one device. */
struct nat_probe {
	uint8_t token[NAT_PROBE_TOKEN]; /**< of what is under way */
	unsigned waiting;               /**< of how many datagrams nothing is known yet; 0: none is under way */
	bool changed;                   /**< one of those that have come had another source */
	uint64_t at;                    /**< when to send, or, while some are under way, to give up; 0: at once */
	enum nat_probe_finding finding;
};

/** Begin to probe both devices, each when its tunnel is up. */
void nat_probe_init(struct client *c);
/** Look again soon. */
void nat_probe_again(struct client *c);

/** Judge a packet that was read from the device of @p p while some are under way.  @return whether it was one of them.
 */
bool nat_probe_take(struct client *c, struct nat_probe *p, const uint8_t *data, uint32_t length);

/** @return the word of status for what was found: "unchanged" ...; NULL: nothing is known. */
const char *nat_probe_name(enum nat_probe_finding finding);

#endif
