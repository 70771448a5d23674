/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_stream.h - the encrypted stream transport: TLS 1.3 (RFC 8446) or 1.2 (RFC 5246), many inner packets and control
 * messages in one record.
 *
 * The context (tls.h) decides how the peer is verified and which ciphers are used, as over DTLS.  stream.h describes
 * what all streams share (framing, queues, limits).
 */
#ifndef TSCF_TLS_STREAM_H
#define TSCF_TLS_STREAM_H

#include "common/tls/tls.h"
#include "common/transport/stream.h"

/** Listen on @p local; @p tls must outlive the transport.  @return 0 with the transport in *out, or -errno. */
int tscf_tls_stream_listen(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *local,
			   const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
			   void *context, struct tscf_transport **out);

/**
 * Connect to @p remote; peer_up (verified) or peer_down follows, at the latest after TSCF_STREAM_SECONDS.  *peer is set
 * at once to the only peer, which takes no packets before peer_up.  If @p tls has a session for this server, it is
 * resumed.
 *
 * @return 0, or -errno.
 */
int tscf_tls_stream_connect(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *remote,
			    const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
			    void *context, struct tscf_transport **out, struct tscf_peer **peer);

/**
 * Like tscf_tls_stream_connect, on the connected socket @p fd after a dialogue with a proxy.  On success the transport
 * owns the socket and makes it non-blocking.
 */
int tscf_tls_stream_attach(struct ev_loop *loop, struct tscf_tls *tls, int fd,
			   const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out,
			   struct tscf_peer **peer);

#endif
