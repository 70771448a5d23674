/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.c - the way of a packet through the client, in batches.
 *
 *     device -> tscf_tun_read -> decide_up_* -> plain or encrypted tunnel (or hold) -> media_route -> transport
 *     path_handler.received -> decide_down_* -> delivery_encrypted -> tscf_tun_put -> device
 *
 * Repair packets follow the packets that they protect; what they repair takes the way of a packet that was received.
 * On a stream, copies go by several connections, and the first one counts (path_redundancy.h).
 *
 * Up, all packets of a GSO batch belong to one flow, so only the first is parsed and checked.  Down, each is.  A packet
 * is parsed once; everything else works on what that has found.
 */
#include "common/base/log.h"
#include "common/packet/ecn.h"
#include "tscf-client/context.h"
#include "tscf-client/decide.h"
#include "tscf-client/path_redundancy.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/** The most batches read from a device in one turn of the event loop, so that the other directions get their turn. */
#define BATCHES_PER_TURN 4

struct decider path_decider(struct client *c)
{
	return (struct decider){.bindings = c->registry.table,
				.fragments = c->registry.fragments,
				.policies = c->registry.unannounced ? &c->config->policies : NULL,
				.native = &c->registry.native,
				.plain = c->plain.internal,
				.encrypted = c->encrypted.internal,
				.up = dtte_is_up(&c->dtte),
				.aside = c->encrypted.aside,
				.aside_before = c->now < c->aside_until,
				.generation = c->registry.generation,
				.now = c->now};
}

static bool parse(const uint8_t *data, uint32_t length, struct tscf_packet_info *info)
{
	return tscf_packet_parse(data, length, info) == TSCF_PACKET_OK;
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

/* For captures. */
static const char *reason_of(enum verdict v, bool up)
{
	switch (v) {
	case VERDICT_SPOOFED:
		return up ? "wrong source address: no internal address of this tunnel"
			  : "wrong destination address: no internal address of this tunnel";
	case VERDICT_REFUSED:
		return "in clear, but its socket must be encrypted";
	default:
		return "malformed";
	}
}

static void drop_up(struct client *c, enum verdict v, const struct tscf_packet *p)
{
	count_drop(c, v, true, tscf_packet_segments(p));
	tscf_tap_batch(&c->tap, TSCF_TAP_DROPPED, TSCF_TAP_OUT, reason_of(v, true), p);
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

/** Packets for one tunnel, by what carries them. */
struct departure {
	uint64_t packets; /**< of both, and what goes in copies */
	struct tscf_batch stream, media;
};

/** What was read from a device, sorted. */
struct departures {
	struct departure plain, encrypted;
};

static void departures_init(struct departures *out)
{
	out->plain.packets = out->encrypted.packets = 0;
	out->plain.stream.count = out->plain.media.count = 0;
	out->encrypted.stream.count = out->encrypted.media.count = 0;
}

/* Only where it matters: media may leave the stream. */
static bool is_rtp(struct client *c, const struct side_way *media, const struct tscf_packet *p,
		   const struct tscf_packet_info *info)
{
	return c->config->ddt_rtp && info->protocol == IPPROTO_UDP && !info->fragment && side_way_is_possible(media) &&
	       rtp_flows_next(&c->rtp_flows, p, info);
}

/** Sort a packet whose first packet is @p info to what carries it: @p media, or the stream beside it. */
static void depart(struct client *c, struct departure *out, struct side_way *media, struct tscf_packet *p,
		   const struct tscf_packet_info *info)
{
	const struct tscf_service_entry *asked = tscf_services_of_packet(c->asks.table, info, TSCF_FROM_LOCAL);
	const bool rtp = is_rtp(c, media, p, info);
	struct tunnel *t = media_route(media, p, info, asks_datagram(asked), rtp);
	uint32_t packets = tscf_packet_segments(p);

	address(p, t->peer);
	/* Neither media nor what asks for a service waits for others. */
	p->wait_ms = asked || rtp || tscf_dscp_is_in(c->config->ddt_dscps, p->tos) ? 0 : t->nagle_ms;
	out->packets += packets;
	if (t == &media->way)
		c->counters.up_media += packets;
	if (!asked || !path_redundancy_up(c, t, p, info, asked->now.redundancy))
		tscf_batch_add(t == &media->way ? &out->media : &out->stream, p);
}

static void send_batch(struct tunnel *t, struct tscf_batch *batch)
{
	if (batch->count == 0)
		return;
	tunnel_sent(t);
	tscf_transport_send(t->transport, batch);
	batch->count = 0;
}

/** @return the number of packets sent. */
static uint64_t send_departure(struct side_way *media, struct departure *out)
{
	uint64_t packets = out->packets;

	send_batch(&media->way, &out->media);
	send_batch(media->stream, &out->stream);
	out->packets = 0;
	return packets;
}

static void send_departures(struct client *c, struct departures *out)
{
	uint64_t plain = send_departure(&c->plain_ways.media, &out->plain);

	if (plain > 0)
		c->plain_traffic = c->now;
	c->counters.up_plain += plain;
	c->counters.up_encrypted += send_departure(&c->encrypted_ways.media, &out->encrypted);
	/* After the packets that they protect. */
	tscf_redundancy_port_flush(&c->redundancy);
}

/** Make room for what redundancy adds to the next packet. */
static void make_room(struct client *c, struct departures *out)
{
	if (tscf_redundancy_port_is_full(&c->redundancy))
		send_departures(c, out);
}

struct tscf_tun *path_back(struct client *c, struct tscf_tun *from)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (c->facts.encrypted.of[i].family)
			return from;
	return &c->plain_tun;
}

/* Send a packet that was read from @p from encrypted, or hold it, or refuse it. */
static void up_encrypted(struct client *c, struct tscf_packet *p, const struct tscf_packet_info *info,
			 struct departures *out, struct tscf_tun *from)
{
	bool hold = c->dtte.gate == DTTE_GATE_HOLD && (c->dtte.state != DTTE_IDLE || c->dtte.demand);
	if (tscf_packet_segment(p, 0) > c->pmtu.mtu) {
		c->counters.up_too_large += tscf_packet_segments(p);
		tscf_tap_batch(&c->tap, TSCF_TAP_DROPPED, TSCF_TAP_OUT, "larger than the MTU", p);
	} else if (dtte_is_up(&c->dtte) && c->encrypted.peer) {
		depart(c, &out->encrypted, &c->encrypted_ways.media, p, info);
		port_traffic_sent(&c->port_traffic, p);
		tscf_tap_batch(&c->tap, TSCF_TAP_ENCRYPTED, TSCF_TAP_OUT, NULL, p);
	} else if (hold) {
		for (uint32_t at = 0, n; at < p->length; at += n) {
			n = tscf_packet_segment(p, at);
			hold_add(&c->hold, p->data + at, n, from);
			c->counters.held++;
		}
		tscf_tap_batch(&c->tap, TSCF_TAP_HELD, TSCF_TAP_OUT, "until the encrypted tunnel is up", p);
	} else {
		*(from == &c->plain_tun ? &c->counters.up_protected : &c->counters.up_no_tunnel) +=
		    tscf_packet_segments(p);
		tscf_tap_batch(&c->tap, TSCF_TAP_DROPPED, TSCF_TAP_OUT, "no encrypted tunnel", p);
		refuse_packet(&c->refuse, path_back(c, from), p->data, tscf_packet_segment(p, 0), c->now);
	}
}

/* Handle a packet that must not be in clear; if a new socket is affected, request the tunnel. */
static void turn(struct client *c, struct tscf_packet *p, const struct tscf_packet_info *info, struct departures *out,
		 const struct tscf_binding_key *guest)
{
	if (guest)
		registry_guest(&c->registry, guest);
	c->counters.up_turned += tscf_packet_segments(p);
	up_encrypted(c, p, info, out, &c->plain_tun);
}

static bool is_probe(struct client *c, struct nat_probe *probe, const struct tscf_packet *p)
{
	return probe->waiting > 0 && nat_probe_take(&c->nat_probes, probe, p->data, tscf_packet_segment(p, 0));
}

static void sort_plain(struct client *c, struct tscf_batch *in, struct departures *out)
{
	struct decider d = path_decider(c);
	struct tscf_packet_info info;
	struct tscf_binding_key flow;
	for (unsigned i = 0; i < in->count; i++) {
		struct tscf_packet *p = in->packet[i];
		if (is_probe(c, &c->nat_probes.of[0], p))
			continue;
		enum verdict v = VERDICT_MALFORMED;
		if (parse(p->data, tscf_packet_segment(p, 0), &info))
			v = decide_up_plain(&d, p->data, &info, &flow);
		make_room(c, out);
		if (v == VERDICT_PLAIN && c->plain.state == TUNNEL_UP) {
			depart(c, &out->plain, &c->plain_ways.media, p, &info);
			port_traffic_sent(&c->port_traffic, p);
			tscf_tap_batch(&c->tap, TSCF_TAP_PLAIN, TSCF_TAP_OUT, NULL, p);
		} else if (v == VERDICT_PLAIN) {
			c->counters.up_no_tunnel += tscf_packet_segments(p);
			tscf_tap_batch(&c->tap, TSCF_TAP_DROPPED, TSCF_TAP_OUT, "no plain tunnel", p);
		} else if (v == VERDICT_TURNED || v == VERDICT_GUEST) {
			turn(c, p, &info, out, v == VERDICT_GUEST ? &flow : NULL);
		} else {
			drop_up(c, v, p);
		}
	}
}

static void sort_encrypted(struct client *c, struct tscf_batch *in, struct departures *out)
{
	struct decider d = path_decider(c);
	struct tscf_packet_info info;
	struct tscf_binding_key flow;
	if (in->count > 0 && !d.up)
		registry_request_tunnel(&c->registry);
	for (unsigned i = 0; i < in->count; i++) {
		struct tscf_packet *p = in->packet[i];
		if (is_probe(c, &c->nat_probes.of[1], p))
			continue;
		enum verdict v = VERDICT_MALFORMED;
		if (parse(p->data, tscf_packet_segment(p, 0), &info))
			v = decide_up_encrypted(&d, &info, &flow);
		make_room(c, out);
		if (v == VERDICT_NEW_FLOW)
			registry_flow(&c->registry, &flow);
		if (v == VERDICT_NEW_FLOW || v == VERDICT_FIRST)
			device_bound_ask(&c->registry.device_bound, &flow, c->registry.generation);
		if (v == VERDICT_NEW_FLOW || v == VERDICT_FIRST || v == VERDICT_ENCRYPTED)
			up_encrypted(c, p, &info, out, &c->encrypted_tun);
		else
			drop_up(c, v, p);
	}
}

static void read_device(struct client *c, struct tscf_tun *tun)
{
	struct departures out;

	departures_init(&out);
	for (int turn = 0; turn < BATCHES_PER_TURN; turn++) {
		struct tscf_batch in = {.count = 0};
		int error = tscf_tun_read(tun, c->ring, &in);
		if (error < 0) {
			device_loop_lost(c, tun, error);
			return;
		}
		if (tun == &c->plain_tun)
			sort_plain(c, &in, &out);
		else
			sort_encrypted(c, &in, &out);
		send_departures(c, &out);
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
	struct departures out;
	struct tscf_batch batch;
	struct tscf_packet_info info;

	departures_init(&out);
	while (hold_take(&c->hold, c->encrypted.peer, &batch) > 0) {
		for (unsigned i = 0; i < batch.count; i++) {
			struct tscf_packet *p = batch.packet[i];

			if (!parse(p->data, p->length, &info))
				continue;
			make_room(c, &out);
			depart(c, &out.encrypted, &c->encrypted_ways.media, p, &info);
			tscf_tap_batch(&c->tap, TSCF_TAP_ENCRYPTED, TSCF_TAP_OUT, "was held", p);
		}
		send_departures(c, &out);
	}
}

/** Packets from one tunnel on their way to the devices. */
struct arrival {
	struct client *client;
	struct tunnel *tunnel;
	bool by_name; /**< some socket receives packets of this tunnel only on the encrypted device */
	enum verdict (*decide)(const struct decider *d, const uint8_t *data, const struct tscf_packet_info *info);
	uint64_t *counter;
	uint64_t media; /**< 1: each packet has come by a media way, else 0 */
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

static void drop_down(const struct arrival *a, const uint8_t *data, uint32_t length, const char *reason)
{
	tscf_tap_packet(&a->client->tap, TSCF_TAP_DROPPED, TSCF_TAP_IN, reason, data, length);
}

/** Media keeps its way open, and asks for one if its socket only receives. */
static void note_media(const struct arrival *a, const struct tscf_service_entry *asked)
{
	struct client *c = a->client;
	struct side_way *media = a->tunnel->encrypted ? &c->encrypted_ways.media : &c->plain_ways.media;

	if (side_way_is_possible(media) && (a->media || asks_datagram(asked) == TSCF_DATAGRAM_PREFERRED))
		side_way_want(media);
}

/** Give a packet that may pass to its device.  @p repaired: it was lost, and repair packets gave it. */
static void deliver(struct arrival *a, uint8_t *data, uint32_t length, const struct tscf_packet_info *info,
		    bool repaired)
{
	struct client *c = a->client;
	const struct tscf_service_entry *asked = tscf_services_of_packet(c->asks.table, info, TSCF_TO_LOCAL);

	if (a->tunnel->state != TUNNEL_UP) {
		c->counters.down_no_tunnel++;
		drop_down(a, data, length, "before the tunnel was configured");
		return;
	}
	if (asked && !repaired && !path_redundancy_came(c, a->tunnel, data, info, asked->now.redundancy))
		return;
	if (!tscf_ecn_decapsulate(data, repaired ? TSCF_ECN_NOT_ECT : a->tos)) {
		c->counters.down_congestion++;
		drop_down(a, data, length, "marked as congestion, and cannot pass it on");
		return;
	}
	*a->counter += 1;
	c->counters.down_media += a->media;
	note_media(a, asked);
	tscf_tap_packet(&c->tap, a->tunnel->encrypted ? TSCF_TAP_ENCRYPTED : TSCF_TAP_PLAIN, TSCF_TAP_IN, NULL, data,
			length);
	port_traffic_received(&c->port_traffic, data, length, repaired);
	if (!a->tunnel->encrypted)
		c->plain_traffic = c->now;
	tscf_tun_put(device_for(a, data, length), data, length);
}

/** Handle an inner packet; @p repaired: it was lost, and repair packets gave it. */
static void inner_packet(struct arrival *a, uint8_t *data, uint32_t length, bool repaired)
{
	enum verdict v = VERDICT_MALFORMED;
	struct tscf_packet_info info;

	a->decider.suspect = &a->suspect;
	if (parse(data, length, &info))
		v = a->decide(&a->decider, data, &info);
	if (v == VERDICT_SUSPECT)
		v = suspects_allow(&a->client->suspects, &a->suspect) ? VERDICT_DELIVER : VERDICT_REFUSED;
	if (v == VERDICT_DELIVER) {
		deliver(a, data, length, &info, repaired);
	} else {
		count_drop(a->client, v, false, 1);
		drop_down(a, data, length, reason_of(v, false));
	}
}

static void write_devices(struct client *c)
{
	tscf_tun_flush(&c->plain_tun);
	tscf_tun_flush(&c->encrypted_tun);
	tscf_redundancy_port_written(&c->redundancy);
}

/** Handle what is no control message, and what it repairs. */
static void data_packet(struct arrival *a, uint8_t *data, uint32_t length)
{
	struct client *c = a->client;
	struct tscf_redundancy_port *port = &c->redundancy;
	struct tscf_packet *repaired;

	a->tunnel->last_heard = c->now;
	if (tscf_kind_of(data[0]) != TSCF_KIND_REDUNDANCY)
		inner_packet(a, data, length, false);
	else if (!a->tunnel->transport->ops->stream)
		path_redundancy_handle(c, a->tunnel, data, length);
	else if (path_redundancy_is_first(c, a->tunnel, data, length))
		inner_packet(a, data + TSCF_COPY_HEADER, length - TSCF_COPY_HEADER, false);
	while ((repaired = tscf_redundancy_port_take(port)) != NULL)
		inner_packet(a, repaired->data, repaired->length, true);
	if (tscf_redundancy_port_must_write(port))
		write_devices(c);
	if (tscf_redundancy_port_is_full(port))
		tscf_redundancy_port_flush(port);
}

/* Handle control messages at once, and queue inner packets for the kernel.  @return false if the tunnel was lost with a
 * message. */
static bool packet_or_message(struct arrival *a, uint8_t *data, uint32_t length)
{
	struct tscf_transport *transport = a->tunnel->transport;
	switch (tscf_kind_of(data[0])) {
	case TSCF_KIND_IPV4:
	case TSCF_KIND_IPV6:
	case TSCF_KIND_REDUNDANCY:
		data_packet(a, data, length);
		return true;
	case TSCF_KIND_CONTROL:
		/* The message may close a peer that they are for. */
		tscf_redundancy_port_flush(&a->client->redundancy);
		tunnel_control(a->tunnel, data, length);
		a->decider = path_decider(a->client);
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
	struct arrival a = {.client = c, .tunnel = t, .decider = path_decider(c)};
	a.by_name = t->encrypted && device_bound_any(&c->registry.device_bound);
	a.decide = t->encrypted ? decide_down_encrypted : decide_down_plain;
	a.counter = t->encrypted ? &c->counters.down_encrypted : &c->counters.down_plain;
	a.media = t == &c->plain_ways.media.way || t == &c->encrypted_ways.media.way;
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
	write_devices(a.client);
	tscf_redundancy_port_flush(&a.client->redundancy);
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
	if (peer != t->peer)
		return;
	t->peer = NULL; /* freed when this returns */
	if (error == EKEYREJECTED && t->events->unverified)
		t->events->unverified(t, reason);
	else
		t->events->lost(t, reason);
}

const struct tscf_transport_handler path_handler = {
    .received = received, .peer_up = peer_up, .peer_down = peer_down, .unreachable = unreachable};
