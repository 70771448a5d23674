/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp.h - the plain stream transport: inner packets and control messages back to back in a TCP connection, with nothing
 * added.
 *
 * stream.h describes what all streams share (framing, queues, limits).
 */
#ifndef TSCF_TCP_H
#define TSCF_TCP_H

#include "common/transport/stream.h"

/** Listen on @p local; every connection is a peer (peer_up).  @return 0 with the transport in *out, or -errno. */
int tscf_tcp_listen(struct ev_loop *loop, const union tscf_endpoint *local, const struct tscf_outer_options *options,
		    const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out);

/**
 * Connect to @p remote; peer_up or peer_down follows, at the latest after TSCF_STREAM_SECONDS.  *peer is set at once to
 * the only peer, which takes no packets before peer_up.
 *
 * @return 0, or -errno.
 */
int tscf_tcp_connect(struct ev_loop *loop, const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		     const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out,
		     struct tscf_peer **peer);

/**
 * Like tscf_tcp_connect, on the connected socket @p fd after a dialogue with a proxy.  On success the transport owns
 * the socket and makes it non-blocking.  peer_up follows.
 */
int tscf_tcp_attach(struct ev_loop *loop, int fd, const struct tscf_transport_handler *handler, void *context,
		    struct tscf_transport **out, struct tscf_peer **peer);

#endif
