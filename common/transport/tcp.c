/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/tcp.h"

#include "common/transport/stream_peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static int begin(struct tscf_stream_peer *peer)
{
	(void)peer;
	return 1;
}

static int receive(struct tscf_stream_peer *peer, uint8_t *to, uint32_t room)
{
	return tscf_stream_recv(peer, to, room);
}

static int send_clear(struct tscf_stream_peer *peer, const struct iovec *iov, unsigned count)
{
	struct msghdr header = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = count};
	ssize_t sent = sendmsg(peer->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent >= 0)
		return (int)sent;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	return tscf_stream_reason(peer, errno, strerror(errno));
}

static bool waits(const struct tscf_stream_peer *peer)
{
	(void)peer;
	return false;
}

static void goodbye(struct tscf_stream_peer *peer)
{
	shutdown(peer->fd, SHUT_WR);
}

static void free_peer(struct tscf_stream_peer *peer)
{
	(void)peer;
}

static const struct tscf_transport_ops tcp_ops = {
    .name = "tcp",
    .stream = true,
    .packet_max = TSCF_PACKET_MAX,
    .send = tscf_stream_send,
    .peer_close = tscf_stream_peer_close,
    .stalled = tscf_stream_peer_stalled,
    .late = tscf_stream_peer_late,
    .close = tscf_stream_close,
    .poll = tscf_stream_poll,
    .peer_free = tscf_stream_peer_free,
    .free = tscf_stream_free,
};

static const struct tscf_stream_kind tcp_kind = {
    .peer_size = sizeof(struct tscf_stream_peer),
    .begin = begin,
    .secure = begin,
    .receive = receive,
    .send = send_clear,
    .waits = waits,
    .goodbye = goodbye,
    .free_peer = free_peer,
};

static struct tscf_stream_make make_tcp(struct ev_loop *loop, const struct tscf_transport_handler *handler,
					void *context)
{
	return (struct tscf_stream_make){&tcp_ops, &tcp_kind, sizeof(struct tscf_stream), loop, handler, context};
}

int tscf_tcp_listen(struct ev_loop *loop, const union tscf_endpoint *local, const struct tscf_outer_options *options,
		    const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out)
{
	struct tscf_stream_make make = make_tcp(loop, handler, context);
	int err;
	struct tscf_stream *stream = tscf_stream_listen(&make, local, options, &err);

	if (stream)
		*out = &stream->transport;
	return err;
}

int tscf_tcp_connect(struct ev_loop *loop, const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		     const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out,
		     struct tscf_peer **peer)
{
	struct tscf_stream_make make = make_tcp(loop, handler, context);
	int err;
	struct tscf_stream *stream = tscf_stream_connect(&make, remote, options, &err);

	if (!stream)
		return err;
	*out = &stream->transport;
	*peer = &stream->only->peer;
	return 0;
}

int tscf_tcp_attach(struct ev_loop *loop, int fd, const struct tscf_transport_handler *handler, void *context,
		    struct tscf_transport **out, struct tscf_peer **peer)
{
	struct tscf_stream_make make = make_tcp(loop, handler, context);
	int err;
	struct tscf_stream *stream = tscf_stream_attach(&make, fd, &err);

	if (!stream)
		return err;
	*out = &stream->transport;
	*peer = &stream->only->peer;
	return 0;
}
