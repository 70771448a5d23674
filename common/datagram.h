/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * datagram.h - what the datagram transports share: the socket in the event loop, and safe endings.
 *
 * A handler may close any peer, or the transport itself, from inside any callback, while the transport still works on
 * the batch that it handed up.  So memory is never freed under a callback: a closed peer waits (silent, without user)
 * in a list until the event loop comes round, and a closed transport until its outermost callback has returned.
 */
#ifndef TSCF_DATAGRAM_H
#define TSCF_DATAGRAM_H

#include "outer.h"
#include "transport.h"

struct tscf_datagram;

/** The head of every peer of a datagram transport. */
struct tscf_datagram_peer {
	struct tscf_peer peer; /**< first, so that the two pointers are one */
	bool closed;           /**< by either side; takes and gives nothing any more */
	struct tscf_datagram_peer *next_closed;
};

/** What differs. */
struct tscf_datagram_kind {
	/** Datagrams have arrived; called between tscf_datagram_enter and _leave. */
	void (*datagrams)(struct tscf_datagram *d, struct tscf_batch *batch);
	/** Stop timers and disconnect what the user should not hear of any more; peers stay in memory. */
	void (*stop)(struct tscf_datagram *d);
	/** Free one closed peer. */
	void (*free_peer)(struct tscf_datagram_peer *peer);
	/** Free everything that is the kind's own, open peers included, and @p d itself. */
	void (*free)(struct tscf_datagram *d);
};

/** The head of every datagram transport. */
struct tscf_datagram {
	struct tscf_transport transport; /**< first, so that the two pointers are one */
	const struct tscf_datagram_kind *kind;
	struct tscf_outer_reader *reader;
	struct tscf_outer_writer *writer;
	struct ev_io readable;
	struct ev_prepare reaper; /**< active while there are closed peers */
	struct tscf_datagram_peer *closed_peers;
	unsigned depth; /**< callbacks under way */
	bool connected;
	bool closed;
	int error; /**< to be told with handler->unreachable */
	ev_tstamp error_told;
};

/**
 * Open the socket and start to read.  transport.ops and the rest of the memory are the caller's.
 *
 * @param size       largest datagram to receive
 * @param copy_size  largest datagram to give to tscf_outer_write_copy
 * @return 0, or -errno with nothing left to undo.
 */
int tscf_datagram_open(struct tscf_datagram *d, const struct tscf_datagram_kind *kind, struct ev_loop *loop,
		       const union tscf_endpoint *local, const union tscf_endpoint *remote,
		       const struct tscf_outer_options *options, uint32_t size, uint32_t copy_size);
/** Free what tscf_datagram_open made, and the closed peers; for kind->free. */
void tscf_datagram_release(struct tscf_datagram *d);

/** Around every stretch of code that may call the handler: @p d stays in memory until the matching leave. */
void tscf_datagram_enter(struct tscf_datagram *d);
/** May free @p d. */
void tscf_datagram_leave(struct tscf_datagram *d);

/** Send what is queued in the writer; counts drops and remembers errors. */
void tscf_datagram_flush(struct tscf_datagram *d);
/** Mark a peer closed, take its user away, and free it when that is safe.  Once per peer. */
void tscf_datagram_peer_bury(struct tscf_datagram *d, struct tscf_datagram_peer *peer);

/** transport->ops->poll and ->close of every datagram transport. */
void tscf_datagram_poll(struct tscf_transport *t);
void tscf_datagram_close(struct tscf_transport *t);

#endif
