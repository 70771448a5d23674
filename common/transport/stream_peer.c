/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection is TSCF_STREAM_CONNECTING until TCP is connected, TSCF_STREAM_SECURING during a handshake, then
 * TSCF_STREAM_UP: peer_up is called.  It ends in tscf_stream_peer_fail, in the user's tscf_peer_close, or with the
 * transport.
 */
#include "common/transport/stream_peer.h"
#include "common/transport/stream_frame.h"

#include "common/transport/aqm_filter.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

/* Most pieces of the queue in one system call. */
#define PIECES_MAX 32
/* Unsent bytes that the kernel holds: enough that the line stays busy until this process runs again. */
#define NOTSENT_LOWAT (32 * 1024)

/* Some kernels lack some of these options; a stream works without them. */
static void set_options(int fd)
{
	int on = 1, lowat = NOTSENT_LOWAT;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

void tscf_stream_peer_free(struct tscf_peer *p)
{
	struct tscf_stream_peer *peer = (struct tscf_stream_peer *)p;
	struct tscf_stream *stream = tscf_stream_of(peer);

	stream->kind->free_peer(peer);
	tscf_stream_queue_clear(&peer->queue, &stream->pool);
	free(peer->rest);
	free(peer->reason);
	free(peer);
}

int tscf_stream_reason(struct tscf_stream_peer *peer, int error, const char *reason)
{
	snprintf(tscf_stream_of(peer)->reason, TSCF_STREAM_REASON, "%s", reason);
	return -error;
}

void tscf_stream_peer_end(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);
	struct ev_loop *loop = stream->transport.loop;

	tscf_stream_wait_end(peer);
	tscf_stream_hold_end(peer);
	ev_io_stop(loop, &peer->readable);
	ev_io_stop(loop, &peer->writable);
	close(peer->fd);
	peer->fd = -1;
	DL_DELETE(stream->peers, peer);
	if (stream->only == peer)
		stream->only = NULL;
	tscf_reaper_retire(&peer->peer);
}

void tscf_stream_peer_fail(struct tscf_stream_peer *peer, int error, const char *reason)
{
	struct tscf_stream *stream = tscf_stream_of(peer);
	struct tscf_transport *t = &stream->transport;
	bool up = peer->state == TSCF_STREAM_UP;

	if (peer->peer.closed || stream->transport.closed)
		return;
	if (!up && t->ops->encrypted)
		t->counters.handshakes_failed++;
	/* A packet sent from inside the callback cannot be delivered. */
	peer->peer.closed = true;
	tscf_stream_wait_end(peer);
	tscf_stream_hold_end(peer);
	ev_io_stop(t->loop, &peer->readable);
	ev_io_stop(t->loop, &peer->writable);
	tscf_reaper_enter(&stream->transport);
	if (up || !stream->listening)
		t->handler->peer_down(t->context, &peer->peer, error, reason);
	if (!stream->transport.closed)
		tscf_stream_peer_end(peer);
	tscf_reaper_leave(&stream->transport);
}

void tscf_stream_peer_abort_later(struct tscf_stream_peer *peer, int error, const char *reason)
{
	struct tscf_stream *stream = tscf_stream_of(peer);

	if (peer->error != 0)
		return;
	peer->error = error;
	peer->reason = strdup(reason);
	ev_feed_event(stream->transport.loop, &peer->writable, EV_WRITE);
}

/* The reason is stored in the transport, and the callback may overwrite it. */
static void fail_told(struct tscf_stream_peer *peer, int error)
{
	char reason[TSCF_STREAM_REASON];

	snprintf(reason, sizeof(reason), "%s", tscf_stream_of(peer)->reason);
	tscf_stream_peer_fail(peer, error, reason);
}

/* --- reading --- */

static uint64_t nanoseconds(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

static uint64_t time_of(struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return nanoseconds(&t);
	}
	return 0;
}

int tscf_stream_recv(struct tscf_stream_peer *peer, void *to, uint32_t room)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = {.iov_base = to, .iov_len = room};
	struct msghdr header = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(peer->fd, &header, MSG_DONTWAIT);

	if (got > 0) {
		tscf_stream_of(peer)->came = time_of(&header);
		return (int)got;
	}
	if (got == 0)
		return tscf_stream_reason(peer, ECONNRESET, "closed by the other end");
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	return tscf_stream_reason(peer, errno, strerror(errno));
}

static void hand_up(struct tscf_stream *stream, struct tscf_stream_peer *peer)
{
	struct tscf_transport *t = &stream->transport;

	if (stream->batch.count == 0)
		return;
	t->handler->received(t->context, t, &stream->batch);
	stream->batch.count = 0;
	if (!stream->transport.closed && peer->waiting && stream->listening && peer->peer.user)
		tscf_stream_wait_end(peer);
}

/* Hand up the whole packets among the @p length bytes at @p data.  @return bytes used, or -EPROTO. */
static int deliver(struct tscf_stream_peer *peer, uint8_t *data, uint32_t length)
{
	struct tscf_stream *stream = tscf_stream_of(peer);
	struct tscf_transport_counters *counters = &stream->transport.counters;
	uint32_t at = 0;
	int taken = 0;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);

	while (!peer->peer.closed && !stream->transport.closed) {
		struct tscf_packet *packet = &stream->packet[stream->batch.count];

		*packet = (struct tscf_packet){.peer = &peer->peer, .from = peer->peer.outer};
		taken = tscf_frame_run(data + at, length - at, packet);
		if (taken <= 0)
			break;
		packet->room = packet->length;
		at += (uint32_t)taken;
		counters->received_packets += tscf_packet_segments(packet);
		counters->received_bytes += packet->length;
		counters->queue_drops += tscf_aqm_filter(&peer->aqm, packet, stream->transport.realtime_dscps,
							 stream->came, nanoseconds(&now), length);
		if (packet->length > 0)
			tscf_batch_add(&stream->batch, packet);
		if (stream->batch.count == TSCF_BATCH_MAX)
			hand_up(stream, peer);
	}
	hand_up(stream, peer);
	return taken < 0 ? taken : (int)at;
}

static void keep_rest(struct tscf_stream_peer *peer, const uint8_t *data, uint32_t length)
{
	peer->rest = length > 0 ? malloc(length) : NULL;
	if (length > 0 && !peer->rest) {
		tscf_stream_peer_fail(peer, ENOMEM, "out of memory");
		return;
	}
	if (length > 0)
		memcpy(peer->rest, data, length);
	peer->rest_length = length;
}

static uint32_t take_rest(struct tscf_stream_peer *peer, uint8_t *to)
{
	uint32_t length = peer->rest_length;

	if (length > 0)
		memcpy(to, peer->rest, length);
	free(peer->rest);
	peer->rest = NULL;
	peer->rest_length = 0;
	return length;
}

/* Read once per wake-up of the event loop: urgent data of the other direction has its turn between two reads. */
static void read_some(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);
	uint8_t *clear = stream->clear;
	uint32_t have = take_rest(peer, clear);
	/* There is room for it: no packet is longer than the rest that is kept and this read together. */
	int n = stream->kind->receive(peer, clear + have, TSCF_STREAM_READ_BYTES);

	if (n > 0) {
		have += (uint32_t)n;
		n = deliver(peer, clear, have);
		if (n < 0)
			tscf_stream_reason(peer, EPROTO, "what came is neither a packet nor a message");
	}
	if (peer->peer.closed || stream->transport.closed)
		return;
	if (n < 0)
		fail_told(peer, -n);
	else
		keep_rest(peer, clear + n, have - (uint32_t)n);
}

/* --- the states --- */

static void come_up(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);
	struct tscf_transport *t = &stream->transport;

	peer->state = TSCF_STREAM_UP;
	if (t->ops->encrypted) {
		peer->peer.round_trip_ms = 1 + (unsigned)(1000 * (ev_now(t->loop) - peer->begun));
		t->counters.handshakes++;
	}
	if (!stream->listening)
		tscf_stream_wait_end(peer);
	t->handler->peer_up(t->context, &peer->peer);
	if (!stream->transport.closed && peer->waiting && peer->peer.user)
		tscf_stream_wait_end(peer);
}

/* @p result of a step of the handshake: 1 up, 0 not yet, or -errno. */
static void secured(struct tscf_stream_peer *peer, int result)
{
	struct tscf_stream *stream = tscf_stream_of(peer);

	if (result < 0)
		fail_told(peer, -result);
	else if (result > 0)
		come_up(peer);
	if (!stream->transport.closed && !peer->peer.closed && stream->kind->waits(peer))
		ev_io_start(stream->transport.loop, &peer->writable);
}

void tscf_stream_peer_begin(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);

	set_options(peer->fd);
	peer->state = TSCF_STREAM_SECURING;
	peer->begun = ev_now(tscf_stream_of(peer)->transport.loop);
	ev_io_start(stream->transport.loop, &peer->readable);
	secured(peer, stream->kind->begin(peer));
}

static void connected(struct tscf_stream_peer *peer)
{
	int error = 0;
	socklen_t size = sizeof(error);

	ev_io_stop(tscf_stream_of(peer)->transport.loop, &peer->writable);
	if (getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error != 0)
		tscf_stream_peer_fail(peer, error, strerror(error));
	else
		tscf_stream_peer_begin(peer);
}

void tscf_stream_peer_flush(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);
	struct iovec iov[PIECES_MAX];
	int sent = 0;

	do {
		unsigned count = tscf_stream_queue_next(&peer->queue, iov, PIECES_MAX);

		if (count == 0 && !stream->kind->waits(peer))
			break;
		sent = stream->kind->send(peer, iov, count);
		if (sent > 0 && tscf_stream_queue_gone(&peer->queue, &stream->pool, (uint32_t)sent) < 0)
			sent = tscf_stream_reason(peer, ENOMEM, "out of memory");
	} while (sent > 0);
	if (sent < 0)
		tscf_stream_peer_abort_later(peer, -sent, stream->reason);
}

void tscf_stream_release(struct tscf_stream_peer *peer)
{
	tscf_stream_hold_end(peer);
	if (peer->peer.closed || peer->error != 0)
		return;
	tscf_stream_peer_flush(peer);
	if (!tscf_stream_queue_empty(&peer->queue) || tscf_stream_of(peer)->kind->waits(peer))
		ev_io_start(tscf_stream_of(peer)->transport.loop, &peer->writable);
}

static void on_held(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	tscf_stream_release(timer->data);
}

/* Data that the socket did not take waits until the socket is writable. */
static void watch_writable(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);

	if (tscf_stream_queue_empty(&peer->queue) && !stream->kind->waits(peer))
		ev_io_stop(stream->transport.loop, &peer->writable);
}

static void on_writable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	struct tscf_stream_peer *peer = watcher->data;
	struct tscf_stream *stream = tscf_stream_of(peer);

	(void)loop;
	(void)events;
	tscf_reaper_enter(&stream->transport);
	if (peer->error != 0) {
		tscf_stream_peer_fail(peer, peer->error, peer->reason ? peer->reason : strerror(peer->error));
	} else if (peer->state == TSCF_STREAM_CONNECTING) {
		connected(peer);
	} else {
		tscf_stream_peer_flush(peer);
		watch_writable(peer);
	}
	tscf_reaper_leave(&stream->transport);
}

/*
 * A step of a handshake costs as much as hundreds of packets.  A connection that has to wait stays readable, and the
 * kernel reports readable sockets in turn.
 */
static bool may_step(struct tscf_stream *stream)
{
	unsigned pass = ev_iteration(stream->transport.loop);

	if (!stream->listening || !stream->transport.ops->encrypted)
		return true;
	if (stream->pass != pass)
		stream->secured = 0;
	stream->pass = pass;
	return stream->secured++ < TSCF_STREAM_STEPS_MAX;
}

static void read_or_secure(struct tscf_stream_peer *peer)
{
	struct tscf_stream *stream = tscf_stream_of(peer);

	if (peer->state == TSCF_STREAM_SECURING && !may_step(stream))
		return;
	tscf_reaper_enter(&stream->transport);
	if (peer->state == TSCF_STREAM_SECURING)
		secured(peer, stream->kind->secure(peer));
	if (peer->state == TSCF_STREAM_UP && !peer->peer.closed && !stream->transport.closed)
		read_some(peer);
	tscf_reaper_leave(&stream->transport);
}

static void on_readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	read_or_secure(watcher->data);
}

void tscf_stream_poll(struct tscf_transport *t)
{
	struct tscf_stream *stream = (struct tscf_stream *)t;

	/* Inside a callback, this would overwrite the packets that are being worked on. */
	if (stream->transport.depth > 0 || stream->transport.closed || !stream->only ||
	    stream->only->state == TSCF_STREAM_CONNECTING)
		return;
	read_or_secure(stream->only);
}

struct tscf_stream_peer *tscf_stream_peer_new(struct tscf_stream *stream, int fd, const union tscf_endpoint *remote)
{
	struct tscf_stream_peer *peer = calloc(1, stream->kind->peer_size);

	if (!peer)
		return NULL;
	peer->peer = (struct tscf_peer){.transport = &stream->transport, .outer = *remote};
	peer->fd = fd;
	peer->serial = ++stream->serials;
	ev_io_init(&peer->readable, on_readable, fd, EV_READ);
	peer->readable.data = peer;
	ev_io_init(&peer->writable, on_writable, fd, EV_WRITE);
	peer->writable.data = peer;
	ev_init(&peer->hold, on_held);
	peer->hold.data = peer;
	DL_APPEND(stream->peers, peer);
	return peer;
}
