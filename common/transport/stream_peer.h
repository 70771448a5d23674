/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_peer.h - the parts of the stream transports, and one connection.
 *
 *     stream.c         the transport: opening, sending, closing
 *     stream_peer.c    one connection: its states, reading, its end
 *     stream_accept.c  listening: new connections
 *     stream_wait.c    connections that wait to be adopted
 *     stream_queue.c   data that waits for the socket
 *     stream_hold.c    small packets that wait for others
 *     stream_progress.c  whether the other end gets what is sent in time
 *     stream_frame.c   packet boundaries
 *     tcp.c, tls_stream.c   the two kinds
 */
#ifndef TSCF_STREAM_PEER_H
#define TSCF_STREAM_PEER_H

#include "common/transport/reaper.h"
#include "common/transport/source_count.h"
#include "common/transport/stream.h"
#include "common/transport/stream_progress.h"
#include "common/transport/stream_queue.h"

#include "common/base/siphash.h"
#include "common/packet/aqm.h"

/** Most bytes of one read from a socket: more urgent work waits for no more than this. */
#define TSCF_STREAM_READ_BYTES (128 * 1024)
/** Most bytes of the text that gives the reason why a connection ended. */
#define TSCF_STREAM_REASON 256

enum tscf_stream_state {
	TSCF_STREAM_CONNECTING,
	TSCF_STREAM_SECURING,
	TSCF_STREAM_UP,
};

struct tscf_stream;
struct tscf_tls;

/** The head of every peer of a stream transport. */
struct tscf_stream_peer {
	struct tscf_peer peer; /**< first, so that both structs have the same address */
	enum tscf_stream_state state;
	uint64_t serial;
	bool waiting; /**< in the transport's list of connections that have a deadline */
	int fd;
	int error;    /**< positive: the end of the connection is still to be reported */
	char *reason; /**< ... with this reason */
	struct ev_io readable, writable;
	struct ev_timer hold; /**< active: what is in the queue is held */
	ev_tstamp begun;      /**< when the handshake began */
	ev_tstamp deadline;   /**< while waiting */
	struct tscf_stream_queue queue;
	uint8_t *rest; /**< the beginning of an incomplete packet */
	uint32_t rest_length;
	struct tscf_aqm aqm;
	struct tscf_stream_progress progress;
	struct tscf_source *source;           /**< listening: while waiting */
	struct tscf_stream_peer *prev, *next; /**< in transport->peers */
	struct tscf_stream_peer *wait_prev, *wait_next;
};

/** What differs between TCP and TLS. */
struct tscf_stream_kind {
	size_t peer_size;
	/** The connection is established: begin to secure it, if this kind does.  @return as secure. */
	int (*begin)(struct tscf_stream_peer *peer);
	/**
	 * Do a step of the handshake: data has arrived.  @return 1: up, 0: not yet, or -errno with the reason set
	 * (tscf_stream_reason).
	 */
	int (*secure)(struct tscf_stream_peer *peer);
	/**
	 * Read clear bytes into the @p room bytes (TSCF_STREAM_READ_BYTES) at @p to.  It processes everything that it
	 * has read from the socket.
	 *
	 * @return bytes read, 0 for none, or -errno with the reason set.
	 */
	int (*receive)(struct tscf_stream_peer *peer, uint8_t *to, uint32_t room);
	/** Send clear bytes, at most as many as the socket takes without waiting (and one record).  @return bytes
	 * taken, or -errno. */
	int (*send)(struct tscf_stream_peer *peer, const struct iovec *iov, unsigned count);
	/**
	 * @return whether bytes that send has taken still wait for the socket; send(peer, NULL, 0) continues with them.
	 */
	bool (*waits)(const struct tscf_stream_peer *peer);
	/** Announce the end of a connection that is up. */
	void (*goodbye)(struct tscf_stream_peer *peer);
	/** Free the kind's own part of @p peer. */
	void (*free_peer)(struct tscf_stream_peer *peer);
};

/** The head of every stream transport. */
struct tscf_stream {
	struct tscf_transport
	    transport; /**< first, so that both structs have the same address; fd: listening socket or -1 */
	const struct tscf_stream_kind *kind;
	struct tscf_tls *tls; /**< what the connections are secured with, the caller's; NULL: they are in clear */
	struct tscf_stream_peer *peers;
	struct tscf_stream_peer *only;    /**< connected: the one peer, until it is gone */
	struct tscf_stream_peer *waiting; /**< by deadline */
	unsigned waiting_count;
	uint64_t serials;               /**< number of connections so far */
	struct ev_timer deadline_timer; /**< deadline of the first in `waiting` */
	struct tscf_source_counts sources;
	struct tscf_siphash_key secret;
	struct ev_io acceptable;
	struct ev_timer accept_again; /**< runs after the process had no descriptor left */
	struct tscf_stream_pool pool;
	uint8_t *clear; /**< the clear bytes being handed up */
	uint64_t came;  /**< when the last bytes read arrived, in nanoseconds since the epoch; 0: not known */
	struct tscf_packet packet[TSCF_BATCH_MAX];
	struct tscf_batch batch;
	unsigned pass;    /**< number of the pass of the event loop (ev_iteration) ... */
	unsigned secured; /**< ... and the steps of handshakes done in that pass */
	bool listening;
	char reason[TSCF_STREAM_REASON];
};

static inline struct tscf_stream *tscf_stream_of(const struct tscf_stream_peer *peer)
{
	return (struct tscf_stream *)peer->peer.transport;
}

/* stream.c: for the kinds */

/** What the ops of both kinds share. */
void tscf_stream_send(struct tscf_transport *t, struct tscf_batch *batch);
void tscf_stream_peer_close(struct tscf_peer *peer);
bool tscf_stream_peer_stalled(const struct tscf_peer *peer);
bool tscf_stream_peer_late(struct tscf_peer *peer, uint64_t now);
void tscf_stream_close(struct tscf_transport *t);
void tscf_stream_poll(struct tscf_transport *t);
void tscf_stream_peer_free(struct tscf_peer *peer);
void tscf_stream_free(struct tscf_transport *t);

/** These in a table of struct tscf_transport_ops; the kind adds its name, and whether it encrypts. */
#define TSCF_STREAM_OPS                                                                                                \
	.stream = true, .packet_max = TSCF_PACKET_MAX, .send = tscf_stream_send, .peer_close = tscf_stream_peer_close, \
	.stalled = tscf_stream_peer_stalled, .late = tscf_stream_peer_late, .close = tscf_stream_close,                \
	.poll = tscf_stream_poll, .peer_free = tscf_stream_peer_free, .free = tscf_stream_free

/** The parameters of a new transport of some kind. */
struct tscf_stream_make {
	const struct tscf_transport_ops *ops;
	const struct tscf_stream_kind *kind;
	size_t size; /**< of the transport's memory, which begins with struct tscf_stream */
	struct tscf_tls *tls;
	struct ev_loop *loop;
	const struct tscf_transport_handler *handler;
	void *context;
};

/**
 * Listen at @p local, connect to @p remote, or take the socket @p fd, which is connected or connecting.
 *
 * @return 0 with the transport in *out, and its one connection in *peer; or -errno, with @p fd still the caller's.
 */
int tscf_stream_listen(const struct tscf_stream_make *make, const union tscf_endpoint *local,
		       const struct tscf_outer_options *options, struct tscf_transport **out);
int tscf_stream_connect(const struct tscf_stream_make *make, const union tscf_endpoint *remote,
			const struct tscf_outer_options *options, struct tscf_transport **out, struct tscf_peer **peer);
int tscf_stream_attach(const struct tscf_stream_make *make, int fd, struct tscf_transport **out,
		       struct tscf_peer **peer);

/**
 * recv() on the socket of @p peer; notes when the bytes arrived.  @return bytes (> 0), 0 if none wait, or -errno with
 * the reason set.
 */
int tscf_stream_recv(struct tscf_stream_peer *peer, void *to, uint32_t room);
/** Set the reason of a failure, which peer_down reports.  @return -@p error. */
int tscf_stream_reason(struct tscf_stream_peer *peer, int error, const char *reason);

/* stream_peer.c */

/**
 * Make a connection of socket @p fd, which the connection then owns.  @return NULL: out of memory, @p fd is unchanged.
 */
struct tscf_stream_peer *tscf_stream_peer_new(struct tscf_stream *stream, int fd, const union tscf_endpoint *remote);
/** The connection is established: secure it. */
void tscf_stream_peer_begin(struct tscf_stream_peer *peer);
/** Send what waits in the queue. */
void tscf_stream_peer_flush(struct tscf_stream_peer *peer);
/** Have the event loop end @p peer with @p error; for code that must not call the user. */
void tscf_stream_peer_abort_later(struct tscf_stream_peer *peer, int error, const char *reason);
/** End the connection; call peer_down if the user knows of it. */
void tscf_stream_peer_fail(struct tscf_stream_peer *peer, int error, const char *reason);
/** Close the connection without a call to the user. */
void tscf_stream_peer_end(struct tscf_stream_peer *peer);

/** Send what is held (stream_hold.c) now. */
void tscf_stream_release(struct tscf_stream_peer *peer);

/* stream_hold.c */

/** Nothing is held any more. */
void tscf_stream_hold_end(struct tscf_stream_peer *peer);
/** @return whether the queue of @p peer is held; its socket takes data. */
static inline bool tscf_stream_holds(const struct tscf_stream_peer *peer)
{
	return ev_is_active(&peer->hold);
}
/** @return whether @p bytes more of bulk need not be sent at once. */
bool tscf_stream_may_hold(const struct tscf_stream_peer *peer, uint32_t bytes);
/** Send what is in the queue in @p ms milliseconds, if nothing releases it earlier. */
void tscf_stream_hold(struct tscf_stream_peer *peer, uint8_t ms);

/* stream_accept.c */

/** Begin to accept connections on stream->transport.fd. */
void tscf_stream_accept_start(struct tscf_stream *stream);
/** Accept no more; connections that were accepted stay. */
void tscf_stream_accept_stop(struct tscf_stream *stream);

/* stream_wait.c */

/**
 * Give @p peer a deadline, TSCF_STREAM_SECONDS from now.  @return false if its source has too many such connections.
 */
bool tscf_stream_wait(struct tscf_stream_peer *peer);
/** @p peer needs no deadline any more. */
void tscf_stream_wait_end(struct tscf_stream_peer *peer);
/** Set the timer for the deadline of the first connection; those behind it have later deadlines. */
void tscf_stream_set_deadline(struct tscf_stream *stream);

#endif
