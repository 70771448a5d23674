/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h - what holds for every stream transport (tcp.h, tls_stream.h).
 *
 * Framing: stream_frame.h.  What is neither packet nor message ends the connection (EPROTO).  Packets are handed up as
 * GSO batches where several of one length follow each other, whatever flows they are of.
 *
 * Sending: what the socket does not take waits in a bounded queue (stream_queue.h), real-time packets (realtime_dscps,
 * by packet->tos) before bulk.  The kernel keeps little that it cannot send (TCP_NOTSENT_LOWAT), so that they overtake
 * in the queue what would be in front of them in the socket.
 *
 * Receiving: bulk that has waited too long in the socket loses a packet now and then (aqm_filter.h), so that its
 * senders slow down before urgent packets have to wait behind it.
 *
 * TCP's own keepalive is off: the user's messages show whether the other end is there.
 */
#ifndef TSCF_STREAM_H
#define TSCF_STREAM_H

#include "common/transport/transport.h"

/** A connection that is not there and secured, or on a listening transport not adopted (peer->user), after this many
 * seconds is closed. */
#define TSCF_STREAM_SECONDS 10
/** Listening: most connections that are not adopted yet; beyond that the oldest of them is closed for a new one. */
#define TSCF_STREAM_PENDING_MAX 4096
/** ... and most of one source (an IPv4 address, an IPv6 /64); beyond that new ones are closed. */
/** Most steps of handshakes in one pass of the event loop on a listening transport; the other connections have their
 * turn then. */
#define TSCF_STREAM_STEPS_MAX          4
#define TSCF_STREAM_PENDING_PER_SOURCE 256

/** @return the number of a connection, which no other of its transport has or had: a name for it that outlives it. */
uint64_t tscf_stream_serial(const struct tscf_peer *peer);
/** @return the connection of that number on the listening transport @p t if it is up and not adopted yet, or NULL. */
struct tscf_peer *tscf_stream_waiting(const struct tscf_transport *t, uint64_t serial);
/** Adopt a connection that tscf_stream_waiting has found, outside of a handler. */
void tscf_stream_adopt(struct tscf_peer *peer, void *user);

#endif
