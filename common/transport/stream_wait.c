/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_wait.c - connections that have a deadline.
 *
 * Anybody can open connections and send nothing, or a byte now and then.  So a connection has a deadline until it is
 * adopted, and when there are too many, the one that has waited longest is closed first: an honest client needs a few
 * round trips only.
 */
#include "common/transport/stream_peer.h"

#include <utlist.h>

void tscf_stream_set_deadline(struct tscf_stream *stream)
{
	struct ev_loop *loop = stream->transport.loop;

	ev_timer_stop(loop, &stream->deadline_timer);
	if (!stream->waiting)
		return;
	ev_timer_set(&stream->deadline_timer, stream->waiting->deadline - ev_now(loop), 0);
	ev_timer_start(loop, &stream->deadline_timer);
}

bool tscf_stream_wait(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);

	if (stream->listening) {
		peer->source = tscf_source_hold(&stream->sources, &peer->peer.outer, TSCF_STREAM_PENDING_PER_SOURCE);
		if (!peer->source)
			return false;
	}
	peer->deadline = ev_now(stream->transport.loop) + TSCF_STREAM_SECONDS;
	peer->waiting = true;
	DL_APPEND2(stream->waiting, peer, wait_prev, wait_next);
	stream->waiting_count++;
	if (stream->waiting == peer)
		tscf_stream_set_deadline(stream);
	return true;
}

void tscf_stream_wait_end(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);
	bool first = stream->waiting == peer;

	if (!peer->waiting)
		return;
	peer->waiting = false;
	DL_DELETE2(stream->waiting, peer, wait_prev, wait_next);
	stream->waiting_count--;
	tscf_source_drop(&stream->sources, peer->source);
	peer->source = NULL;
	if (first)
		tscf_stream_set_deadline(stream);
}

uint64_t tscf_stream_serial(const struct tscf_peer *peer)
{
	return ((const struct tscf_stream_peer *)peer)->serial;
}

struct tscf_peer *tscf_stream_waiting(const struct tscf_transport *t, uint64_t serial)
{
	struct tscf_stream_peer *peer;

	DL_FOREACH2(((const struct tscf_stream *)t)->waiting, peer, wait_next)
	if (peer->serial == serial)
		return peer->state == TSCF_STREAM_UP && !peer->peer.user ? &peer->peer : NULL;
	return NULL;
}

void tscf_stream_adopt(struct tscf_peer *peer, void *user)
{
	peer->user = user;
	tscf_stream_wait_end((struct tscf_stream_peer *)peer);
}
