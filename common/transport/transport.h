/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * transport.h - one interface for every outer transport.
 *
 * A transport carries inner packets and control messages between peers, in batches.  The implementations are UDP, DTLS,
 * TCP and TLS (udp.h, dtls.h, tcp.h, tls_stream.h).  Everything is non-blocking and driven by the event loop that the
 * transport was made with.
 *
 * Ownership: the transport owns its peers; a peer's `user` belongs to the caller (its session or tunnel).  A peer
 * pointer is valid until peer_down has been called for it or tscf_peer_close has been called on it.
 *
 * Any handler may close peers and the transport.  The packets of the batch being handled may then point to a closed
 * peer.  It stays in memory until the handler returns, with user NULL, and packets sent to it are dropped.
 */
#ifndef TSCF_TRANSPORT_H
#define TSCF_TRANSPORT_H

#include "common/packet/batch.h"
#include "common/packet/dscp.h"
#include "common/transport/reuseport.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct tscf_transport;

/** The other end: one remote address (UDP), or one connection (DTLS, TCP, TLS). */
struct tscf_peer {
	struct tscf_transport *transport;
	union tscf_endpoint outer; /**< address of the other end; only the transport changes it */
	struct tscf_addr
	    local;  /**< our address that the peer sends to and is answered from; family 0: the kernel chooses */
	void *user; /**< belongs to the caller; NULL at first */
	unsigned round_trip_ms;        /**< approximate round trip time in the handshake of DTLS or TLS; 0: not known */
	bool closed;                   /**< by either side; nothing is sent or received any more */
	struct tscf_peer *next_closed; /**< belongs to the transport (reaper.h) */
};

/**
 * Callbacks of a transport to its user.  The event loop calls all of them; none is called from inside a call into the
 * transport.
 */
struct tscf_transport_handler {
	/**
	 * A batch was received.  Packets of peers have peer set; on a listening UDP transport, packets of unknown
	 * sources have peer NULL and from set.  All packets of a batch of a stream transport have the same peer.  Until
	 * it returns, the callee owns the batch and its packets and may change them.
	 */
	void (*received)(void *context, struct tscf_transport *t, struct tscf_batch *batch);
	/**
	 * All but UDP: the connection is established; over DTLS and TLS its handshake is done and the peer is verified.
	 * Listening: this is a new peer, its user is NULL.  A stream transport closes it (peer_down, ETIMEDOUT) if the
	 * user has not set peer->user within TSCF_STREAM_SECONDS.
	 */
	void (*peer_up)(void *context, struct tscf_peer *peer);
	/**
	 * The peer is gone (handshake failed, close notify, fatal error) and is freed after this returns.  @p error is
	 * a positive errno: ETIMEDOUT (no answer), EKEYREJECTED (not the expected identity), ECONNRESET (closed or
	 * replaced by the other end), EPROTO, ENOMEM, ENOBUFS (it takes no more data); streams also report the errors
	 * of connect(): ECONNREFUSED, EHOSTUNREACH ...
	 * @p reason is text for people.  Listening: called only for peers for which peer_up was called.
	 */
	void (*peer_down)(void *context, struct tscf_peer *peer, int error, const char *reason);
	/**
	 * Connected transports: the network reports that the other end is unreachable (@p error is ECONNREFUSED,
	 * EHOSTUNREACH ...).  Anyone can forge that, so it is a reason to ask the peer, not a fact.  Called at most ten
	 * times a second.  May be NULL.
	 */
	void (*unreachable)(void *context, struct tscf_transport *t, int error);
	/**
	 * Listening, DTLS with connection ids: a record of @p peer has come from another address, peer->outer, and
	 * packets are sent there from now on.  Until tscf_peer_proved reports that the peer receives there, at most
	 * TSCF_UNPROVED_TIMES the bytes that come from there are sent, or the peer returns to its former address.  May
	 * be NULL.
	 */
	void (*peer_moved)(void *context, struct tscf_peer *peer);
};

/** Most bytes sent to an unproved address, as a multiple of the bytes that came from it. */
#define TSCF_UNPROVED_TIMES 3
/** Most bytes of a connection id. */
#define TSCF_PEER_ID_MAX 8

/** Counters of one transport.  They count inner bytes: those given to send, and those handed up. */
struct tscf_transport_counters {
	uint64_t sent_packets, sent_bytes;
	uint64_t received_packets, received_bytes;
	uint64_t send_drops;    /**< the kernel took no more or refused a packet; stream: the queue was full */
	uint64_t receive_drops; /**< the kernel dropped at the socket (SO_RXQ_OVFL), or too many datagrams of handshakes
				   waited */
	uint64_t queue_drops;   /**< bulk dropped on receipt to keep the queue short for voice (aqm.h) */
	uint64_t invalid;       /**< datagrams that are not a valid record, or fail authentication */
	uint64_t handshakes, handshakes_failed;
	uint64_t refused; /**< listening: connections beyond the limits (stream.h, dtls.h) */
};

/** The functions of one kind of transport; for the implementations. */
struct tscf_transport_ops {
	const char *name; /**< "udp", "dtls", "tcp", "tls" */
	bool encrypted;
	/**
	 * A peer is one connection of a reliable stream: what is sent arrives, in order, so that nothing has to be sent
	 * again, and addresses are proved.  Packets may still be dropped before they are sent; control messages are
	 * not.
	 */
	bool stream;
	uint32_t packet_max; /**< most bytes of one packet or message */
	/** Send every packet of the batch to its peer (all peers belong to this transport). */
	void (*send)(struct tscf_transport *t, struct tscf_batch *batch);
	/** Close a peer, with a close notify if the transport has one. */
	void (*peer_close)(struct tscf_peer *peer);
	void (*close)(struct tscf_transport *t);
	/** See tscf_peer_give_id, tscf_peer_use_id, tscf_peer_proved; NULL: this kind has no connection ids. */
	uint32_t (*give_id)(struct tscf_peer *peer, uint8_t *id);
	bool (*use_id)(struct tscf_peer *peer, const uint8_t *id, uint32_t length);
	void (*proved)(struct tscf_peer *peer);
	/** See tscf_peer_lost; NULL: not known. */
	int64_t (*lost)(const struct tscf_peer *peer);
	/** See tscf_peer_stalled; NULL: nothing waits in this kind. */
	bool (*stalled)(const struct tscf_peer *peer);
	/** See tscf_peer_late; NULL: no packet of this kind waits for another. */
	bool (*late)(struct tscf_peer *peer, uint64_t now);
	/** Read once more from the socket, without waiting for the event loop. */
	void (*poll)(struct tscf_transport *t);
	/**
	 * peer_free frees a closed peer; free frees everything, open peers included.  They are called when that is safe
	 * (reaper.h).
	 */
	void (*peer_free)(struct tscf_peer *peer);
	void (*free)(struct tscf_transport *t);
};

/** The common head of every transport; implementations embed it first. */
struct tscf_transport {
	const struct tscf_transport_ops *ops;
	const struct tscf_transport_handler *handler;
	void *context;
	struct ev_loop *loop;
	int fd;
	union tscf_endpoint local; /**< as bound */
	uint64_t realtime_dscps;   /**< set by the owner: DSCPs of packets that overtake waiting bulk (dscp.h) */
	struct tscf_transport_counters counters;
	/* reaper.c */
	struct ev_prepare reaper; /**< active while there are closed peers */
	struct tscf_peer *closed_peers;
	unsigned depth; /**< callbacks in progress */
	bool closed;
};

/** Options of an outer socket, set before it is used. */
struct tscf_outer_options {
	uint32_t mark; /**< bits to set in SO_MARK, under mark_mask (level.h; client: TSCF_MARK_OUTER); mask 0: none */
	uint32_t mark_mask;
	const char *bind_device;         /**< SO_BINDTODEVICE, or NULL */
	struct tscf_reuseport reuseport; /**< listening: shares the port with the sockets of other workers */
};

/**
 * Send a batch; all its peers belong to @p t.  Packets may be changed.  Packets that the network does not take are
 * dropped and counted.
 */
static inline void tscf_transport_send(struct tscf_transport *t, struct tscf_batch *batch)
{
	if (batch->count > 0)
		t->ops->send(t, batch);
}

/** Send one packet or message of @p length bytes to @p peer: for control messages, not for the data path. */
void tscf_peer_send(struct tscf_peer *peer, const void *data, uint32_t length);

/**
 * Set whether datagrams of @p t are sent whole (DF).  Such datagrams are lost where the path does not carry them,
 * whatever path MTU is known.  For probes of the path; no effect on a stream.
 */
void tscf_transport_whole(struct tscf_transport *t, bool whole);

/** Close and free a peer; peer_down is not called for it. */
static inline void tscf_peer_close(struct tscf_peer *peer)
{
	peer->transport->ops->peer_close(peer);
}

/**
 * Listening: give @p peer a connection id (RFC 9146).  Records with the id belong to @p peer wherever they come from
 * (handler->peer_moved).
 *
 * @param id  for TSCF_PEER_ID_MAX bytes
 * @return the length of the id; 0: there is none, because the transport has no ids or memory is out.
 */
static inline uint32_t tscf_peer_give_id(struct tscf_peer *peer, uint8_t *id)
{
	return peer->transport->ops->give_id ? peer->transport->ops->give_id(peer, id) : 0;
}

/** Connected: send records with the connection id that the other end has given.  @return whether the id is valid. */
static inline bool tscf_peer_use_id(struct tscf_peer *peer, const uint8_t *id, uint32_t length)
{
	return peer->transport->ops->use_id && peer->transport->ops->use_id(peer, id, length);
}

/** @return whether the transport of @p peer has connection ids. */
static inline bool tscf_peer_knows_ids(const struct tscf_peer *peer)
{
	return peer->transport->ops->use_id != NULL;
}

/** Report that the other end was seen to receive at peer->outer. */
static inline void tscf_peer_proved(struct tscf_peer *peer)
{
	if (peer->transport->ops->proved)
		peer->transport->ops->proved(peer);
}

/**
 * @return how many packets and messages of the other end have been lost since the connection is up, by their sequence
 * numbers: on the way, or in a queue of either host.  Those that others have overtaken do not count when they come.
 * -1: not known, since the packets of this transport have no numbers, or since the handshake is not done.
 */
static inline int64_t tscf_peer_lost(const struct tscf_peer *peer)
{
	return peer->transport->ops->lost ? peer->transport->ops->lost(peer) : -1;
}

/** @return whether earlier real-time packets still wait, since the connection of @p peer does not take them. */
static inline bool tscf_peer_stalled(const struct tscf_peer *peer)
{
	return peer->transport->ops->stalled && peer->transport->ops->stalled(peer);
}

/**
 * @return whether a packet that is sent to @p peer at @p now (ms of a monotonic clock) would come later than usual: its
 * connection does not take all that it is given, what was sent is not acknowledged in time, or a lost segment is
 * awaited.  If not, the caller sends one: the connection is late when that one is not acknowledged in time.  Calls for
 * every packet are cheap: the kernel is asked now and then (stream_progress.h).
 */
static inline bool tscf_peer_late(struct tscf_peer *peer, uint64_t now)
{
	return peer->transport->ops->late && peer->transport->ops->late(peer, now);
}

/** Close the transport with all its peers and free it; no handler is called. */
static inline void tscf_transport_close(struct tscf_transport *t)
{
	t->ops->close(t);
}

/**
 * Handle the data that waits in the socket now (at most a few batches): the handler is called before this returns.  No
 * effect inside a handler of the same transport.
 */
static inline void tscf_transport_poll(struct tscf_transport *t)
{
	t->ops->poll(t);
}

/**
 * Open a non-blocking outer UDP socket with the options set, large buffers (SO_RCVBUFFORCE where allowed), SO_RXQ_OVFL,
 * IP_RECVTOS, IPV6_V6ONLY; bound to @p local (port 0: any) if given, connected to @p remote if given.  IP_PMTUDISC is
 * left to the caller.
 *
 * @return the descriptor, or -errno.
 */
int tscf_outer_socket(const union tscf_endpoint *local, const union tscf_endpoint *remote,
		      const struct tscf_outer_options *options);

/**
 * Have the kernel report, for each datagram of @p fd, to which address of this host it was sent: for a socket that is
 * bound to none of them.
 *
 * @return 0 or -errno.
 */
int tscf_outer_tell_local(int fd, sa_family_t family);

/** Bytes of a TCP segment: with its headers it fits the narrowest path of IPv6 (1280 bytes; RFC 8200, section 5). Where
 * large packets are lost and no ICMP error comes back, nothing else would make the kernel send smaller ones. */
#define TSCF_OUTER_SEGMENT 1220
/**
 * Open a non-blocking outer TCP socket with the options set: listening on @p local, or connecting to @p remote
 * (EV_WRITE reports the end of the attempt, SO_ERROR its result).  One of the two is NULL.  Segments are small enough
 * for any path, both ways: tscf(7), "MTU".
 *
 * @return the descriptor, or -errno.
 */
int tscf_outer_stream(const union tscf_endpoint *local, const union tscf_endpoint *remote,
		      const struct tscf_outer_options *options);

/** @return 0 with the address that the socket is bound to in *out, or -errno. */
int tscf_outer_local(int fd, union tscf_endpoint *out);

/**
 * Ask the kernel which source address such a socket would use now to send to @p remote; nothing is sent.
 *
 * @return 0 with the address (the port means nothing) in *out, or -errno.
 */
int tscf_outer_source(const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		      union tscf_endpoint *out);

#endif
