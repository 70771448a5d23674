/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_accept.c - new connections, and the end of connections that have waited too long (stream_wait.c).
 */
#include "common/base/log.h"
#include "common/base/silence.h"
#include "common/transport/stream_peer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Most connections accepted before other work has its turn. */
#define ACCEPTS_MAX 64
/* Seconds until the next attempt when the process has no descriptor left. */
#define ACCEPT_PAUSE 1.0

static void on_deadline(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct tscf_stream *stream = timer->data;

	(void)events;
	tscf_reaper_enter(&stream->transport);
	while (!stream->transport.closed && stream->waiting && stream->waiting->deadline <= ev_now(loop)) {
		struct tscf_stream_peer *peer = stream->waiting;
		const char *what =
		    peer->state == TSCF_STREAM_UP ? "it did not configure itself in time" : "no answer in time";

		tscf_stream_peer_fail(peer, ETIMEDOUT, what);
	}
	if (!stream->transport.closed)
		tscf_stream_set_deadline(stream);
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
	/* Other errors mean that no connection waits, or that it has gone already. */
	if (fd < 0)
		return errno != EAGAIN;
	if (tscf_endpoint_from_sockaddr((struct sockaddr *)&name, size, &remote) == 0)
		peer = tscf_stream_peer_new(stream, fd, &remote);
	if (!peer) {
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
	ev_init(&stream->deadline_timer, on_deadline);
	ev_set_priority(&stream->deadline_timer, TSCF_SILENCE_PRIORITY);
	stream->deadline_timer.data = stream;
	ev_timer_init(&stream->accept_again, on_accept_again, 0, ACCEPT_PAUSE);
	stream->accept_again.data = stream;
	ev_io_init(&stream->acceptable, on_acceptable, stream->transport.fd, EV_READ);
	stream->acceptable.data = stream;
	if (stream->listening)
		ev_io_start(stream->transport.loop, &stream->acceptable);
}

void tscf_stream_accept_stop(struct tscf_stream *stream)
{
	ev_timer_stop(stream->transport.loop, &stream->deadline_timer);
	ev_timer_stop(stream->transport.loop, &stream->accept_again);
	ev_io_stop(stream->transport.loop, &stream->acceptable);
}
