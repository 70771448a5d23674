/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_accept.c - new connections, and those that have little time.
 *
 * Anybody can open connections and say nothing, or a byte now and then.  Whoever has not come as far as to be adopted
 * has a deadline, and who has been waiting longest goes first when there are too many: a client needs a few round
 * trips.
 */
#include "common/base/log.h"
#include "common/transport/stream_peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Most connections taken before the others have their turn. */
#define ACCEPTS_MAX 64
/* Seconds until it is tried again when the process has no descriptor left. */
#define ACCEPT_PAUSE 1.0

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

/* The timer is the first one's; those behind have later deadlines. */
static void set_patience(struct tscf_stream *stream)
{
	struct ev_loop *loop = stream->transport.loop;

	ev_timer_stop(loop, &stream->patience);
	if (stream->waiting == NULL)
		return;
	ev_timer_set(&stream->patience, stream->waiting->deadline - ev_now(loop), 0);
	ev_timer_start(loop, &stream->patience);
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
		set_patience(stream);
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
		set_patience(stream);
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

static void on_patience(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct tscf_stream *stream = timer->data;

	(void)events;
	tscf_reaper_enter(&stream->transport);
	while (!stream->transport.closed && stream->waiting != NULL && stream->waiting->deadline <= ev_now(loop)) {
		struct tscf_stream_peer *peer = stream->waiting;
		const char *what =
		    peer->state == TSCF_STREAM_UP ? "it did not configure itself in time" : "no answer in time";

		tscf_stream_peer_fail(peer, ETIMEDOUT, what);
	}
	if (!stream->transport.closed)
		set_patience(stream);
	tscf_reaper_leave(&stream->transport);
}

/* @return whether there may be another connection. */
static bool accept_one(struct tscf_stream *stream)
{
	struct ev_loop *loop = stream->transport.loop;
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);
	union tscf_endpoint remote;
	struct tscf_stream_peer *peer = NULL;
	int fd = accept4(stream->transport.fd, (struct sockaddr *)&name, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		tscf_warning("%s: cannot take connections: %s", stream->transport.ops->name, strerror(errno));
		ev_io_stop(loop, &stream->acceptable);
		ev_timer_again(loop, &stream->accept_again);
		return false;
	}
	/* What remains is that there is none, or that it has gone already. */
	if (fd < 0)
		return errno != EAGAIN;
	if (tscf_endpoint_from_sockaddr((struct sockaddr *)&name, size, &remote) == 0)
		peer = tscf_stream_peer_new(stream, fd, &remote);
	if (peer == NULL) {
		close(fd);
		return true;
	}
	if (!tscf_stream_wait(peer)) {
		stream->transport.counters.refused++;
		tscf_stream_peer_end(peer);
		return true;
	}
	if (stream->waiting_count > TSCF_STREAM_PENDING_MAX) {
		stream->transport.counters.refused++;
		tscf_stream_peer_fail(stream->waiting, ETIMEDOUT, "too many are waiting");
	}
	if (!stream->transport.closed)
		tscf_stream_peer_begin(peer);
	return true;
}

static void on_acceptable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	struct tscf_stream *stream = watcher->data;

	(void)loop;
	(void)events;
	tscf_reaper_enter(&stream->transport);
	for (unsigned i = 0; i < ACCEPTS_MAX && !stream->transport.closed; i++)
		if (!accept_one(stream))
			break;
	tscf_reaper_leave(&stream->transport);
}

static void on_accept_again(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct tscf_stream *stream = timer->data;

	(void)events;
	ev_timer_stop(loop, timer);
	ev_io_start(loop, &stream->acceptable);
}

void tscf_stream_accept_start(struct tscf_stream *stream)
{
	ev_init(&stream->patience, on_patience);
	stream->patience.data = stream;
	ev_timer_init(&stream->accept_again, on_accept_again, 0, ACCEPT_PAUSE);
	stream->accept_again.data = stream;
	ev_io_init(&stream->acceptable, on_acceptable, stream->transport.fd, EV_READ);
	stream->acceptable.data = stream;
	if (stream->listening)
		ev_io_start(stream->transport.loop, &stream->acceptable);
}

void tscf_stream_accept_stop(struct tscf_stream *stream)
{
	ev_timer_stop(stream->transport.loop, &stream->patience);
	ev_timer_stop(stream->transport.loop, &stream->accept_again);
	ev_io_stop(stream->transport.loop, &stream->acceptable);
}
