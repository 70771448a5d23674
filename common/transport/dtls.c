/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/dtls_peer.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(TSCF_DTLS_OVERHEAD == TSCF_PROTECT_OVERHEAD, "what a record adds");

static void count_invalid(struct dtls *dtls)
{
	dtls->base.transport.counters.invalid++;
}

static void connected_datagram(struct dtls *dtls, struct tscf_packet *packet, const struct tscf_dtls_record *first)
{
	struct dtls_peer *peer = dtls->only;

	if (!peer)
		return;
	if (peer->state == DTLS_UP && first->epoch == 0)
		dtls_clear_record(dtls, peer, first);
	else
		dtls_peer_feed(peer, packet);
}

/* Find a peer by its connection id, whatever its address. */
static void named_datagram(struct dtls *dtls, struct tscf_packet *packet, const struct tscf_dtls_record *first)
{
	struct dtls_peer *peer = dtls_id_owner(dtls, first);

	if (peer)
		dtls_peer_feed(peer, packet);
	else
		count_invalid(dtls);
}

/* After @p up has moved away from its address, another client may have that address. */
static bool is_of(const struct dtls_peer *up, const struct tscf_packet *packet)
{
	return !up->has_id || tscf_endpoint_equal(&up->base.outer, &packet->from);
}

/* Serve connections that are up at once, and handshakes later. */
static void listening_datagram(struct dtls *dtls, struct tscf_packet *packet, const struct tscf_dtls_record *first)
{
	struct tscf_outer_key key = tscf_outer_key(&packet->from);
	struct dtls_peer *up = dtls_table_find(dtls, &dtls->up, &key);
	struct dtls_peer *begun = dtls_table_find_begun(dtls, &key);
	bool is_data = first->type == TSCF_DTLS_APPLICATION_DATA || first->type == TSCF_DTLS_ALERT;

	if (first->id)
		named_datagram(dtls, packet, first);
	else if (up && first->epoch != 0 && (!begun || (is_data && is_of(up, packet))))
		dtls_peer_feed(up, packet);
	else if (begun)
		dtls_backlog_add(dtls, &dtls->begun, packet);
	else if (tscf_dtls_is_client_hello(first))
		dtls_backlog_add(dtls, &dtls->strangers, packet);
	else if (up)
		dtls_clear_record(dtls, up, first);
	else
		count_invalid(dtls);
}

static void one_datagram(struct dtls *dtls, struct tscf_packet *packet)
{
	struct tscf_dtls_record first;

	if (packet->length > DTLS_DATAGRAM_MAX || !tscf_dtls_datagram_valid(packet->data, packet->length) ||
	    !tscf_dtls_record_first(packet->data, packet->length, &first))
		count_invalid(dtls);
	else if (dtls->base.connected)
		connected_datagram(dtls, packet, &first);
	else
		listening_datagram(dtls, packet, &first);
}

static void datagrams(struct tscf_datagram *d, struct tscf_batch *batch)
{
	struct dtls *dtls = (struct dtls *)d;

	for (unsigned i = 0; i < batch->count; i++) {
		struct tscf_packet one = *batch->packet[i];

		one.gso_size = 0;
		for (uint32_t at = 0; at < batch->packet[i]->length && !d->transport.closed; at += one.length) {
			one.data = batch->packet[i]->data + at;
			one.length = tscf_packet_segment(batch->packet[i], at);
			one_datagram(dtls, &one);
		}
	}
	dtls_finish(dtls);
}

/** Send one inner packet as one record. */
static void send_record(struct dtls *dtls, struct dtls_peer *peer, const uint8_t *data, uint32_t length, uint8_t tos)
{
	struct tscf_transport *t = &dtls->base.transport;

	if (peer->base.closed || peer->state != DTLS_UP || length == 0 || length > TSCF_DTLS_PAYLOAD_MAX ||
	    !dtls_id_may_send(peer, length + TSCF_DTLS_OVERHEAD) ||
	    !dtls_io_send(peer, TSCF_DTLS_APPLICATION_DATA, data, length, tos)) {
		t->counters.send_drops++;
		return;
	}
	t->counters.sent_packets++;
	t->counters.sent_bytes += length;
}

static void send_packet(struct dtls *dtls, const struct tscf_packet *packet)
{
	struct dtls_peer *peer = (struct dtls_peer *)packet->peer;

	for (uint32_t at = 0, n; at < packet->length; at += n) {
		n = tscf_packet_segment(packet, at);
		send_record(dtls, peer, packet->data + at, n, packet->tos);
	}
}

static void send_batch(struct tscf_transport *t, struct tscf_batch *batch)
{
	struct dtls *dtls = (struct dtls *)t;

	if (dtls->base.transport.closed)
		return;
	for (unsigned i = 0; i < batch->count; i++)
		send_packet(dtls, batch->packet[i]);
	/* Inside a callback these are answers: more may join them before they are sent (dtls_finish). */
	if (t->depth == 0)
		tscf_datagram_flush(&dtls->base);
}

static void peer_close(struct tscf_peer *p)
{
	struct dtls_peer *peer = (struct dtls_peer *)p;
	struct dtls *dtls = dtls_of(peer);

	if (peer->base.closed || dtls->base.transport.closed)
		return;
	dtls_peer_goodbye(peer);
	tscf_datagram_flush(&dtls->base);
	dtls_unlink(peer);
	ev_timer_stop(dtls->base.transport.loop, &peer->timer);
	tscf_reaper_retire(&peer->base);
}

static void stop_peer(struct dtls *dtls, struct dtls_peer *peer)
{
	dtls_peer_goodbye(peer);
	ev_timer_stop(dtls->base.transport.loop, &peer->timer);
}

static void stop(struct tscf_datagram *d)
{
	struct dtls *dtls = (struct dtls *)d;

	for (struct dtls_peer *peer = dtls->up.head; peer; peer = peer->hh.next)
		stop_peer(dtls, peer);
	for (struct dtls_peer *peer = dtls->handshakes.head; peer; peer = peer->hh.next)
		stop_peer(dtls, peer);
	if (dtls->only)
		stop_peer(dtls, dtls->only);
	tscf_deferred_work_stop(&dtls->deferred);
	tscf_datagram_flush(d);
}

static void peer_free(struct tscf_peer *peer)
{
	dtls_peer_free((struct dtls_peer *)peer);
}

static void free_table(struct dtls *dtls, struct dtls_table *table)
{
	struct dtls_peer *peer, *next;

	HASH_ITER(hh, table->head, peer, next) {
		dtls_id_forget(dtls, peer);
		HASH_DELETE(hh, table->head, peer);
		tscf_source_drop(&dtls->sources, peer->source);
		dtls_peer_free(peer);
	}
}

static void free_dtls(struct tscf_transport *t)
{
	struct dtls *dtls = (struct dtls *)t;

	free_table(dtls, &dtls->up);
	free_table(dtls, &dtls->handshakes);
	dtls_backlog_free(&dtls->begun);
	dtls_backlog_free(&dtls->strangers);
	if (dtls->only)
		dtls_peer_free(dtls->only);
	if (dtls->listener)
		dtls_peer_free(dtls->listener);
	tscf_datagram_release(&dtls->base);
	tscf_ring_free(dtls->ring);
	free(dtls);
}

static int64_t peer_lost(const struct tscf_peer *base)
{
	const struct dtls_peer *peer = (const struct dtls_peer *)base;

	return peer->state == DTLS_UP ? (int64_t)tscf_replay_missing(&peer->receiving.replay) : -1;
}

static const struct tscf_transport_ops dtls_ops = {
    .name = "dtls",
    .encrypted = true,
    .packet_max = TSCF_DTLS_PAYLOAD_MAX,
    .send = send_batch,
    .peer_close = peer_close,
    .give_id = dtls_id_give,
    .use_id = dtls_id_use,
    .proved = dtls_id_proved,
    .lost = peer_lost,
    .close = tscf_datagram_close,
    .poll = tscf_datagram_poll,
    .peer_free = peer_free,
    .free = free_dtls,
};

static const struct tscf_datagram_kind dtls_kind = {
    .datagrams = datagrams,
    .stop = stop,
};

static int open_dtls(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *local,
		     const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		     const struct tscf_transport_handler *handler, void *context, struct dtls **out)
{
	struct dtls *dtls;
	int err;

	if (tls->server != (!remote))
		return -EINVAL;
	dtls = calloc(1, sizeof(*dtls));
	if (!dtls)
		return -ENOMEM;
	dtls->base.transport.ops = &dtls_ops;
	dtls->base.transport.handler = handler;
	dtls->base.transport.context = context;
	dtls->tls = tls;
	tscf_deferred_work_init(&dtls->deferred, loop, dtls_handshakes_step, dtls_handshakes_pause, dtls);
	dtls->ring = tscf_ring_new(DTLS_DATAGRAM_MAX);
	dtls->sources.secret = &dtls->secret;
	err = dtls->ring ? tscf_siphash_key_init(&dtls->secret) : -ENOMEM;
	if (err == 0)
		err = tscf_datagram_open(&dtls->base, &dtls_kind, loop, local, remote, options, DTLS_DATAGRAM_MAX,
					 DTLS_SENT_MAX);
	if (err < 0) {
		tscf_ring_free(dtls->ring);
		free(dtls);
		return err;
	}
	*out = dtls;
	return 0;
}

int tscf_dtls_listen(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *local,
		     const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
		     void *context, struct tscf_transport **out)
{
	struct dtls *dtls;
	int err = open_dtls(loop, tls, local, NULL, options, handler, context, &dtls);

	if (err == 0)
		*out = &dtls->base.transport;
	return err;
}

static int begin(struct dtls *dtls, const union tscf_endpoint *remote)
{
	dtls->only = dtls_peer_new(dtls);
	if (!dtls->only)
		return -ENOMEM;
	dtls_peer_set_address(dtls->only, remote);
	dtls->only->session_offered = tscf_tls_session_offer(&dtls->tls->session, dtls->only->ssl);
	dtls_peer_start(dtls->only);
	dtls_flight_begin(dtls->only);
	return dtls_peer_step(dtls->only) < 0 ? -EPROTO : 0;
}

int tscf_dtls_connect(struct ev_loop *loop, struct tscf_tls *tls, const union tscf_endpoint *remote,
		      const struct tscf_outer_options *options, const struct tscf_transport_handler *handler,
		      void *context, struct tscf_transport **out, struct tscf_peer **peer)
{
	struct dtls *dtls;
	int err = open_dtls(loop, tls, NULL, remote, options, handler, context, &dtls);

	if (err < 0)
		return err;
	err = begin(dtls, remote);
	if (err < 0) {
		free_dtls(&dtls->base.transport);
		return err;
	}
	tscf_datagram_flush(&dtls->base);
	*out = &dtls->base.transport;
	*peer = &dtls->only->base;
	return 0;
}
