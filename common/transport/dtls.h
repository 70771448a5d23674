/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtls.h - the encrypted datagram transport: DTLS 1.2 (RFC 6347), one record per inner packet or control message.
 *
 * Many peers share one listening socket.  A source that has not proved its address by the cookie exchange (RFC 6347,
 * 4.2.1) costs no memory.  When an established peer sends a new ClientHello, the new connection replaces the old one
 * only after its handshake is complete.
 *
 * A listening transport gives connection ids (RFC 9146) to the peers for which tscf_peer_give_id is called.  Such a
 * peer is found by its id wherever its records come from.  Its address changes when a record arrives that is newer than
 * all before (RFC 9146, 6).
 */
#ifndef TSCF_DTLS_H
#define TSCF_DTLS_H

#include "common/tls/tls.h"
#include "common/transport/transport.h"

/**
 * Largest inner packet in one record, which is the largest inner MTU; and the bytes that a record adds to it (AES-GCM).
 */
#define TSCF_DTLS_PAYLOAD_MAX 1500
#define TSCF_DTLS_OVERHEAD    42
/** Most handshakes in progress at a time on one listening transport; further ones are ignored until some are done. */
#define TSCF_DTLS_HANDSHAKES_MAX 4096
/** Most handshakes in progress of one source. */
#define TSCF_DTLS_HANDSHAKES_PER_SOURCE 256
/** A handshake that is not done after this many seconds has failed. */
#define TSCF_DTLS_HANDSHAKE_SECONDS 10

/** Listen on @p local; @p tls must outlive the transport.  @return 0 with the transport in *out, or -errno. */
int tscf_dtls_listen(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *local,
		     const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
		     void *context, struct tscf_transport **out);

/**
 * Connect to @p remote and begin the handshake; peer_up or peer_down follows.  *peer is set at once to the only peer,
 * which takes no packets before peer_up.  If @p tls has a session for this server, it is resumed.
 *
 * @return 0, or -errno.
 */
int tscf_dtls_connect(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *remote,
		      const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
		      void *context, struct tscf_transport **out, struct tscf_peer **peer);

#endif
