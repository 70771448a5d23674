/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * copy_ways.h - redundancy on streams: further connections of a tunnel, by which copies of the packets of sockets with
 * redundancy go, so that they arrive in time by one when another has stalled; or their packets, with balance, in turn.
 *
 * tscf(7), "REDUNDANCY".  Each is a side way (side_way.h) to the port of the tunnel's own stream.  Packets that go by
 * several streams are numbered (common/packet/copy.h).
 */
#ifndef TSCF_CLIENT_COPY_WAYS_H
#define TSCF_CLIENT_COPY_WAYS_H

#include "tscf-client/tunnel/side_way.h"

#include "common/base/redundancy.h"
#include "common/packet/packet.h"

/** Most of one tunnel, beside its own stream. */
#define COPY_WAYS (TSCF_REDUNDANCY_STREAMS - 1)

struct copy_ways {
	struct tunnel *stream; /**< the tunnel that they belong to */
	struct side_way way[COPY_WAYS];
	uint64_t sent; /**< how many packets went up in copies; the server may have seen them all */
	unsigned turn; /**< of balance (common/redundancy/port.h) */
};

/** No copy way yet beside @p stream. */
void copy_ways_init(struct copy_ways *c, const struct tunnel_host *host, struct tunnel *stream);

/**
 * The tunnels by which a packet goes up that is sent by the stream's and belongs to a socket with @p redundancy; with
 * balance, those of which it goes by one.
 *
 * @param tunnels  gets the stream's own, and after it the copy ways that are up
 * @return their number; 1: the packet goes by the stream alone.
 */
unsigned copy_ways_up(struct copy_ways *c, const struct tscf_packet_info *info, uint8_t redundancy,
		      struct tunnel *tunnels[TSCF_REDUNDANCY_STREAMS]);

/** @return whether @p t is a copy way of @p c. */
bool copy_ways_has(const struct copy_ways *c, const struct tunnel *t);

/** No socket has redundancy any more: close them. */
void copy_ways_end(struct copy_ways *c);

/** The stream's tunnel is closed, or has another transport or session: begin anew. */
void copy_ways_restart(struct copy_ways *c);

#endif
