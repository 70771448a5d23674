/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * port.h - joins redundancy to the path of packets of a thread: its packets wait here for the transport, and what it
 * repairs for the device.
 *
 * The user calls tscf_redundancy_port_sent for what it sends by datagrams, tscf_redundancy_port_came for what came,
 * and tscf_redundancy_port_handle for packets of kind TSCF_KIND_REDUNDANCY.  After the last two it takes the repaired
 * packets.  What goes by several streams it gives to tscf_redundancy_port_copy or tscf_redundancy_port_balance instead
 * of sending it.  After each batch, and before it handles a control message, which may close a peer, it calls
 * tscf_redundancy_port_flush.
 */
#ifndef TSCF_REDUNDANCY_PORT_H
#define TSCF_REDUNDANCY_PORT_H

#include "common/packet/batch.h"
#include "common/packet/copy.h"
#include "common/redundancy/redundancy.h"

struct tscf_redundancy_port {
	struct tscf_redundancy_shared shared;
	struct tscf_ring *out_ring, *repaired_ring;
	struct tscf_batch out;      /**< to be sent to their peers */
	struct tscf_batch repaired; /**< inner packets since the devices were last written */
	unsigned taken;             /**< of repaired */
};

/** One tunnel. */
struct tscf_redundancy_tunnel {
	struct tscf_redundancy *flows;
	struct tscf_peer *peer;
	uint32_t packet_max; /**< bytes of the largest inner packet */
};

/** Begin with at most @p flows_max flows, and the bound TSCF_REDUNDANCY_BOUND_MS.  @return 0, or -ENOMEM. */
int tscf_redundancy_port_init(struct tscf_redundancy_port *port, unsigned flows_max);
void tscf_redundancy_port_free(struct tscf_redundancy_port *port);

/** @p packet, perhaps a GSO batch, is sent by the tunnel and belongs to a socket with @p redundancy. */
void tscf_redundancy_port_sent(struct tscf_redundancy_port *port, const struct tscf_redundancy_tunnel *tunnel,
			       const struct tscf_packet *packet, uint8_t redundancy, uint64_t now);
/** The inner packet @p info at @p data came by the tunnel.  @return false if it must be dropped. */
bool tscf_redundancy_port_came(struct tscf_redundancy_port *port, const struct tscf_redundancy_tunnel *tunnel,
			       const struct tscf_packet_info *info, const uint8_t *data, uint64_t now);
/**
 * @p packet, perhaps a GSO batch, goes by the @p count streams @p peers of one tunnel, of which the first is its own:
 * by each that has not stalled, or else by the first.  No packet of it is larger than TSCF_COPY_INNER_MAX; *number is
 * how many that tunnel has sent so before.
 */
void tscf_redundancy_port_copy(struct tscf_redundancy_port *port, uint64_t *number, struct tscf_peer *const *peers,
			       unsigned count, const struct tscf_packet *packet);
/**
 * @p packet, perhaps a GSO batch, goes as it is by one of the @p count streams @p peers of one tunnel, of which the
 * first is its own: by the next that is not late, or else by the first.  It stays the caller's, and must not change
 * until tscf_redundancy_port_flush.
 *
 * @param turn  how often the streams of that tunnel were given a packet before, or were left out
 * @return which stream it is.
 */
unsigned tscf_redundancy_port_balance(struct tscf_redundancy_port *port, unsigned *turn, struct tscf_peer *const *peers,
				      unsigned count, struct tscf_packet *packet, uint64_t now);
/** A packet of redundancy came by a tunnel of datagrams. */
void tscf_redundancy_port_handle(struct tscf_redundancy_port *port, const struct tscf_redundancy_tunnel *tunnel,
				 const uint8_t *data, uint32_t length, uint64_t now);

/** @return the next repaired packet, which must pass the checks of one that came; NULL: there is none. */
struct tscf_packet *tscf_redundancy_port_take(struct tscf_redundancy_port *port);
/** @return whether the devices must be written before another packet is handled: so many packets have been taken. */
bool tscf_redundancy_port_must_write(const struct tscf_redundancy_port *port);
/** The devices were written: the packets that were taken are not needed any more. */
void tscf_redundancy_port_written(struct tscf_redundancy_port *port);
/** @return whether so much waits that tscf_redundancy_port_flush should be called before the next packet is sent. */
bool tscf_redundancy_port_is_full(const struct tscf_redundancy_port *port);
/** Send what waits. */
void tscf_redundancy_port_flush(struct tscf_redundancy_port *port);

#endif
