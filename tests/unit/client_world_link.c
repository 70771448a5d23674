/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_world_link.c - the transports of a world (transport.h), and the sockets of its programs.
 *
 * A link has a real, connected UDP socket, so that the kernel says what it says of such: addresses, MTU, no route.
 * Nothing is sent there.
 */
#include "tests/unit/client_world_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct world_link *link_of(struct tscf_transport *t)
{
	return (struct world_link *)((char *)t - offsetof(struct world_link, transport));
}

static void note_packet(struct world_link *l, const uint8_t *data, uint32_t length)
{
	if (tscf_kind_of(data[0]) == TSCF_KIND_CONTROL) {
		l->messages++;
		world_message(l, data, length);
		return;
	}
	l->inner++;
	l->last_length = length < sizeof(l->last) ? length : sizeof(l->last);
	memcpy(l->last, data, l->last_length);
}

static void link_send(struct tscf_transport *t, struct tscf_batch *batch)
{
	struct world_link *l = link_of(t);

	ck_assert(l->open);
	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_packet *p = batch->packet[i];

		ck_assert_ptr_eq(p->peer, &l->peer);
		t->counters.sent_packets += tscf_packet_segments(p);
		t->counters.sent_bytes += p->length;
		for (uint32_t at = 0, n; l->up && at < p->length; at += n) {
			n = tscf_packet_segment(p, at);
			note_packet(l, p->data + at, n);
		}
	}
}

static void link_peer_close(struct tscf_peer *peer)
{
	peer->closed = true;
}

static void link_close(struct tscf_transport *t)
{
	struct world_link *l = link_of(t);

	ck_assert(l->open);
	ev_timer_stop(t->loop, &l->decision);
	l->open = l->up = false;
	l->peer.closed = true;
	close(t->fd);
}

static bool link_stalled(const struct tscf_peer *peer)
{
	return link_of(peer->transport)->stalled;
}

static bool link_late(struct tscf_peer *peer, uint64_t now)
{
	(void)now;
	return link_of(peer->transport)->stalled;
}

static void link_poll(struct tscf_transport *t)
{
	(void)t;
}

#define OPS(kind, text, is_encrypted, is_stream)                                                                       \
	[kind] = {.name = text,                                                                                        \
		  .encrypted = is_encrypted,                                                                           \
		  .stream = is_stream,                                                                                 \
		  .packet_max = TSCF_PACKET_MAX,                                                                       \
		  .send = link_send,                                                                                   \
		  .peer_close = link_peer_close,                                                                       \
		  .close = link_close,                                                                                 \
		  .stalled = link_stalled,                                                                             \
		  .late = link_late,                                                                                   \
		  .poll = link_poll}

static const struct tscf_transport_ops ops[WORLD_KINDS] = {
    OPS(WORLD_UDP, "udp", false, false),
    OPS(WORLD_DTLS, "dtls", true, false),
    OPS(WORLD_TCP, "tcp", false, true),
    OPS(WORLD_TLS, "tls", true, true),
};

void world_link_up(struct world_link *l)
{
	ck_assert(l->open && !l->up);
	l->up = true;
	if (l->kind != WORLD_UDP)
		l->transport.handler->peer_up(l->transport.context, &l->peer);
}

void world_link_down(struct world_link *l, int error)
{
	ck_assert(l->open && !l->peer.closed);
	l->up = false;
	l->peer.closed = true;
	l->transport.handler->peer_down(l->transport.context, &l->peer, error, strerror(error));
}

void world_link_unreachable(struct world_link *l)
{
	ck_assert(l->open);
	l->transport.handler->unreachable(l->transport.context, &l->transport, ECONNREFUSED);
}

void world_link_receive(struct world_link *l, const void *data, uint32_t length)
{
	world_link_receive_gso(l, data, length, 0, 0);
}

void world_link_receive_gso(struct world_link *l, const void *data, uint32_t length, uint32_t gso_size, uint8_t tos)
{
	uint8_t buffer[TSCF_HEADROOM + TSCF_PROBE_MAX + TSCF_TAILROOM];
	struct tscf_packet packet = {.data = buffer + TSCF_HEADROOM,
				     .length = length,
				     .gso_size = gso_size,
				     .room = TSCF_PROBE_MAX,
				     .peer = &l->peer,
				     .tos = tos};
	struct tscf_batch batch = {.count = 1, .packet = {&packet}};

	ck_assert_uint_le(length, TSCF_PROBE_MAX);
	if (!l->open || l->peer.closed)
		return;
	memcpy(packet.data, data, length);
	l->transport.counters.received_packets++;
	l->transport.counters.received_bytes += length;
	l->transport.handler->received(l->transport.context, &l->transport, &batch);
}

struct world_link *world_link(struct client_world *w, enum world_kind kind)
{
	for (unsigned i = w->link_count; i > 0; i--)
		if (w->links[i - 1]->open && w->links[i - 1]->kind == kind)
			return w->links[i - 1];
	return NULL;
}

/* What a new connection comes to is told from the event loop. */
static void decided(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct world_link *l = timer->data;

	(void)loop, (void)events;
	if (l->up || l->peer.closed)
		return;
	if (l->world->reception[l->kind] == WORLD_ACCEPTS)
		world_link_up(l);
	else if (l->world->reception[l->kind] == WORLD_REFUSES)
		world_link_down(l, ECONNREFUSED);
}

static struct world_link *new_link(enum world_kind kind, struct ev_loop *loop, int fd,
				   const struct tscf_transport_handler *handler, void *context)
{
	struct client_world *w = world_of_process();
	struct world_link *l = calloc(1, sizeof(*l));

	ck_assert_ptr_nonnull(l);
	ck_assert_uint_lt(w->link_count, WORLD_LINKS);
	w->links[w->link_count++] = l;
	l->world = w;
	l->kind = kind;
	l->open = true;
	l->up = kind == WORLD_UDP;
	l->transport =
	    (struct tscf_transport){.ops = &ops[kind], .handler = handler, .context = context, .loop = loop, .fd = fd};
	l->peer.transport = &l->transport;
	ev_timer_init(&l->decision, decided, 0., 0.);
	l->decision.data = l;
	if (kind != WORLD_UDP)
		ev_timer_start(loop, &l->decision);
	return l;
}

static int open_link(enum world_kind kind, struct ev_loop *loop, const union tscf_endpoint *remote,
		     const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
		     void *context, struct tscf_transport **out, struct tscf_peer **peer)
{
	struct client_world *w = world_of_process();
	struct sockaddr_storage local;
	socklen_t size = sizeof(local);
	struct world_link *l;
	int fd;

	if (w->reception[kind] == WORLD_FAILS)
		return -ENETUNREACH;
	fd = tscf_outer_socket(NULL, remote, options);
	if (fd < 0)
		return fd;
	l = new_link(kind, loop, fd, handler, context);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&local, &size), 0);
	ck_assert_int_eq(tscf_endpoint_from_sockaddr((struct sockaddr *)&local, size, &l->transport.local), 0);
	l->peer.outer = *remote;
	*out = &l->transport;
	*peer = &l->peer;
	return 0;
}

int __wrap_tscf_udp_connect(struct ev_loop *loop, const union tscf_endpoint *remote,
			    const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
			    void *context, struct tscf_transport **out, struct tscf_peer **peer)
{
	return open_link(WORLD_UDP, loop, remote, options, handler, context, out, peer);
}

int __wrap_tscf_dtls_connect(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *remote,
			     const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
			     void *context, struct tscf_transport **out, struct tscf_peer **peer)
{
	ck_assert_ptr_nonnull(tls);
	return open_link(WORLD_DTLS, loop, remote, options, handler, context, out, peer);
}

int __wrap_tscf_tcp_connect(struct ev_loop *loop, const union tscf_endpoint *remote,
			    const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
			    void *context, struct tscf_transport **out, struct tscf_peer **peer)
{
	return open_link(WORLD_TCP, loop, remote, options, handler, context, out, peer);
}

int __wrap_tscf_tls_stream_connect(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *remote,
				   const struct tscf_outer_options *options,
				   const struct tscf_transport_handler *handler, void *context,
				   struct tscf_transport **out, struct tscf_peer **peer)
{
	ck_assert_ptr_nonnull(tls);
	return open_link(WORLD_TLS, loop, remote, options, handler, context, out, peer);
}

static int attach(enum world_kind kind, struct ev_loop *loop, int fd, const struct tscf_transport_handler *handler,
		  void *context, struct tscf_transport **out, struct tscf_peer **peer)
{
	struct world_link *l;

	if (world_of_process()->reception[kind] == WORLD_FAILS)
		return -ENOMEM;
	l = new_link(kind, loop, fd, handler, context);
	*out = &l->transport;
	*peer = &l->peer;
	return 0;
}

int __wrap_tscf_tcp_attach(struct ev_loop *loop, int fd, const struct tscf_transport_handler *handler, void *context,
			   struct tscf_transport **out, struct tscf_peer **peer)
{
	return attach(WORLD_TCP, loop, fd, handler, context, out, peer);
}

int __wrap_tscf_tls_stream_attach(struct ev_loop *loop, struct tscf_tls *tls, int fd,
				  const struct tscf_transport_handler *handler, void *context,
				  struct tscf_transport **out, struct tscf_peer **peer)
{
	ck_assert_ptr_nonnull(tls);
	return attach(WORLD_TLS, loop, fd, handler, context, out, peer);
}

void world_free_links(struct client_world *w)
{
	for (unsigned i = 0; i < w->link_count; i++)
		free(w->links[i]);
}
