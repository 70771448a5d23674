/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * transport.h - one interface for every outer transport.
 *
 * A transport carries inner packets and control messages between peers, in batches.  Behind it are UDP, DTLS, TCP and
 * TLS (udp.h, dtls.h, tcp.h, tls_stream.h). Everything is non-blocking and driven by the event loop the transport was
 * made with.
 *
 * Ownership: the transport owns its peers; a peer's `user` is the caller's (its session or tunnel).  A peer pointer is
 * valid until peer_down has been called for it or tscf_peer_close has been called on it.
 *
 * Peers and the transport may be closed from inside any handler.  The packets of a batch that is being handled may then
 * name a closed peer: until the handler returns it is still there, with user NULL, and what is sent to it is dropped.
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
	union tscf_endpoint outer; /**< its address; changes only through the transport */
	struct tscf_addr local;    /**< ours that it speaks to, and is answered from; family 0: the kernel chooses */
	void *user;                /**< the caller's; NULL at first */
	unsigned round_trip_ms;    /**< DTLS: about what one took in the handshake; 0: not known */
	bool closed;               /**< by either side; takes and gives nothing any more */
	struct tscf_peer *next_closed; /**< the transport's (reaper.h) */
};

/** What a transport tells its user; all are called from the event loop, never from inside a call into the transport. */
struct tscf_transport_handler {
	/**
	 * A batch was received.  Packets of peers have peer set; on a listening UDP transport, packets of unknown
	 * sources have peer NULL and from set.  A batch of a stream transport is all of one peer.  The batch and its
	 * packets are the callee's until it returns, to change at will.
	 */
	void (*received)(void *context, struct tscf_transport *t, struct tscf_batch *batch);
	/**
	 * All but UDP: the connection is there, over DTLS and TLS its handshake is done and the peer is verified.
	 * Listening: a new peer, user is NULL; a stream transport closes it (peer_down, ETIMEDOUT) if the user has not
	 * set peer->user within TSCF_STREAM_SECONDS.
	 */
	void (*peer_up)(void *context, struct tscf_peer *peer);
	/**
	 * The peer is gone (handshake failed, close notify, fatal error) and is freed after this returns.  @p error is
	 * a positive errno: ETIMEDOUT (no answer), EKEYREJECTED (not who it should be), ECONNRESET (closed or replaced
	 * by the other end), EPROTO, ENOMEM, ENOBUFS (takes nothing any more); streams also what connect() says:
	 * ECONNREFUSED, EHOSTUNREACH ...
	 * @p reason is for a person.
	 * Listening: called only for peers for which peer_up was called.
	 */
	void (*peer_down)(void *context, struct tscf_peer *peer, int error, const char *reason);
	/**
	 * Connected transports: the network says that nobody is there (@p error is ECONNREFUSED, EHOSTUNREACH ...).
	 * Anyone can forge that, so it is a reason to ask the peer, not a fact.  Not told more often than ten times a
	 * second.  May be NULL.
	 */
	void (*unreachable)(void *context, struct tscf_transport *t, int error);
	/**
	 * Listening, DTLS with connection ids: a record of @p peer has come from another address, peer->outer, and
	 * packets go there from now on: at most TSCF_UNPROVED_TIMES the bytes that come from there, until
	 * tscf_peer_proved says that the peer receives there, or it goes back to where it was before.  May be NULL.
	 */
	void (*peer_moved)(void *context, struct tscf_peer *peer);
};

/** To an address that is not proved goes at most so many times what came from there. */
#define TSCF_UNPROVED_TIMES 3
/** Most bytes of a connection id. */
#define TSCF_PEER_ID_MAX 8

/** Counters of one transport.  Bytes are inner ones: what was given to send, what was handed up. */
struct tscf_transport_counters {
	uint64_t sent_packets, sent_bytes;
	uint64_t received_packets, received_bytes;
	uint64_t send_drops;    /**< the kernel took no more, or refused a packet; stream: the queue was full */
	uint64_t receive_drops; /**< the kernel dropped at the socket (SO_RXQ_OVFL), or too many handshakes waited */
	uint64_t queue_drops;   /**< bulk dropped on receipt to keep the queue short for voice (aqm.h) */
	uint64_t invalid;       /**< datagrams that are no valid record, or fail authentication */
	uint64_t handshakes, handshakes_failed;
	uint64_t refused; /**< listening: connections beyond the limits (stream.h, dtls.h) */
};

/** How a kind of transport is built; for the implementations. */
struct tscf_transport_ops {
	const char *name; /**< "udp", "dtls", "tcp", "tls" */
	bool encrypted;
	/**
	 * A peer is one connection of a reliable stream: what is sent arrives, and in order, so that nothing need be
	 * sent again, and addresses are proven.  Packets may still be dropped before they are sent, control messages
	 * are not.
	 */
	bool stream;
	uint32_t packet_max; /**< most bytes of one packet or message */
	/** Send every packet of the batch to its peer (all peers belong to this transport). */
	void (*send)(struct tscf_transport *t, struct tscf_batch *batch);
	/** Close a peer, saying goodbye if the transport can. */
	void (*peer_close)(struct tscf_peer *peer);
	void (*close)(struct tscf_transport *t);
	/** See tscf_peer_give_id, tscf_peer_use_id, tscf_peer_proved; NULL: this kind has no connection ids. */
	uint32_t (*give_id)(struct tscf_peer *peer, uint8_t *id);
	bool (*use_id)(struct tscf_peer *peer, const uint8_t *id, uint32_t length);
	void (*proved)(struct tscf_peer *peer);
	/** Read once more from the socket, without waiting for the event loop. */
	void (*poll)(struct tscf_transport *t);
	/** Free a closed peer, or everything that is there, open peers included; when that is safe (reaper.h). */
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
	uint64_t realtime_dscps;   /**< the owner's to set: what overtakes bulk where packets wait (dscp.h) */
	struct tscf_transport_counters counters;
	/* reaper.c */
	struct ev_prepare reaper; /**< active while there are closed peers */
	struct tscf_peer *closed_peers;
	unsigned depth; /**< callbacks under way */
	bool closed;
};

/** What an outer socket needs before it is used. */
struct tscf_outer_options {
	uint32_t mark; /**< value to set in SO_MARK under mark_mask (level.h; client: TSCF_MARK_OUTER); mask 0: none */
	uint32_t mark_mask;
	const char *bind_device;      /**< SO_BINDTODEVICE, or NULL */
	struct tscf_reuseport spread; /**< listening: shares the port with the sockets of other workers */
};

/** Send a batch; all its peers belong to @p t.  Packets may be changed.  What the network does not take is dropped and
 * counted. */
static inline void tscf_transport_send(struct tscf_transport *t, struct tscf_batch *batch)
{
	if (batch->count > 0)
		t->ops->send(t, batch);
}

/** Send one packet or message of @p length bytes to @p peer: for control messages, not for the data path. */
void tscf_peer_send(struct tscf_peer *peer, const void *data, uint32_t length);

/**
 * From now on, or no longer: datagrams of @p t are sent whole (DF), and are lost where the path does not carry them,
 * whatever is known of it.  For probes of the path; does nothing to a stream.
 */
void tscf_transport_whole(struct tscf_transport *t, bool whole);

/** Close and free a peer; peer_down is not called for it. */
static inline void tscf_peer_close(struct tscf_peer *peer)
{
	peer->transport->ops->peer_close(peer);
}

/**
 * Listening: give @p peer a connection id (RFC 9146).  Records of it that bear the id are its own wherever they come
 * from (handler->peer_moved).
 *
 * @param id  for TSCF_PEER_ID_MAX bytes
 * @return the length of the id; 0: there is none, as the transport knows none or there is no memory.
 */
static inline uint32_t tscf_peer_give_id(struct tscf_peer *peer, uint8_t *id)
{
	return peer->transport->ops->give_id ? peer->transport->ops->give_id(peer, id) : 0;
}

/** Connected: send records with the connection id that the other end has given.  @return whether it can be one. */
static inline bool tscf_peer_use_id(struct tscf_peer *peer, const uint8_t *id, uint32_t length)
{
	return peer->transport->ops->use_id && peer->transport->ops->use_id(peer, id, length);
}

/** @return whether the transport of @p peer knows connection ids. */
static inline bool tscf_peer_knows_ids(const struct tscf_peer *peer)
{
	return peer->transport->ops->use_id != NULL;
}

/** The other end has been seen to receive at peer->outer. */
static inline void tscf_peer_proved(struct tscf_peer *peer)
{
	if (peer->transport->ops->proved)
		peer->transport->ops->proved(peer);
}

/** Close the transport with all its peers and free it; no handler is called. */
static inline void tscf_transport_close(struct tscf_transport *t)
{
	t->ops->close(t);
}

/**
 * Handle what is already waiting in the socket now (at most a few batches): the handler is called before this returns.
 * Does nothing from inside a handler of the same transport.
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
 * Have the kernel tell to which of the host's addresses each datagram of @p fd has come: for a socket that is bound to
 * none of them.
 *
 * @return 0 or -errno.
 */
int tscf_outer_tell_local(int fd, sa_family_t family);

/**
 * Open a non-blocking outer TCP socket with the options set: listening on @p local, or connecting to @p remote
 * (EV_WRITE tells when, and SO_ERROR how it went).  One of the two is NULL.
 *
 * @return the descriptor, or -errno.
 */
int tscf_outer_stream(const union tscf_endpoint *local, const union tscf_endpoint *remote,
		      const struct tscf_outer_options *options);

/** @return 0 with the address that the socket is bound to in *out, or -errno. */
int tscf_outer_local(int fd, union tscf_endpoint *out);

/**
 * Ask the kernel from which address such a socket would send to @p remote now; nothing is sent.
 *
 * @return 0 with the address (the port means nothing) in *out, or -errno.
 */
int tscf_outer_source(const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		      union tscf_endpoint *out);

#endif
