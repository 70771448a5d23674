/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_wait.c - connections that have little time.
 *
 * Anybody can open connections and say nothing, or a byte now and then.  A connection that has not come as far as to be
 * adopted has a deadline, and the one that has waited longest goes first when there are too many: a client needs a few
 * round trips.
 */
#include "common/transport/stream_peer.h"

#include <stdlib.h>
#include <utlist.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* One source that has connections waiting. */
struct tscf_stream_source {
	struct tscf_addr addr;
	unsigned waiting;
	UT_hash_handle hh;
};

/* @return the source with one connection more, or NULL: that would be too many, or memory is. */
static struct tscf_stream_source *source_hold(struct tscf_stream *stream, const union tscf_endpoint *outer)
{
	struct tscf_addr outer_addr = tscf_endpoint_addr(outer), addr = tscf_addr_source(&outer_addr);
	unsigned hash = (unsigned)tscf_siphash(&stream->secret, &addr, sizeof(addr));
	struct tscf_stream_source *source;

	HASH_FIND_BYHASHVALUE(hh, stream->sources, &addr, sizeof(addr), hash, source);
	if (source == NULL) {
		source = calloc(1, sizeof(*source));
		if (source == NULL)
			return NULL;
		source->addr = addr;
		HASH_ADD_BYHASHVALUE(hh, stream->sources, addr, sizeof(addr), hash, source);
		/* uthash clears this when it had no memory. */
		if (source->hh.tbl == NULL) {
			free(source);
			return NULL;
		}
	}
	if (source->waiting == TSCF_STREAM_PENDING_PER_SOURCE)
		return NULL;
	source->waiting++;
	return source;
}

static void source_drop(struct tscf_stream *stream, struct tscf_stream_source *source)
{
	if (--source->waiting > 0)
		return;
	HASH_DELETE(hh, stream->sources, source);
	free(source);
}

void tscf_stream_set_deadline(struct tscf_stream *stream)
{
	struct ev_loop *loop = stream->transport.loop;

	ev_timer_stop(loop, &stream->deadline_timer);
	if (stream->waiting == NULL)
		return;
	ev_timer_set(&stream->deadline_timer, stream->waiting->deadline - ev_now(loop), 0);
	ev_timer_start(loop, &stream->deadline_timer);
}

bool tscf_stream_wait(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);

	if (stream->listening) {
		peer->source = source_hold(stream, &peer->peer.outer);
		if (peer->source == NULL)
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
	if (peer->source != NULL)
		source_drop(stream, peer->source);
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
		return peer->state == TSCF_STREAM_UP && peer->peer.user == NULL ? &peer->peer : NULL;
	return NULL;
}

void tscf_stream_adopt(struct tscf_peer *peer, void *user)
{
	peer->user = user;
	tscf_stream_wait_end((struct tscf_stream_peer *)peer);
}
