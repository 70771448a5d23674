/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/stream_frame.h"
#include "common/transport/stream_peer.h"

#include "common/packet/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

/* --- memory --- */

static void stop_events(struct tscf_stream *stream)
{
	tscf_stream_accept_stop(stream);
	if (stream->transport.fd >= 0)
		close(stream->transport.fd);
	stream->transport.fd = -1;
}

void tscf_stream_free(struct tscf_transport *t)
{
	struct tscf_stream *stream = (struct tscf_stream *)t;

	while (stream->peers)
		tscf_stream_peer_end(stream->peers);
	stop_events(stream);
	tscf_reaper_release(t);
	tscf_stream_pool_free(&stream->pool);
	free(stream->clear);
	free(stream);
}

/* --- closing --- */

/* If received data was not read, the kernel would send a reset, and our last data could be lost. */
static void drain(struct tscf_stream_peer *peer)
{
	uint8_t bytes[4096];

	for (int i = 0; i < 16 && recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0; i++)
		;
}

static void say_goodbye(struct tscf_stream_peer *peer)
{
	if (peer->peer.closed || peer->state != TSCF_STREAM_UP || peer->error != 0)
		return;
	tscf_stream_peer_flush(peer);
	if (peer->error == 0 && tscf_stream_queue_empty(&peer->queue))
		tscf_stream_of(peer)->kind->goodbye(peer);
	drain(peer);
}

void tscf_stream_peer_close(struct tscf_peer *p)
{
	struct tscf_stream_peer *peer = (struct tscf_stream_peer *)p;

	if (peer->peer.closed || tscf_stream_of(peer)->transport.closed)
		return;
	say_goodbye(peer);
	tscf_stream_peer_end(peer);
}

void tscf_stream_close(struct tscf_transport *t)
{
	struct tscf_stream *stream = (struct tscf_stream *)t;
	struct tscf_stream_peer *peer;

	if (stream->transport.closed)
		return;
	tscf_reaper_enter(&stream->transport);
	DL_FOREACH(stream->peers, peer)
		say_goodbye(peer);
	stream->transport.closed = true;
	while (stream->peers)
		tscf_stream_peer_end(stream->peers);
	stop_events(stream);
	tscf_reaper_leave(&stream->transport);
}

/* --- sending --- */

/** Packets up to so many bytes are copied to those that are held, rather than sent after them. */
#define JOIN_BYTES (16 * 1024)

/* The data to be sent, of one peer at a time. */
struct outgoing {
	unsigned count;
	uint32_t bytes;
	uint8_t wait_ms; /* 0: some of it may not wait */
	struct iovec iov[TSCF_BATCH_MAX];
	enum tscf_stream_class classes[TSCF_BATCH_MAX];
};

static enum tscf_stream_class class_of(const struct tscf_packet *packet)
{
	switch (tscf_kind_of(packet->data[0])) {
	case TSCF_KIND_REDUNDANCY:
		return TSCF_STREAM_URGENT;
	case TSCF_KIND_IPV4:
	case TSCF_KIND_IPV6:
		return packet->urgent || tscf_dscp_is_in(packet->peer->transport->realtime_dscps, packet->tos)
			   ? TSCF_STREAM_URGENT
			   : TSCF_STREAM_BULK;
	default:
		return TSCF_STREAM_CONTROL;
	}
}

bool tscf_stream_peer_stalled(const struct tscf_peer *p)
{
	const struct tscf_stream_peer *peer = (const struct tscf_stream_peer *)p;

	return peer->queue.fifo[TSCF_STREAM_URGENT].bytes > 0;
}

bool tscf_stream_peer_late(struct tscf_peer *p, uint64_t now)
{
	struct tscf_stream_peer *peer = (struct tscf_stream_peer *)p;
	bool waits = tscf_stream_of(peer)->kind->waits(peer) || !tscf_stream_queue_empty(&peer->queue);

	/* What is held would go with the next packet. */
	return (waits && !tscf_stream_holds(peer)) || tscf_stream_progress_is_late(&peer->progress, peer->fd, now);
}

/*
 * The other end finds the next packet by the length in this one's header, so this length must be right.  Bytes behind
 * it do not belong to the packet; a GSO batch has none.
 */
static bool fits(struct tscf_packet *packet)
{
	for (uint32_t at = 0, n; at < packet->length; at += n) {
		int length = tscf_frame_length(packet->data + at, n = tscf_packet_segment(packet, at));

		if (length == (int)n)
			continue;
		if (length <= 0 || (uint32_t)length > n || packet->gso_size != 0)
			return false;
		packet->length = (uint32_t)length;
	}
	return packet->length > 0;
}

/* Add @p packet, which is then the last one. */
static void load_one(struct outgoing *outgoing, enum tscf_stream_class class, const struct tscf_packet *packet)
{
	bool waits = class == TSCF_STREAM_BULK && (outgoing->count == 0 || outgoing->wait_ms > 0);

	outgoing->wait_ms = waits ? packet->wait_ms : 0;
	outgoing->bytes += packet->length;
	outgoing->classes[outgoing->count] = class;
	outgoing->iov[outgoing->count++] = (struct iovec){.iov_base = packet->data, .iov_len = packet->length};
}

/* Move the packets for @p peer from @p batch to @p outgoing, urgent ones first. */
static void load(struct outgoing *outgoing, struct tscf_batch *batch, const struct tscf_peer *peer)
{
	enum tscf_stream_class classes[TSCF_BATCH_MAX];

	outgoing->count = 0;
	outgoing->bytes = 0;
	for (unsigned i = 0; i < batch->count; i++)
		if (batch->packet[i] && batch->packet[i]->peer == peer)
			classes[i] = class_of(batch->packet[i]);
		else
			classes[i] = TSCF_STREAM_BEGUN;
	for (unsigned c = TSCF_STREAM_CONTROL; c <= TSCF_STREAM_BULK; c++) {
		for (unsigned i = 0; i < batch->count; i++) {
			if (classes[i] != c)
				continue;
			load_one(outgoing, classes[i], batch->packet[i]);
			batch->packet[i] = NULL;
		}
	}
}

/* Queue whole packets: those of @p data from offset @p at on. */
static void queue_packets(struct tscf_stream_peer *peer, enum tscf_stream_class class, const uint8_t *data, uint32_t at,
			  uint32_t length)
{
	struct tscf_stream *stream = tscf_stream_of(peer);

	while (at < length) {
		uint32_t n = (uint32_t)tscf_frame_length(data + at, length - at);
		int dropped = tscf_stream_queue_add(&peer->queue, &stream->pool, class, data + at, n);

		if (dropped < 0)
			tscf_stream_peer_abort_later(peer, ENOBUFS, "it takes nothing any more");
		else
			stream->transport.counters.send_drops += (unsigned)dropped;
		at += n;
	}
}

/*
 * The first @p sent bytes of the packets at @p iov have been sent; queue the rest: the unsent part of a packet, and
 * whole packets.
 */
static void queue_rest(struct tscf_stream_peer *peer, enum tscf_stream_class class, const struct iovec *iov,
		       uint32_t sent)
{
	const uint8_t *data = iov->iov_base;
	uint32_t length = (uint32_t)iov->iov_len, at = 0;

	while (at < sent)
		at += (uint32_t)tscf_frame_length(data + at, length - at);
	if (at > sent && tscf_stream_queue_add(&peer->queue, &tscf_stream_of(peer)->pool, TSCF_STREAM_BEGUN,
					       data + sent, at - sent) < 0)
		tscf_stream_peer_abort_later(peer, ENOMEM, "out of memory");
	queue_packets(peer, class, data, at, length);
}

static void send_now(struct tscf_stream_peer *peer, const struct outgoing *outgoing)
{
	struct tscf_stream *stream = tscf_stream_of(peer);
	int sent = 0;

	/* If data waits already, the socket is full. */
	if (tscf_stream_queue_empty(&peer->queue) && !stream->kind->waits(peer))
		sent = stream->kind->send(peer, outgoing->iov, outgoing->count);
	if (sent < 0) {
		tscf_stream_peer_abort_later(peer, -sent, stream->reason);
		return;
	}
	for (unsigned i = 0; i < outgoing->count && peer->error == 0; i++) {
		uint32_t length = (uint32_t)outgoing->iov[i].iov_len,
			 gone = (uint32_t)sent < length ? (uint32_t)sent : length;

		sent -= (int)gone;
		if (gone < length)
			queue_rest(peer, outgoing->classes[i], &outgoing->iov[i], gone);
	}
	if (!tscf_stream_queue_empty(&peer->queue) || stream->kind->waits(peer))
		ev_io_start(stream->transport.loop, &peer->writable);
}

static void queue_all(struct tscf_stream_peer *peer, const struct outgoing *outgoing)
{
	for (unsigned i = 0; i < outgoing->count && peer->error == 0; i++)
		queue_packets(peer, outgoing->classes[i], outgoing->iov[i].iov_base, 0,
			      (uint32_t)outgoing->iov[i].iov_len);
}

static void dispatch(struct tscf_stream_peer *peer, const struct outgoing *outgoing)
{
	if (outgoing->wait_ms > 0 && tscf_stream_may_hold(peer, outgoing->bytes)) {
		queue_all(peer, outgoing);
		tscf_stream_hold(peer, outgoing->wait_ms);
	} else if (tscf_stream_holds(peer) && outgoing->bytes <= JOIN_BYTES) {
		queue_all(peer, outgoing);
		tscf_stream_release(peer);
	} else {
		if (tscf_stream_holds(peer))
			tscf_stream_release(peer);
		send_now(peer, outgoing);
	}
}

void tscf_stream_send(struct tscf_transport *t, struct tscf_batch *batch)
{
	struct tscf_stream *stream = (struct tscf_stream *)t;
	struct outgoing outgoing;

	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_packet *packet = batch->packet[i];
		struct tscf_stream_peer *peer = (struct tscf_stream_peer *)packet->peer;

		if (stream->transport.closed || peer->peer.closed || peer->state != TSCF_STREAM_UP ||
		    peer->error != 0 || !fits(packet)) {
			t->counters.send_drops += tscf_packet_segments(packet);
			batch->packet[i] = NULL;
			continue;
		}
		t->counters.sent_packets += tscf_packet_segments(packet);
		t->counters.sent_bytes += packet->length;
	}
	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_peer *peer;

		if (!batch->packet[i])
			continue;
		peer = batch->packet[i]->peer;
		load(&outgoing, batch, peer);
		dispatch((struct tscf_stream_peer *)peer, &outgoing);
	}
	batch->count = 0;
}

/* --- opening --- */

/* @return a transport without a connection, or NULL: out of memory, or of random bytes. */
static struct tscf_stream *make_stream(const struct tscf_stream_make *make, int fd, bool listening)
{
	struct tscf_stream *stream = calloc(1, make->size);

	if (!stream)
		return NULL;
	stream->transport = (struct tscf_transport){
	    .ops = make->ops,
	    .handler = make->handler,
	    .context = make->context,
	    .loop = make->loop,
	    .fd = listening ? fd : -1,
	    .realtime_dscps = TSCF_URGENT_DSCPS,
	};
	stream->kind = make->kind;
	stream->tls = make->tls;
	stream->listening = listening;
	stream->clear = malloc(TSCF_PACKET_MAX + TSCF_STREAM_READ_BYTES);
	stream->sources.secret = &stream->secret;
	if (!stream->clear || tscf_siphash_key_init(&stream->secret) < 0) {
		free(stream->clear);
		free(stream);
		return NULL;
	}
	tscf_reaper_init(&stream->transport);
	return stream;
}

/* @return 0, or -errno. */
static int address_of(int fd, int (*ask)(int, struct sockaddr *, socklen_t *), union tscf_endpoint *out)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);

	if (ask(fd, (struct sockaddr *)&name, &size) < 0)
		return -errno;
	return tscf_endpoint_from_sockaddr((struct sockaddr *)&name, size, out);
}

static int get_local(int fd, struct sockaddr *name, socklen_t *size)
{
	return getsockname(fd, name, size);
}

static int get_remote(int fd, struct sockaddr *name, socklen_t *size)
{
	return getpeername(fd, name, size);
}

int tscf_stream_listen(const struct tscf_stream_make *make, const union tscf_endpoint *local,
		       const struct tscf_outer_options *options, struct tscf_transport **out)
{
	int fd = tscf_outer_stream(local, NULL, options), err;
	struct tscf_stream *stream;

	if (fd < 0)
		return fd;
	stream = make_stream(make, fd, true);
	if (!stream) {
		close(fd);
		return -ENOMEM;
	}
	tscf_stream_accept_start(stream);
	err = address_of(fd, get_local, &stream->transport.local);
	if (err < 0) {
		tscf_stream_free(&stream->transport);
		return err;
	}
	*out = &stream->transport;
	return 0;
}

/* @p fd is connected or connecting.  @return 0; or -ENOMEM, with @p fd still the caller's. */
static int with_socket(const struct tscf_stream_make *make, int fd, const union tscf_endpoint *remote,
		       struct tscf_transport **out, struct tscf_peer **peer)
{
	struct tscf_stream *stream = make_stream(make, fd, false);

	if (!stream)
		return -ENOMEM;
	tscf_stream_accept_start(stream);
	stream->only = tscf_stream_peer_new(stream, fd, remote);
	if (!stream->only) {
		tscf_stream_free(&stream->transport);
		return -ENOMEM;
	}
	/* Over an IPv4 address, a datagram socket would know our address; here it is known once connected. */
	address_of(fd, get_local, &stream->transport.local);
	tscf_stream_wait(stream->only);
	/* A connected socket is writable at once: the user learns of it from the event loop, never from this call. */
	ev_io_start(make->loop, &stream->only->writable);
	*out = &stream->transport;
	*peer = &stream->only->peer;
	return 0;
}

int tscf_stream_connect(const struct tscf_stream_make *make, const union tscf_endpoint *remote,
			const struct tscf_outer_options *options, struct tscf_transport **out, struct tscf_peer **peer)
{
	int fd = tscf_outer_stream(NULL, remote, options), err;

	if (fd < 0)
		return fd;
	err = with_socket(make, fd, remote, out, peer);
	if (err < 0)
		close(fd);
	return err;
}

int tscf_stream_attach(const struct tscf_stream_make *make, int fd, struct tscf_transport **out,
		       struct tscf_peer **peer)
{
	union tscf_endpoint remote;
	int flags = fcntl(fd, F_GETFL);
	int err =
	    flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : address_of(fd, get_remote, &remote);

	return err < 0 ? err : with_socket(make, fd, &remote, out, peer);
}
