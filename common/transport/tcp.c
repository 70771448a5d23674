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
    TSCF_STREAM_OPS,
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
	return (struct tscf_stream_make){.ops = &tcp_ops,
					 .kind = &tcp_kind,
					 .size = sizeof(struct tscf_stream),
					 .loop = loop,
					 .handler = handler,
					 .context = context};
}

int tscf_tcp_listen(struct ev_loop *loop, const union tscf_endpoint *local, const struct tscf_outer_options *options,
		    const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out)
{
	struct tscf_stream_make make = make_tcp(loop, handler, context);

	return tscf_stream_listen(&make, local, options, out);
}

int tscf_tcp_connect(struct ev_loop *loop, const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		     const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out,
		     struct tscf_peer **peer)
{
	struct tscf_stream_make make = make_tcp(loop, handler, context);

	return tscf_stream_connect(&make, remote, options, out, peer);
}

int tscf_tcp_attach(struct ev_loop *loop, int fd, const struct tscf_transport_handler *handler, void *context,
		    struct tscf_transport **out, struct tscf_peer **peer)
{
	struct tscf_stream_make make = make_tcp(loop, handler, context);

	return tscf_stream_attach(&make, fd, out, peer);
}
