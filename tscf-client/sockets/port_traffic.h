/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * port_traffic.h - how much the sockets at each local port send and receive through the tunnels, for people who look.
 *
 * The kernel does not count what UDP sockets carry.  Sockets that share a port share its numbers.  TCP and UDP only; a
 * fragment that is not the first has no port and is not counted.
 */
#ifndef TSCF_CLIENT_PORT_TRAFFIC_H
#define TSCF_CLIENT_PORT_TRAFFIC_H

#include "common/packet/batch.h"

#include <stdbool.h>
#include <stdint.h>

/** Of one port; bytes are those of the inner packets. */
struct port_count {
	uint64_t sent_packets, sent_bytes, received_packets, received_bytes;
	uint64_t repaired_packets; /**< of those received */
};

/** The owner keeps it zero before port_traffic_init. */
struct port_traffic {
	struct port_count *count; /**< UDP ports, then TCP ports; the kernel gives memory to those that are used */
};

/** @return 0 or -ENOMEM. */
int port_traffic_init(struct port_traffic *t);
void port_traffic_free(struct port_traffic *t);

/** Count a packet, or a GSO batch, that the client sends up.  It was parsed (packet.h) without an error. */
void port_traffic_sent(struct port_traffic *t, const struct tscf_packet *p);
/** Count a packet that the client gives to the kernel.  It was parsed without an error.  @p repaired: it was lost on
 * the way, and repair packets gave it. */
void port_traffic_received(struct port_traffic *t, const uint8_t *data, uint32_t length, bool repaired);
/** @return the numbers of a port, or NULL if the protocol is not counted. */
const struct port_count *port_traffic_of(const struct port_traffic *t, uint8_t protocol, uint16_t port);

#endif
