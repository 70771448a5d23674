/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.c - the way of a packet through the client, in batches.
 *
 *     device -> tscf_tun_read -> decide_up_* -> plain.transport or encrypted.transport (or hold)
 *     path_handler.received -> decide_down_* -> delivery_encrypted -> tscf_tun_put -> device
 *
 * Up, all packets of a GSO batch belong to one flow, so only the first is checked.  Down, they come from the network,
 * and each is checked.
 */
#include "common/base/log.h"
#include "common/packet/ecn.h"
#include "tscf-client/context.h"
#include "tscf-client/decide.h"

#include <errno.h>
#include <string.h>

/** The most batches read from a device in one turn of the event loop, so that the other directions get their turn. */
#define BATCHES_PER_TURN 4

static struct decider decider_of(const struct client *c)
{
	return (struct decider){.bindings = c->registry.table,
				.fragments = c->registry.fragments,
				.policies = c->registry.unannounced ? &c->config->policies : NULL,
				.plain = c->plain.internal,
				.encrypted = c->encrypted.internal,
				.up = dtte_is_up(&c->dtte),
				.aside = c->encrypted.aside,
				.aside_before = c->now < c->aside_until,
				.generation = c->registry.generation,
				.now = c->now};
}

static void count_drop(struct client *c, enum verdict v, bool up, uint32_t packets)
{
	struct client_counters *n = &c->counters;
	switch (v) {
	case VERDICT_SPOOFED:
		*(up ? &n->up_spoofed : &n->down_spoofed) += packets;
		break;
	case VERDICT_REFUSED:
		*(up ? &n->up_protected : &n->down_clear_refused) += packets;
		break;
	default:
		n->malformed += packets;
	}
}

static void drop_up(struct client *c, enum verdict v, const struct tscf_packet *p)
{
	count_drop(c, v, true, tscf_packet_segments(p));
	if (v == VERDICT_SPOOFED)
		wrong_source_note(&c->wrong_source, p->data, tscf_packet_segment(p, 0));
}

static void address(struct tscf_packet *p, struct tscf_peer *peer)
{
	p->peer = peer;
	/* Copy the inner packet's DSCP and ECN: so voice gets its priority outside too, and packets may be marked
	 * instead of dropped. */
	p->tos = tscf_tos_of(p->data);
}

struct tscf_tun *path_back(struct client *c, struct tscf_tun *from)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (c->facts.encrypted.of[i].family)
			return from;
	return &c->plain_tun;
}

/* Send a packet that was read from @p from encrypted, or hold it, or refuse it. */
static void up_encrypted(struct client *c, struct tscf_packet *p, struct tscf_batch *out, struct tscf_tun *from)
{
	bool hold = c->dtte.gate == DTTE_GATE_HOLD && (c->dtte.state != DTTE_IDLE || c->dtte.demand);
	if (tscf_packet_segment(p, 0) > c->pmtu.mtu) {
		c->counters.up_too_large += tscf_packet_segments(p);
	} else if (dtte_is_up(&c->dtte) && c->encrypted.peer) {
		address(p, c->encrypted.peer);
		tscf_batch_add(out, p);
		port_traffic_sent(&c->port_traffic, p);
	} else if (hold) {
		for (uint32_t at = 0, n; at < p->length; at += n) {
			n = tscf_packet_segment(p, at);
			hold_add(&c->hold, p->data + at, n, from);
			c->counters.held++;
		}
	} else {
		*(from == &c->plain_tun ? &c->counters.up_protected : &c->counters.up_no_tunnel) +=
		    tscf_packet_segments(p);
		refuse_packet(&c->refuse, path_back(c, from), p->data, tscf_packet_segment(p, 0), c->now);
	}
}

/* Handle a packet that must not be in clear; if a new socket is affected, request the tunnel. */
static void turn(struct client *c, struct tscf_packet *p, struct tscf_batch *encrypted,
		 const struct tscf_binding_key *guest)
{
	if (guest)
		registry_guest(&c->registry, guest);
	c->counters.up_turned += tscf_packet_segments(p);
	up_encrypted(c, p, encrypted, &c->plain_tun);
}

static bool is_probe(struct client *c, struct nat_probe *probe, const struct tscf_packet *p)
{
	return probe->waiting > 0 && nat_probe_take(&c->nat_probes, probe, p->data, tscf_packet_segment(p, 0));
}

static void sort_plain(struct client *c, struct tscf_batch *in, struct tscf_batch *plain, struct tscf_batch *encrypted)
{
	struct decider d = decider_of(c);
	struct tscf_binding_key flow;
	for (unsigned i = 0; i < in->count; i++) {
		struct tscf_packet *p = in->packet[i];
		if (is_probe(c, &c->nat_probes.of[0], p))
			continue;
		enum verdict v = decide_up_plain(&d, p->data, tscf_packet_segment(p, 0), &flow);
		if (v == VERDICT_PLAIN && c->plain.state == TUNNEL_UP) {
			address(p, c->plain.peer);
			tscf_batch_add(plain, p);
			port_traffic_sent(&c->port_traffic, p);
		} else if (v == VERDICT_PLAIN) {
			c->counters.up_no_tunnel += tscf_packet_segments(p);
		} else if (v == VERDICT_TURNED || v == VERDICT_GUEST) {
			turn(c, p, encrypted, v == VERDICT_GUEST ? &flow : NULL);
		} else {
			drop_up(c, v, p);
		}
	}
}

static void sort_encrypted(struct client *c, struct tscf_batch *in, struct tscf_batch *encrypted)
{
	struct decider d = decider_of(c);
	struct tscf_binding_key flow;
	/* A packet for a tunnel that is not up requests the tunnel. */
	if (in->count > 0 && !dtte_is_up(&c->dtte))
		dtte_touch(&c->dtte, c->now);
	for (unsigned i = 0; i < in->count; i++) {
		struct tscf_packet *p = in->packet[i];
		if (is_probe(c, &c->nat_probes.of[1], p))
			continue;
		enum verdict v = decide_up_encrypted(&d, p->data, tscf_packet_segment(p, 0), &flow);
		if (v == VERDICT_NEW_FLOW)
			registry_flow(&c->registry, &flow);
		if (v == VERDICT_NEW_FLOW || v == VERDICT_FIRST)
			device_bound_ask(&c->registry.device_bound, &flow, c->registry.generation);
		if (v == VERDICT_NEW_FLOW || v == VERDICT_FIRST || v == VERDICT_ENCRYPTED)
			up_encrypted(c, p, encrypted, &c->encrypted_tun);
		else
			drop_up(c, v, p);
	}
}

static uint64_t packets_in(const struct tscf_batch *batch)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < batch->count; i++)
		n += tscf_packet_segments(batch->packet[i]);
	return n;
}

static void send_batches(struct client *c, struct tscf_batch *plain, struct tscf_batch *encrypted)
{
	if (plain->count > 0) {
		tunnel_sent(&c->plain);
		c->plain_traffic = c->now;
		c->counters.up_plain += packets_in(plain);
		tscf_transport_send(c->plain.transport, plain);
	}
	if (encrypted->count > 0) {
		tunnel_sent(&c->encrypted);
		c->counters.up_encrypted += packets_in(encrypted);
		tscf_transport_send(c->encrypted.transport, encrypted);
	}
}

static void read_device(struct client *c, struct tscf_tun *tun)
{
	for (int turn = 0; turn < BATCHES_PER_TURN; turn++) {
		struct tscf_batch in = {.count = 0}, plain = {.count = 0}, encrypted = {.count = 0};
		int error = tscf_tun_read(tun, c->ring, &in);
		if (error < 0) {
			device_loop_lost(c, tun, error);
			return;
		}
		if (tun == &c->plain_tun)
			sort_plain(c, &in, &plain, &encrypted);
		else
			sort_encrypted(c, &in, &encrypted);
		send_batches(c, &plain, &encrypted);
		if (!tscf_tun_more(tun, &in))
			return;
	}
}

void path_plain_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct client *c = w->data;
	(void)loop, (void)events;
	read_device(c, &c->plain_tun);
}

void path_encrypted_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct client *c = w->data;
	(void)loop, (void)events;
	read_device(c, &c->encrypted_tun);
}

void path_send_held(struct client *c)
{
	struct tscf_batch batch;
	while (hold_take(&c->hold, c->encrypted.peer, &batch) > 0) {
		c->counters.up_encrypted += batch.count;
		tscf_transport_send(c->encrypted.transport, &batch);
	}
}

/** Packets from one tunnel on their way to the devices. */
struct arrival {
	struct client *client;
	struct tunnel *tunnel;
	bool by_name; /**< some socket receives packets of this tunnel only on the encrypted device */
	enum verdict (*decide)(const struct decider *d, const uint8_t *data, uint32_t length);
	uint64_t *counter;
	struct decider decider;
	struct tscf_binding_key suspect; /**< of the present packet, if its socket must be checked */
	uint8_t tos;                     /**< of the present outer packet */
};

static struct tscf_tun *device_for(const struct arrival *a, const uint8_t *data, uint32_t length)
{
	struct client *c = a->client;
	bool encrypted =
	    delivery_encrypted(&c->delivery, data) ||
	    (a->by_name && device_bound_has(&c->registry.device_bound, c->registry.fragments, data, length, c->now));
	return encrypted ? &c->encrypted_tun : &c->plain_tun;
}

static void inner_packet(struct arrival *a, uint8_t *data, uint32_t length)
{
	struct client *c = a->client;
	a->decider.suspect = &a->suspect;
	enum verdict v = a->decide(&a->decider, data, length);
	if (v == VERDICT_SUSPECT)
		v = suspects_allow(&c->suspects, &a->suspect) ? VERDICT_DELIVER : VERDICT_REFUSED;
	if (v != VERDICT_DELIVER) {
		count_drop(c, v, false, 1);
	} else if (a->tunnel->state != TUNNEL_UP) {
		c->counters.down_no_tunnel++;
	} else if (!tscf_ecn_decapsulate(data, a->tos)) {
		c->counters.down_congestion++;
	} else {
		*a->counter += 1;
		port_traffic_received(&c->port_traffic, data, length);
		if (!a->tunnel->encrypted)
			c->plain_traffic = c->now;
		tscf_tun_put(device_for(a, data, length), data, length);
	}
}

/* Handle control messages at once, and queue inner packets for the kernel.  @return false if the tunnel was lost with a
 * message. */
static bool packet_or_message(struct arrival *a, uint8_t *data, uint32_t length)
{
	struct tscf_transport *transport = a->tunnel->transport;
	switch (tscf_kind_of(data[0])) {
	case TSCF_KIND_IPV4:
	case TSCF_KIND_IPV6:
		a->tunnel->last_heard = a->client->now;
		inner_packet(a, data, length);
		return true;
	case TSCF_KIND_CONTROL:
		tunnel_control(a->tunnel, data, length);
		a->decider = decider_of(a->client);
		/* The message may have closed the transport, or given it to another tunnel. */
		a->tunnel = transport->context;
		return a->tunnel->transport == transport;
	case TSCF_KIND_INVALID:
		break;
	}
	a->client->counters.malformed++;
	return true;
}

static struct arrival arrival_by(struct tunnel *t)
{
	struct client *c = t->client;
	struct arrival a = {.client = c, .tunnel = t, .decider = decider_of(c)};
	a.by_name = t->encrypted && device_bound_any(&c->registry.device_bound);
	a.decide = t->encrypted ? decide_down_encrypted : decide_down_plain;
	a.counter = t->encrypted ? &c->counters.down_encrypted : &c->counters.down_plain;
	return a;
}

/* Datagrams are joined for programs while no packet sniffer sees the device.  The check takes as long as a packet's
 * whole way, so a single packet does not wait for it. */
static void look_around(struct client *c, const struct tscf_batch *batch)
{
	bool alone = batch->count == 1 && tscf_packet_segments(batch->packet[0]) == 1;
	if (alone || c->now < c->look_again)
		return;
	c->look_again = c->now + TSCF_PACKET_SNIFFERS_MS;
	tscf_tun_join_udp(&c->plain_tun, !tscf_packet_sniffers_any(&c->sniffers, c->plain_tun.index));
	tscf_tun_join_udp(&c->encrypted_tun, !tscf_packet_sniffers_any(&c->sniffers, c->encrypted_tun.index));
}

static void received(void *context, struct tscf_transport *transport, struct tscf_batch *batch)
{
	struct tunnel *t = context;
	if (t->transport != transport)
		return;
	struct arrival a = arrival_by(t);
	look_around(t->client, batch);
	bool alive = true;
	for (unsigned i = 0; i < batch->count && alive; i++) {
		struct tscf_packet *p = batch->packet[i];
		a.tos = p->tos;
		for (uint32_t at = 0, n; at < p->length && alive; at += n) {
			n = tscf_packet_segment(p, at);
			alive = packet_or_message(&a, p->data + at, n);
		}
	}
	tscf_tun_flush(&a.client->plain_tun);
	tscf_tun_flush(&a.client->encrypted_tun);
}

/* Logged once per silence, to give the reason; the probes decide. */
static void unreachable(void *context, struct tscf_transport *transport, int error)
{
	struct tunnel *t = context;
	if (t->transport != transport)
		return;
	if (t->events->unreachable) {
		t->events->unreachable(t, error);
		return;
	}
	if (!t->unreachable_logged)
		tscf_info("the network says that the server cannot be reached by the %s tunnel: %s", t->name,
			  strerror(error));
	t->unreachable_logged = true;
	/* A plain tunnel survives a restart of the server, an encrypted one does not.  An unreachable server may be
	 * reachable again. */
	if (t->encrypted && error == ECONNREFUSED)
		tunnel_probe_suspected(t);
	else
		tunnel_probe(t);
}

static void peer_up(void *context, struct tscf_peer *peer)
{
	struct tunnel *t = context;
	if (peer == t->peer)
		t->events->open(t);
}

static void peer_down(void *context, struct tscf_peer *peer, int error, const char *reason)
{
	struct tunnel *t = context;
	(void)error;
	if (peer != t->peer)
		return;
	t->peer = NULL; /* freed when this returns */
	t->events->lost(t, reason);
}

const struct tscf_transport_handler path_handler = {
    .received = received, .peer_up = peer_up, .peer_down = peer_down, .unreachable = unreachable};
