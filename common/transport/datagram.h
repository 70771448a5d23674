/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * datagram.h - the part that all datagram transports share: the socket in the event loop.
 */
#ifndef TSCF_DATAGRAM_H
#define TSCF_DATAGRAM_H

#include "common/transport/outer.h"
#include "common/transport/reaper.h"
#include "common/transport/transport.h"

struct tscf_datagram;

/** What differs between the datagram transports. */
struct tscf_datagram_kind {
	/** Datagrams have arrived; called between tscf_reaper_enter and _leave. */
	void (*datagrams)(struct tscf_datagram *d, struct tscf_batch *batch);
	/** Stop timers and disconnect everything that must not call the user any more; peers stay in memory. */
	void (*stop)(struct tscf_datagram *d);
};

/** The head of every datagram transport. */
struct tscf_datagram {
	struct tscf_transport transport; /**< first, so that both structs have the same address */
	const struct tscf_datagram_kind *kind;
	struct tscf_outer_reader *reader;
	struct tscf_outer_writer *writer;
	struct ev_io readable;
	struct ev_timer again; /**< active while datagrams wait in the reader */
	bool connected;
	int error; /**< to be reported with handler->unreachable */
	ev_tstamp error_told;
};

/**
 * Open the socket and start to read.  The caller sets transport.ops and the rest of the memory.
 *
 * @param size       largest datagram to receive
 * @param copy_size  largest datagram to give to tscf_outer_write_copy
 * @return 0, or -errno with nothing left to undo.
 */
int tscf_datagram_open(struct tscf_datagram *d, const struct tscf_datagram_kind *kind, struct ev_loop *loop,
		       const union tscf_endpoint *local, const union tscf_endpoint *remote,
		       const struct tscf_outer_options *options, uint32_t size, uint32_t copy_size);
/** Free everything that tscf_datagram_open made, and the closed peers; for ops->free. */
void tscf_datagram_release(struct tscf_datagram *d);

/** Send everything queued in the writer; count drops and remember errors. */
void tscf_datagram_flush(struct tscf_datagram *d);
/** transport->ops->poll and ->close of every datagram transport. */
void tscf_datagram_poll(struct tscf_transport *t);
void tscf_datagram_close(struct tscf_transport *t);

#endif
