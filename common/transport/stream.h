/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h - common to every stream transport (tcp.h, tls_stream.h).
 *
 * Framing: stream_frame.h.  Data that is neither a packet nor a message ends the connection (EPROTO).  Consecutive
 * packets of one length are handed up as GSO batches, whatever flows they belong to.
 *
 * Sending: data that the socket does not take waits in a bounded queue (stream_queue.h), real-time packets
 * (realtime_dscps, by packet->tos) before bulk.  The kernel is set to hold little unsent data (TCP_NOTSENT_LOWAT): a
 * real-time packet can overtake bulk in the queue, but not in the socket.
 *
 * Small packets that may wait (packet->wait_ms) are held for that time, to be sent together with those that come
 * meanwhile (stream_hold.c).  Messages and real-time packets are never held.
 *
 * Receiving: if bulk has waited too long in the socket, one of its packets is dropped now and then (aqm_filter.h), so
 * that its senders slow down before urgent packets have to wait behind it.
 *
 * TCP's own keepalive is off: the user's messages show whether the other end is alive.
 */
#ifndef TSCF_STREAM_H
#define TSCF_STREAM_H

#include "common/transport/transport.h"

/**
 * A connection is closed if after this many seconds it is not established and secured or, on a listening transport, not
 * adopted (peer->user).
 */
#define TSCF_STREAM_SECONDS 10
/** Listening: most connections that are not adopted yet; beyond that the oldest of them is closed for each new one. */
#define TSCF_STREAM_PENDING_MAX 4096
/** Listening: most such connections of one source (an IPv4 address, an IPv6 /64); beyond that new ones are closed. */
#define TSCF_STREAM_PENDING_PER_SOURCE 256
/**
 * Listening: most steps of handshakes in one pass of the event loop; after that the other connections have their turn.
 */
#define TSCF_STREAM_STEPS_MAX 4

/**
 * @return the number of a connection: no other connection of its transport has or had it, so it stays valid as a name
 * after the connection has ended.
 */
uint64_t tscf_stream_serial(const struct tscf_peer *peer);
/** @return the connection with that number on the listening transport @p t if it is up and not adopted yet, or NULL. */
struct tscf_peer *tscf_stream_waiting(const struct tscf_transport *t, uint64_t serial);
/** Adopt a connection that tscf_stream_waiting has found, outside of a handler. */
void tscf_stream_adopt(struct tscf_peer *peer, void *user);

#endif
