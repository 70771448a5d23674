/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtls.h - the encrypted datagram transport: DTLS 1.2 (RFC 6347), one record per inner packet or control message.
 *
 * Many peers share one listening socket.  A source that has not proved its address by the cookie exchange (RFC
 * 6347, 4.2.1) costs no memory.  A peer that sends a new ClientHello while established replaces itself only when its
 * new handshake is complete.
 *
 * A listening transport gives connection ids (RFC 9146) to the peers for which tscf_peer_give_id is called.  They are
 * found by their ids wherever their records come from; the address of one changes with a record that is newer than all
 * before (RFC 9146, 6).
 */
#ifndef TSCF_DTLS_H
#define TSCF_DTLS_H

#include "common/tls/tls.h"
#include "common/transport/transport.h"

/** Largest inner packet in one record, the largest inner MTU; and what a record adds to it (AES-GCM). */
#define TSCF_DTLS_PAYLOAD_MAX 1500
#define TSCF_DTLS_OVERHEAD    42
/** Most handshakes under way at a time on one listening transport; more are ignored until some are done. */
#define TSCF_DTLS_HANDSHAKES_MAX 4096
/** And of one source. */
#define TSCF_DTLS_HANDSHAKES_PER_SOURCE 256
/** A handshake that is not done after this many seconds has failed. */
#define TSCF_DTLS_HANDSHAKE_SECONDS 10

/** Listen on @p local; @p tls must outlive the transport.  @return 0 with the transport in *out, or -errno. */
int tscf_dtls_listen(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *local,
		     const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
		     void *context, struct tscf_transport **out);

/**
 * Connect to @p remote and begin the handshake; peer_up or peer_down follows.  The one peer is in *peer at once; it
 * takes no packets before peer_up.  Sessions are resumed where @p tls has one for this server.
 *
 * @return 0, or -errno.
 */
int tscf_dtls_connect(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *remote,
		      const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
		      void *context, struct tscf_transport **out, struct tscf_peer **peer);

#endif
