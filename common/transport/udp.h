/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp.h - the plain datagram transport.
 *
 * One datagram is one inner packet or one control message, with nothing added.
 */
#ifndef TSCF_UDP_H
#define TSCF_UDP_H

#include "common/transport/transport.h"

/**
 * Listen on @p local for any number of peers.  A peer is a remote address that the user has added with
 * tscf_udp_peer_add.
 *
 * @return 0 with the transport in *out, or -errno.
 */
int tscf_udp_listen(struct ev_loop *loop, const union tscf_endpoint *local, const struct tscf_outer_options *options,
		    const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out);

/** Connect to @p remote; *peer is set at once to the only peer.  @return 0, or -errno. */
int tscf_udp_connect(struct ev_loop *loop, const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		     const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out,
		     struct tscf_peer **peer);

/**
 * Make @p outer a peer of the listening transport @p t; answers to it are sent from @p local (tscf_packet.local).
 *
 * @return the peer, or NULL: out of memory, or there is such a peer already.
 */
struct tscf_peer *tscf_udp_peer_add(struct tscf_transport *t, const union tscf_endpoint *outer,
				    const struct tscf_addr *local, void *user);

/** Answer a source that is not a peer: send one datagram to @p to, from @p local. */
void tscf_udp_send_to(struct tscf_transport *t, const union tscf_endpoint *to, const struct tscf_addr *local,
		      const void *data, uint32_t length);

/** @return the peer at @p outer of a listening transport, or NULL. */
struct tscf_peer *tscf_udp_peer_at(struct tscf_transport *t, const union tscf_endpoint *outer);

#endif
