/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/path.h"

#include "tscf-server/control/dispatch.h"
#include "tscf-server/dtte.h"
#include "tscf-server/session/refusals.h"
#include "tscf-server/worker.h"

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

/** @return whether the client may send or get these packets now; if not, they have been counted. */
static bool is_within_rate(struct server_state *state, struct server_session *s, enum server_direction direction,
			   unsigned packets, uint32_t bytes, uint64_t now)
{
	const char *rate = server_quota_exceeded(s->quota, direction, packets, bytes, now);

	if (!rate)
		return true;
	server_session_tell_rate(s, rate, now);
	s->over_rate += packets;
	state->counters.value[SERVER_COUNT_OVER_RATE] += packets;
	return false;
}

/* --- down: device -> transport --- */

static void send_down(struct server_state *state, struct tscf_packet *packet, const struct tscf_packet_info *info,
		      const struct server_decision *decision, uint64_t now)
{
	struct server_session *s = decision->session;

	/* The connection is lost, and the client is not back yet. */
	if (!s->peer) {
		server_count(&state->counters, SERVER_COUNT_NO_CONNECTION);
		return;
	}
	if (tscf_packet_segment(packet, 0) > s->listener->transport->ops->packet_max) {
		server_count(&state->counters, SERVER_COUNT_TOO_BIG);
		return;
	}
	if (!is_within_rate(state, s, SERVER_DOWN, tscf_packet_segments(packet), packet->length, now))
		return;
	if (s->encrypted)
		server_liveness_sent(state, s, now);
	packet->peer = s->peer;
	packet->tos = info->tos;
	s->sent_packets += tscf_packet_segments(packet);
	s->sent_bytes += packet->length;
	tscf_batch_add(&s->listener->out, packet);
}

/** Hold the packets of a GSO batch if @p decision allows it; else count them as dropped. */
static void hold_or_drop(struct server_state *state, const struct tscf_packet *packets,
			 const struct server_decision *decision, uint64_t now)
{
	for (uint32_t at = 0, n; at < packets->length; at += n) {
		n = tscf_packet_segment(packets, at);
		if (!decision->session || !server_hold_add(state, decision->session, packets->data + at, n, now))
			server_count(&state->counters, decision->reason);
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
	if (decision.verdict != SERVER_DROP)
		send_down(state, packet, &info, &decision, now);
	else
		hold_or_drop(state, packet, &decision, now);
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
}

/** Send a held packet if it goes encrypted now, and never in clear: it came for an encrypted-only socket. */
static void retry_held(struct server_state *state, struct server_session *plain, struct tscf_packet *packet,
		       uint64_t now)
{
	struct server_decision decision;
	struct tscf_packet_info info;

	if (!parse(state, packet->data, packet->length, &info))
		return;
	decision = server_decide_down(state, packet->data, &info, now);
	if (decision.verdict == SERVER_TO_ENCRYPTED)
		send_down(state, packet, &info, &decision, now);
	else if (decision.session != plain || decision.verdict != SERVER_DROP ||
		 !server_hold_add(state, plain, packet->data, packet->length, now))
		server_count(&state->counters, SERVER_COUNT_SHIELDED);
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
	if (s->confirmed)
		return server_decide_from_encrypted(state, s, info, now);
	return (struct server_decision){.verdict = SERVER_DROP, .reason = SERVER_COUNT_UNCONFIGURED};
}

static void handle_inner(struct server_worker *worker, struct server_session *s, uint8_t *data, uint32_t length,
			 uint8_t outer_tos, uint64_t now)
{
	struct server_state *state = worker->state;
	struct server_decision decision;
	struct tscf_packet_info info;

	if (!s) {
		server_count(&state->counters, SERVER_COUNT_NO_SESSION);
		return;
	}
	s->heard = now;
	if (!parse(state, data, length, &info))
		return;
	decision = decide_up(state, s, data, &info, now);
	if (decision.verdict != SERVER_TO_TUN) {
		server_count(&state->counters, decision.reason);
		if (decision.reason == SERVER_COUNT_INTER_CLIENT)
			server_refuse(s, data, &info, decision.session != NULL, now);
		return;
	}
	if (!tscf_ecn_decapsulate(data, outer_tos)) {
		server_count(&state->counters, SERVER_COUNT_CONGESTION);
		return;
	}
	if (!is_within_rate(state, s, SERVER_UP, 1, info.total, now))
		return;
	s->received_packets++;
	s->received_bytes += info.total;
	tscf_tun_put(s->encrypted ? &worker->encrypted.tun : &worker->plain.tun, data, info.total);
}

/**
 * Handle a GSO batch from the network: each packet gets its own decision, and any may be a control message.
 *
 * @return whether to go on with the other packets of the batch.
 */
static bool handle_gso(struct server_listener *l, const struct tscf_packet *packets, uint64_t now)
{
	for (uint32_t at = 0, n; at < packets->length; at += n) {
		uint8_t *data = packets->data + at;

		n = tscf_packet_segment(packets, at);
		if (tscf_kind_of(data[0]) != TSCF_KIND_CONTROL)
			handle_inner(l->interface->worker, packets->peer ? packets->peer->user : NULL, data, n,
				     packets->tos, now);
		else if (!handle_control(l, packets, data, n, now) && l->transport->ops->stream)
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
}

static void on_peer_up(void *context, struct tscf_peer *peer)
{
	struct server_listener *l = context;
	struct server_state *state = l->interface->worker->state;

	/* A plain connection gets a session when its client requests one; if the client does not, the transport closes
	 * it. */
	if (!peer->transport->ops->encrypted)
		return;
	if (l->interface->unconfirmed_count >= SERVER_UNCONFIRMED_MAX ||
	    !server_session_accept(state, l, peer, tscf_clock_now())) {
		server_count(&state->counters, SERVER_COUNT_REFUSED_LIMIT);
		tscf_peer_close(peer);
	}
}

static void on_peer_down(void *context, struct tscf_peer *peer, int error, const char *reason)
{
	struct server_listener *l = context;

	(void)error;
	if (peer->user)
		server_session_lost(l->interface->worker->state, peer->user, tscf_clock_now(), reason);
}

static void on_peer_moved(void *context, struct tscf_peer *peer)
{
	struct server_listener *l = context;
	struct server_state *state = l->interface->worker->state;
	struct server_session *s = peer->user;
	uint64_t now = tscf_clock_now();

	/* A plain tunnel inside an encrypted connection moves by resumption. */
	if (!s || !s->encrypted)
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
		tscf_error("%s: %s: the device is gone or was taken down", device->tun.name, strerror(-err));
		stop_watching(device, loop);
		server_worker_fail(worker, err);
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
