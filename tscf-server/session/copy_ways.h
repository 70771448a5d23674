/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * copy_ways.h - redundancy on streams: further connections of a session, by which copies of the packets of sockets with
 * redundancy go, so that they arrive in time by one when another has stalled; or their packets, with balance, in turn.
 *
 * tscf(7), "REDUNDANCY".  Each is a side way (side_way.h) to the port of the session's own stream.  Packets that go by
 * several streams are numbered (common/packet/copy.h).
 */
#ifndef TSCF_SERVER_COPY_WAYS_H
#define TSCF_SERVER_COPY_WAYS_H

#include "tscf-server/session/side_way.h"

#include "common/packet/copy.h"
#include "common/packet/packet.h"

/** Most of one session, beside its own stream. */
#define SERVER_COPY_WAYS (TSCF_REDUNDANCY_STREAMS - 1)

/** Made at the first offer.  The numbers go on when the client goes on at another connection. */
struct server_copy_ways {
	struct server_side_way way[SERVER_COPY_WAYS];
	uint64_t sent;           /**< how many packets went down in copies */
	unsigned turn;           /**< of balance (common/redundancy/port.h) */
	struct tscf_replay came; /**< numbers of those that came up */
};

/**
 * Note the hash of a secret that opens a copy way.  When there is none left, the one by which nothing has come for
 * longest is closed: the client has lost it.
 *
 * @return NULL, or why there can be none.
 */
const char *server_copy_ways_offer(struct server_session *s, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now);

/**
 * The streams by which packets, of which @p info is the first, go down that belong to a socket with @p redundancy; with
 * balance, those of which they go by one.
 *
 * @param peers  gets the session's own, and after it those of its copy ways
 * @return their number, at most that which the redundancy asks for; 1: they go by the session's own alone.
 */
unsigned server_copy_ways_down(struct server_session *s, const struct tscf_packet_info *info, uint8_t redundancy,
			       uint64_t now, struct tscf_peer *peers[TSCF_REDUNDANCY_STREAMS]);

/** @p packets packets go down by @p peer, perhaps a copy way. */
void server_copy_ways_sent(struct server_session *s, const struct tscf_peer *peer, unsigned packets);
/** A packet of the client came by @p peer, perhaps a copy way. */
void server_copy_ways_heard(struct server_session *s, const struct tscf_peer *peer, uint64_t now);

/** Close all, and forget what was offered. */
void server_copy_ways_close(struct server_session *s);

#endif
