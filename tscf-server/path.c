/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/path.h"

#include "tscf-server/control/dispatch.h"
#include "tscf-server/dtte.h"
#include "tscf-server/path_redundancy.h"
#include "tscf-server/session/copy_ways.h"
#include "tscf-server/session/media.h"
#include "tscf-server/session/refusals.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/session_move.h"
#include "tscf-server/session/side_ways.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/packet/ecn.h"
#include "common/transport/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Batches read from a device before the transports get their turn. */
#define BATCHES_PER_TURN 8

static enum server_counter counter_of_error(enum tscf_packet_error error)
{
	switch (error) {
	case TSCF_PACKET_TRUNCATED:
		return SERVER_COUNT_PACKET_TRUNCATED;
	case TSCF_PACKET_VERSION:
		return SERVER_COUNT_PACKET_VERSION;
	default:
		return SERVER_COUNT_PACKET_MALFORMED;
	}
}

/* --- captures --- */

/** Whoever is meant by one tunnel is meant by the other too. */
static bool is_meant(const struct server_who *who, const struct server_session *s)
{
	const struct server_session *partner = server_session_partner(s);

	return server_who_means(who, s) || (partner && server_who_means(who, partner));
}

static bool is_captured(const struct server_state *state, const struct server_session *s)
{
	return state->tap.open && (!state->captured.identity || (s && is_meant(&state->captured, s)));
}

static enum tscf_tap_place tunnel_of(const struct server_session *s)
{
	return s->encrypted ? TSCF_TAP_ENCRYPTED : TSCF_TAP_PLAIN;
}

static void tap_up(struct server_state *state, const struct server_session *s, enum tscf_tap_place place,
		   const char *comment, const uint8_t *data, uint32_t length)
{
	if (is_captured(state, s))
		tscf_tap_packet(&state->tap, place, TSCF_TAP_IN, comment, data, length);
}

static void tap_down(struct server_state *state, const struct server_session *s, enum tscf_tap_place place,
		     const char *comment, const struct tscf_packet *packets)
{
	if (is_captured(state, s))
		tscf_tap_batch(&state->tap, place, TSCF_TAP_OUT, comment, packets);
}

/** Packets for a client are dropped, and have been counted as @p reason. */
static void tap_dropped_down(struct server_state *state, const struct server_session *s, enum server_counter reason,
			     const struct tscf_packet *packets)
{
	tap_down(state, s, TSCF_TAP_DROPPED, server_counter_name(reason), packets);
}

/** Parse a packet; an invalid one is counted.  @return whether it is valid. */
static bool parse(struct server_state *state, const uint8_t *data, uint32_t length, struct tscf_packet_info *info)
{
	enum tscf_packet_error error = tscf_packet_parse(data, length, info);

	if (error != TSCF_PACKET_OK) {
		server_count(&state->counters, counter_of_error(error));
		return false;
	}
	return true;
}

/* --- down: device -> transport --- */

/** @return how long a stream may hold a packet for the client: not at all if its socket has @p asked for a service. */
static uint8_t patience(const struct server_session *s, const struct tscf_service_entry *asked)
{
	return (s->services & SERVER_SERVICE_NAGLE) && !asked ? s->interface->nagle_ms : 0;
}

static void send_down(struct server_state *state, struct tscf_packet *packet, const struct tscf_packet_info *info,
		      const struct server_decision *decision, uint64_t now)
{
	struct server_session *s = decision->session;
	const struct tscf_service_entry *asked = tscf_services_of_packet(state->services, info, TSCF_TO_LOCAL);
	struct server_side_way *media = server_media_of(s, info, asked, now);
	struct server_listener *listener = media ? media->listener : s->listener;
	struct tscf_peer *peer = media ? media->peer : s->peer;

	/* The connection is lost, and the client is not back yet. */
	if (!peer) {
		server_count(&state->counters, SERVER_COUNT_NO_CONNECTION);
		tap_dropped_down(state, s, SERVER_COUNT_NO_CONNECTION, packet);
		return;
	}
	if (tscf_packet_segment(packet, 0) > listener->transport->ops->packet_max) {
		server_count(&state->counters, SERVER_COUNT_TOO_BIG);
		tap_dropped_down(state, s, SERVER_COUNT_TOO_BIG, packet);
		return;
	}
	if (!server_session_within_rate(state, s, SERVER_DOWN, tscf_packet_segments(packet), packet->length, now)) {
		tap_dropped_down(state, s, SERVER_COUNT_OVER_RATE, packet);
		return;
	}
	if (s->encrypted)
		server_liveness_sent(state, s, now);
	packet->peer = peer;
	packet->tos = info->tos;
	packet->wait_ms = patience(s, asked);
	s->sent_packets += tscf_packet_segments(packet);
	s->sent_bytes += packet->length;
	if (media)
		media->sent_packets += tscf_packet_segments(packet);
	tap_down(state, s, tunnel_of(s), NULL, packet);
	if (!asked || !server_redundancy_down(state, s, packet, info, asked->now.redundancy, now))
		tscf_batch_add(&listener->out, packet);
}

static void flush(struct server_state *state)
{
	for (struct server_interface *i = state->interfaces; i; i = i->next) {
		for (unsigned p = 0; p < SERVER_LISTENERS; p++) {
			struct server_listener *l = &i->listener[p];

			if (l->out.count > 0)
				tscf_transport_send(l->transport, &l->out);
			l->out.count = 0;
		}
	}
	/* After the packets that they protect. */
	tscf_redundancy_port_flush(&state->redundancy);
}

/** Hold the packets of a GSO batch if @p decision allows it; else count them as dropped. */
static void hold_or_drop(struct server_state *state, const struct tscf_packet *packets,
			 const struct server_decision *decision, uint64_t now)
{
	for (uint32_t at = 0, n; at < packets->length; at += n) {
		bool held;

		n = tscf_packet_segment(packets, at);
		held = decision->session && server_hold_add(state, decision->session, packets->data + at, n, now);
		if (!held)
			server_count(&state->counters, decision->reason);
		if (is_captured(state, decision->session))
			tscf_tap_packet(&state->tap, held ? TSCF_TAP_HELD : TSCF_TAP_DROPPED, TSCF_TAP_OUT,
					server_counter_name(decision->reason), packets->data + at, n);
	}
}

/** A GSO batch belongs to one flow: the decision on its first packet applies to all. */
static void handle_down(struct server_state *state, struct tscf_packet *packet, uint64_t now)
{
	struct server_decision decision;
	struct tscf_packet_info info;

	if (!parse(state, packet->data, tscf_packet_segment(packet, 0), &info))
		return;
	decision = server_decide_down(state, packet->data, &info, now);
	if (tscf_redundancy_port_is_full(&state->redundancy))
		flush(state);
	if (decision.verdict != SERVER_DROP)
		send_down(state, packet, &info, &decision, now);
	else
		hold_or_drop(state, packet, &decision, now);
}

/** Send a held packet if it goes encrypted now. */
static void retry_held(struct server_state *state, struct server_session *plain, struct tscf_packet *packet,
		       uint64_t now)
{
	struct server_decision decision;
	struct tscf_packet_info info;

	if (!parse(state, packet->data, packet->length, &info))
		return;
	decision = server_decide_held(state, plain, packet->data, &info, now);
	if (decision.verdict != SERVER_DROP) {
		send_down(state, packet, &info, &decision, now);
	} else if (!decision.session || !server_hold_add(state, plain, packet->data, packet->length, now)) {
		server_count(&state->counters, decision.reason);
		tap_dropped_down(state, plain, decision.reason, packet);
	}
}

/** Bindings of @p s may have changed: try again to send the packets held for its partner. */
static void release_held(struct server_worker *worker, const struct server_session *s, uint64_t now)
{
	struct server_session *plain = s->partner ? s->partner->plain : NULL;
	struct server_held *held = plain ? server_hold_take(worker->state, plain) : NULL;

	while (held) {
		struct server_held *next = held->next;
		struct tscf_packet *packet = tscf_ring_packet(worker->ring, 0);

		memcpy(packet->data, held->data, held->length);
		packet->length = held->length;
		retry_held(worker->state, plain, packet, now);
		flush(worker->state);
		free(held);
		held = next;
	}
}

/* --- up: transport -> device --- */

/** @return whether the source of @p packet still exists; a connection may have been closed. */
static bool handle_control(struct server_listener *l, const struct tscf_packet *packet, const uint8_t *data,
			   uint32_t length, uint64_t now)
{
	const struct tscf_transport_ops *ops = l->transport->ops;
	struct server_interface *i = l->interface;
	struct server_session *s = packet->peer ? packet->peer->user : NULL;
	struct server_input in = {
	    .interface = i,
	    .place = {.listener = l,
		      .connection = ops->encrypted || ops->stream ? packet->peer : NULL,
		      .outer = packet->peer ? packet->peer->outer : packet->from,
		      .local = packet->local},
	    .encrypted = ops->encrypted && (!s || s->encrypted),
	    .session = s,
	    .now = now,
	};
	struct server_state *state = i->worker->state;
	struct server_answer answer;

	/* The connection was closed a moment ago. */
	if ((in.place.connection && in.place.connection->closed) || (in.encrypted && !in.session))
		return false;
	server_control(state, &in, data, length, &answer);
	if (answer.whole)
		tscf_transport_whole(l->transport, true);
	if (answer.length > 0 && state->store && answer.after > server_store_written(state->store))
		server_deferred_replies_add(&i->worker->deferred, &in.place, &answer);
	else if (answer.length > 0 && in.place.connection)
		tscf_peer_send(packet->peer, answer.data, answer.length);
	else if (answer.length > 0)
		tscf_udp_send_to(l->transport, &in.place.outer, &in.place.local, answer.data, answer.length);
	if (answer.whole)
		tscf_transport_whole(l->transport, false);
	/* The connection may belong to a plain session now. */
	if (in.encrypted && packet->peer->user == s)
		release_held(i->worker, s, now);
	if (answer.end)
		server_session_end(state, answer.end, now, answer.why);
	return !answer.end;
}

void server_path_written(struct ev_loop *loop, struct ev_async *watcher, int events)
{
	struct server_worker *worker = ev_userdata(loop);

	(void)watcher;
	(void)events;
	if (worker->state->store)
		server_deferred_replies_send(&worker->deferred, worker->state,
					     server_store_written(worker->state->store), tscf_udp_send_to);
}

static struct server_decision decide_up(struct server_state *state, struct server_session *s, const uint8_t *data,
					const struct tscf_packet_info *info, uint64_t now)
{
	if (!s->encrypted)
		return server_decide_from_plain(state, s, data, info, now);
	return server_decide_from_encrypted(state, s, info, now);
}

/** Handle an inner packet that came by @p peer, which is a session's; @p repaired: it was lost, and repair packets gave
 * it. */
static void handle_inner(struct server_worker *worker, struct tscf_peer *peer, uint8_t *data, uint32_t length,
			 uint8_t outer_tos, bool repaired, uint64_t now)
{
	struct server_session *s = peer->user;
	struct server_state *state = worker->state;
	struct server_decision decision;
	struct tscf_packet_info info;

	s->heard = now;
	if (!parse(state, data, length, &info))
		return;
	decision = decide_up(state, s, data, &info, now);
	if (decision.verdict != SERVER_TO_TUN) {
		server_count(&state->counters, decision.reason);
		tap_up(state, s, TSCF_TAP_DROPPED, server_counter_name(decision.reason), data, info.total);
		if (decision.reason == SERVER_COUNT_INTER_CLIENT)
			server_refuse(state, s, data, &info, decision.session != NULL, now);
		return;
	}
	if (!repaired && !server_redundancy_came(state, peer, data, &info, now))
		return;
	if (!tscf_ecn_decapsulate(data, outer_tos)) {
		server_count(&state->counters, SERVER_COUNT_CONGESTION);
		tap_up(state, s, TSCF_TAP_DROPPED, server_counter_name(SERVER_COUNT_CONGESTION), data, info.total);
		return;
	}
	if (!server_session_within_rate(state, s, SERVER_UP, 1, info.total, now)) {
		tap_up(state, s, TSCF_TAP_DROPPED, server_counter_name(SERVER_COUNT_OVER_RATE), data, info.total);
		return;
	}
	server_media_learn(s, peer, &info, now);
	tap_up(state, s, tunnel_of(s), NULL, data, info.total);
	s->received_packets++;
	s->received_bytes += info.total;
	tscf_tun_put(s->encrypted ? &worker->encrypted.tun : &worker->plain.tun, data, info.total);
}

static void write_devices(struct server_worker *worker)
{
	tscf_tun_flush(&worker->plain.tun);
	tscf_tun_flush(&worker->encrypted.tun);
	tscf_redundancy_port_written(&worker->state->redundancy);
}

/** Handle what is no control message, and what it repairs. */
static void handle_data(struct server_worker *worker, struct tscf_peer *peer, uint8_t *data, uint32_t length,
			uint8_t outer_tos, uint64_t now)
{
	struct tscf_redundancy_port *port = &worker->state->redundancy;
	struct tscf_packet *repaired;

	if (!peer || !peer->user) {
		server_count(&worker->state->counters, SERVER_COUNT_NO_SESSION);
		return;
	}
	if (tscf_kind_of(data[0]) != TSCF_KIND_REDUNDANCY) {
		server_copy_ways_heard(peer->user, peer, now);
		handle_inner(worker, peer, data, length, outer_tos, false, now);
	} else if (!peer->transport->ops->stream) {
		server_redundancy_handle(worker->state, peer, data, length, now);
	} else if (server_redundancy_is_first(worker->state, peer, data, length, now)) {
		handle_inner(worker, peer, data + TSCF_COPY_HEADER, length - TSCF_COPY_HEADER, outer_tos, false, now);
	}
	while ((repaired = tscf_redundancy_port_take(port)) != NULL)
		handle_inner(worker, peer, repaired->data, repaired->length, TSCF_ECN_NOT_ECT, true, now);
	if (tscf_redundancy_port_must_write(port))
		write_devices(worker);
	if (tscf_redundancy_port_is_full(port))
		tscf_redundancy_port_flush(port);
}

/**
 * Handle a GSO batch from the network: each packet gets its own decision, and any may be a control message.
 *
 * @return whether to go on with the other packets of the batch.
 */
static bool handle_gso(struct server_listener *l, const struct tscf_packet *packets, uint64_t now)
{
	struct server_worker *worker = l->interface->worker;

	for (uint32_t at = 0, n; at < packets->length; at += n) {
		uint8_t *data = packets->data + at;

		n = tscf_packet_segment(packets, at);
		if (tscf_kind_of(data[0]) != TSCF_KIND_CONTROL) {
			handle_data(worker, packets->peer, data, n, packets->tos, now);
			continue;
		}
		/* The message may close a peer that they are for. */
		tscf_redundancy_port_flush(&worker->state->redundancy);
		if (!handle_control(l, packets, data, n, now) && l->transport->ops->stream)
			return false;
	}
	return true;
}

static void on_received(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct server_listener *l = context;
	struct server_worker *worker = l->interface->worker;
	uint64_t now = tscf_clock_now();

	/* All packets that come by a stream belong to one connection: when it ends, the rest is dropped. */
	for (unsigned n = 0; n < batch->count; n++)
		if (!handle_gso(l, batch->packet[n], now))
			break;
	/* Plain tunnels may use an encrypted connection. */
	tscf_tun_flush(&worker->plain.tun);
	if (t->ops->encrypted)
		tscf_tun_flush(&worker->encrypted.tun);
	tscf_redundancy_port_written(&worker->state->redundancy);
	tscf_redundancy_port_flush(&worker->state->redundancy);
}

static void on_peer_up(void *context, struct tscf_peer *peer)
{
	struct server_listener *l = context;
	struct server_state *state = l->interface->worker->state;
	const char *why = NULL;
	uint64_t now;

	/* A plain connection gets a session when its client requests one; if the client does not, the transport closes
	 * it. */
	if (!peer->transport->ops->encrypted)
		return;
	now = tscf_clock_now();
	if (l->interface->unconfirmed_count >= SERVER_UNCONFIRMED_MAX)
		why = "too many tunnels are being set up";
	else if (!server_session_accept(state, l, peer, now))
		why = "out of memory";
	if (!why)
		return;
	server_count(&state->counters, SERVER_COUNT_REFUSED_LIMIT);
	server_rejected_connection(state, l, peer, why, now);
	tscf_peer_close(peer);
}

static void on_peer_down(void *context, struct tscf_peer *peer, int error, const char *reason)
{
	struct server_listener *l = context;
	struct server_state *state = l->interface->worker->state;
	uint64_t now = tscf_clock_now();
	(void)error;

	if (peer->user && !server_side_way_lost(state, peer->user, peer, now, reason))
		server_session_lost(state, peer->user, now, reason);
}

static void on_peer_moved(void *context, struct tscf_peer *peer)
{
	struct server_listener *l = context;
	struct server_state *state = l->interface->worker->state;
	struct server_session *s = peer->user;
	uint64_t now = tscf_clock_now();

	/* A plain tunnel inside an encrypted connection moves by resumption, and a side way is opened anew. */
	if (!s || !s->encrypted || s->peer != peer)
		return;
	server_session_moved(state, s, now);
	server_liveness_moved(state, s, now);
}

const struct tscf_transport_handler server_path_handler = {
    .received = on_received,
    .peer_up = on_peer_up,
    .peer_down = on_peer_down,
    .peer_moved = on_peer_moved,
};

/* --- devices --- */

static void stop_watching(struct server_device *device, struct ev_loop *loop)
{
	ev_io_stop(loop, &device->readable);
	ev_io_stop(loop, &device->urgent);
}

static bool is_answer(struct server_worker *worker, const struct tscf_packet *packet)
{
	struct server_reverse_path *r = &worker->server->reverse_path;

	return server_reverse_path_waits(r) && server_reverse_path_take(r, packet->data, packet->length);
}

static void on_device_readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	struct server_device *device = (struct server_device *)watcher->data;
	struct server_worker *worker = ev_userdata(loop);
	struct tscf_batch batch;
	uint64_t now = tscf_clock_now();
	int err = 0;

	(void)events;
	for (unsigned turn = 0; turn < BATCHES_PER_TURN && err == 0; turn++) {
		err = tscf_tun_read(&device->tun, worker->ring, &batch);
		for (unsigned n = 0; n < batch.count; n++)
			if (!is_answer(worker, batch.packet[n]))
				handle_down(worker->state, batch.packet[n], now);
		flush(worker->state);
		if (!tscf_tun_more(&device->tun, &batch))
			break;
	}
	if (err < 0) {
		stop_watching(device, loop);
		server_worker_device_lost(worker, device);
	}
}

static void watch(struct server_worker *worker, struct server_device *device)
{
	ev_io_init(&device->readable, on_device_readable, device->tun.fd, EV_READ);
	device->readable.data = device;
	ev_io_start(worker->loop, &device->readable);
	ev_io_init(&device->urgent, on_device_readable, device->tun.urgent_fd, EV_READ);
	device->urgent.data = device;
	if (device->tun.urgent_fd >= 0)
		ev_io_start(worker->loop, &device->urgent);
}

void server_path_detach(struct server_worker *worker, struct server_device *device)
{
	stop_watching(device, worker->loop);
	tscf_tun_close(&device->tun);
}

void server_path_attach(struct server_worker *worker, struct server_device *device, const struct tscf_tun *part)
{
	const struct tscf_tun before = device->tun;

	device->tun = *part;
	device->tun.read_packets = before.read_packets;
	device->tun.read_bytes = before.read_bytes;
	device->tun.written_packets = before.written_packets;
	device->tun.written_bytes = before.written_bytes;
	device->tun.write_errors = before.write_errors;
	watch(worker, device);
}

int server_path_start(struct server_worker *worker)
{
	worker->ring = tscf_ring_new(TSCF_PACKET_MAX);
	if (!worker->ring)
		return -ENOMEM;
	watch(worker, &worker->plain);
	watch(worker, &worker->encrypted);
	return 0;
}

void server_path_stop(struct server_worker *worker)
{
	if (!worker->ring)
		return;
	stop_watching(&worker->plain, worker->loop);
	stop_watching(&worker->encrypted, worker->loop);
	tscf_ring_free(worker->ring);
	worker->ring = NULL;
}
