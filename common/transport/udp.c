/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/udp.h"

#include "common/base/outer_key.h"
#include "common/transport/datagram.h"

#include <errno.h>
#include <stdlib.h>

/* If a table cannot grow it keeps its size; a peer that cannot be added is refused. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct udp_peer {
	struct tscf_peer base;
	struct tscf_outer_key key;
	UT_hash_handle hh; /* listening: in udp->peers */
};

struct udp {
	struct tscf_datagram base;
	struct udp_peer *peers; /* listening: by address */
	struct udp_peer *only;  /* connected */
	struct tscf_siphash_key secret;
	struct udp_peer *last; /* the peer found last: packets of one source come in runs */
};

static struct udp_peer *find(struct udp *udp, const union tscf_endpoint *outer)
{
	struct tscf_outer_key key = tscf_outer_key(outer);
	struct udp_peer *found = NULL;

	if (udp->last && memcmp(&udp->last->key, &key, sizeof(key)) == 0)
		return udp->last;
	HASH_FIND_BYHASHVALUE(hh, udp->peers, &key, sizeof(key), tscf_outer_key_hash(&udp->secret, &key), found);
	udp->last = found;
	return found;
}

static struct udp_peer *new_peer(struct udp *udp, const union tscf_endpoint *outer, void *user)
{
	struct udp_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->base = (struct tscf_peer){.transport = &udp->base.transport, .outer = *outer, .user = user};
	peer->key = tscf_outer_key(outer);
	return peer;
}

static void peer_free(struct tscf_peer *peer)
{
	free(peer);
}

static void datagrams(struct tscf_datagram *d, struct tscf_batch *batch)
{
	struct udp *udp = (struct udp *)d;
	struct tscf_transport *t = &d->transport;

	if (d->connected && !udp->only)
		return;
	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_packet *packet = batch->packet[i];
		struct udp_peer *peer = d->connected ? udp->only : find(udp, &packet->from);

		packet->peer = peer ? &peer->base : NULL;
		t->counters.received_bytes += packet->length;
		t->counters.received_packets += tscf_packet_segments(packet);
	}
	t->handler->received(t->context, t, batch);
}

static void send_batch(struct tscf_transport *t, struct tscf_batch *batch)
{
	struct tscf_datagram *d = (struct tscf_datagram *)t;

	for (unsigned i = 0; i < batch->count; i++) {
		const struct tscf_packet *packet = batch->packet[i];
		const struct tscf_peer *peer = (const struct tscf_peer *)packet->peer;

		if (peer->closed || d->transport.closed)
			continue;
		t->counters.sent_packets += tscf_packet_segments(packet);
		t->counters.sent_bytes += packet->length;
		tscf_outer_write_from(d->writer, &peer->local);
		tscf_outer_write(d->writer, d->connected ? NULL : &peer->outer, packet->data, packet->length,
				 packet->gso_size, packet->tos);
	}
	tscf_datagram_flush(d);
}

static void peer_close(struct tscf_peer *p)
{
	struct udp *udp = (struct udp *)p->transport;
	struct udp_peer *peer = (struct udp_peer *)p;

	if (peer->base.closed)
		return;
	if (udp->base.connected)
		udp->only = NULL;
	else
		HASH_DELETE(hh, udp->peers, peer);
	if (udp->last == peer)
		udp->last = NULL;
	tscf_reaper_retire(&peer->base);
}

static void stop(struct tscf_datagram *d)
{
	(void)d;
}

static void free_udp(struct tscf_transport *t)
{
	struct udp *udp = (struct udp *)t;
	struct udp_peer *peer, *next;

	HASH_ITER(hh, udp->peers, peer, next) {
		HASH_DELETE(hh, udp->peers, peer);
		free(peer);
	}
	free(udp->only);
	tscf_datagram_release(&udp->base);
	free(udp);
}

static const struct tscf_transport_ops udp_ops = {
    .name = "udp",
    .encrypted = false,
    .packet_max = TSCF_PACKET_MAX,
    .send = send_batch,
    .peer_close = peer_close,
    .close = tscf_datagram_close,
    .poll = tscf_datagram_poll,
    .peer_free = peer_free,
    .free = free_udp,
};

static const struct tscf_datagram_kind udp_kind = {
    .datagrams = datagrams,
    .stop = stop,
};

static int open_udp(struct ev_loop *loop, const union tscf_endpoint *local, const union tscf_endpoint *remote,
		    const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
		    void *context, struct udp **out)
{
	struct udp *udp = calloc(1, sizeof(*udp));
	int err;

	if (!udp)
		return -ENOMEM;
	udp->base.transport.ops = &udp_ops;
	udp->base.transport.handler = handler;
	udp->base.transport.context = context;
	err = tscf_siphash_key_init(&udp->secret);
	if (err == 0)
		err = tscf_datagram_open(&udp->base, &udp_kind, loop, local, remote, options, TSCF_PACKET_MAX, 0);
	if (err < 0) {
		free(udp);
		return err;
	}
	*out = udp;
	return 0;
}

int tscf_udp_listen(struct ev_loop *loop, const union tscf_endpoint *local, const struct tscf_outer_options *options,
		    const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out)
{
	struct udp *udp;
	int err = open_udp(loop, local, NULL, options, handler, context, &udp);

	if (err < 0)
		return err;
	*out = &udp->base.transport;
	return 0;
}

int tscf_udp_connect(struct ev_loop *loop, const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		     const struct tscf_transport_handler *handler, void *context, struct tscf_transport **out,
		     struct tscf_peer **peer)
{
	struct udp *udp;
	int err = open_udp(loop, NULL, remote, options, handler, context, &udp);

	if (err < 0)
		return err;
	udp->only = new_peer(udp, remote, NULL);
	if (!udp->only) {
		free_udp(&udp->base.transport);
		return -ENOMEM;
	}
	*out = &udp->base.transport;
	*peer = &udp->only->base;
	return 0;
}

struct tscf_peer *tscf_udp_peer_add(struct tscf_transport *t, const union tscf_endpoint *outer,
				    const struct tscf_addr *local, void *user)
{
	struct udp *udp = (struct udp *)t;
	struct udp_peer *peer;

	if (udp->base.transport.closed || udp->base.connected || find(udp, outer))
		return NULL;
	peer = new_peer(udp, outer, user);
	if (!peer)
		return NULL;
	peer->base.local = *local;
	HASH_ADD_BYHASHVALUE(hh, udp->peers, key, sizeof(peer->key), tscf_outer_key_hash(&udp->secret, &peer->key),
			     peer);
	/* uthash clears this when out of memory. */
	if (!peer->hh.tbl) {
		free(peer);
		return NULL;
	}
	return &peer->base;
}

struct tscf_peer *tscf_udp_peer_at(struct tscf_transport *t, const union tscf_endpoint *outer)
{
	struct udp_peer *peer = find((struct udp *)t, outer);

	return peer ? &peer->base : NULL;
}

void tscf_udp_send_to(struct tscf_transport *t, const union tscf_endpoint *to, const struct tscf_addr *local,
		      const void *data, uint32_t length)
{
	struct tscf_datagram *d = (struct tscf_datagram *)t;

	if (d->transport.closed)
		return;
	t->counters.sent_packets++;
	t->counters.sent_bytes += length;
	tscf_outer_write_from(d->writer, local);
	tscf_outer_write(d->writer, to, data, length, 0, 0);
	tscf_datagram_flush(d);
}
