/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path_redundancy.h - what redundancy adds to the path of a packet: repair packets in datagrams; on streams, copies, or
 * turns of several connections.
 *
 * tscf(7), "REDUNDANCY".  Which sockets have it is in state->services; what is to be sent waits in state->redundancy.
 */
#ifndef TSCF_SERVER_PATH_REDUNDANCY_H
#define TSCF_SERVER_PATH_REDUNDANCY_H

#include "tscf-server/state.h"

/**
 * @p packet, perhaps a GSO batch, of which @p info is the first, goes down by the tunnel of @p s and packet->peer.
 *
 * @param redundancy  of its socket
 * @return true if it goes by several streams, or by one of them: it waits; false: the caller sends it, and what follows
 * it waits.
 */
bool server_redundancy_down(struct server_state *state, struct server_session *s, struct tscf_packet *packet,
			    const struct tscf_packet_info *info, uint8_t redundancy, uint64_t now);

/** The inner packet @p info at @p data came by @p peer, a session's.  @return false if it must be dropped: it was
 * repaired and delivered before. */
bool server_redundancy_came(struct server_state *state, struct tscf_peer *peer, const uint8_t *data,
			    const struct tscf_packet_info *info, uint64_t now);

/** A packet of redundancy came by @p peer, a session's source of datagrams. */
void server_redundancy_handle(struct server_state *state, struct tscf_peer *peer, const uint8_t *data, uint32_t length,
			      uint64_t now);

/** A packet of redundancy came by @p peer, a session's stream.  @return whether it is the first copy of an inner
 * packet, behind TSCF_COPY_HEADER bytes; else it is dropped. */
bool server_redundancy_is_first(struct server_state *state, struct tscf_peer *peer, const uint8_t *data,
				uint32_t length, uint64_t now);

#endif
