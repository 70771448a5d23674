/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_hold.c - small packets that may wait are held for some milliseconds, and go with those that come meanwhile, in
 * one segment and one record.
 *
 * They are held in the queue of the connection, while the socket would take them.  Whatever may not wait, or fills a
 * segment, takes them along, in the order of the queue: so nothing urgent waits behind them.
 */
#include "common/transport/stream_peer.h"

/** So many bytes fill a segment: the rest is for time stamps, and for the head and the end of a record. */
#define SEGMENT_BYTES (TSCF_OUTER_SEGMENT - 40)

void tscf_stream_hold_end(struct tscf_stream_peer *peer)
{
	ev_timer_stop(tscf_stream_of(peer)->transport.loop, &peer->hold);
}

bool tscf_stream_may_hold(const struct tscf_stream_peer *peer, uint32_t bytes)
{
	const struct tscf_stream_queue *q = &peer->queue;

	/* Data that is not held waits for the socket. */
	if (!tscf_stream_holds(peer) && (!tscf_stream_queue_empty(q) || tscf_stream_of(peer)->kind->waits(peer)))
		return false;
	return q->fifo[TSCF_STREAM_BULK].bytes + bytes < SEGMENT_BYTES;
}

void tscf_stream_hold(struct tscf_stream_peer *peer, uint8_t ms)
{
	if (tscf_stream_holds(peer))
		return;
	ev_timer_set(&peer->hold, ms / 1000.0, 0.);
	ev_timer_start(tscf_stream_of(peer)->transport.loop, &peer->hold);
}
