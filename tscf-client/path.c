/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.c - the way of a packet through the client, in batches.
 *
 *     device -> tscf_tun_read -> decide_up_* -> plain.transport or encrypted.transport (or hold)
 *     plain_handler / encrypted_handler.received -> decide_down_* -> tscf_tun_write -> device
 */
#include "common/log.h"
#include "context.h"
#include "decide.h"

#include <string.h>

/** Batches read from a device in one turn of the event loop, so that the other directions get theirs. */
#define BATCHES_PER_TURN 4

static struct decider decider_of(const struct client *c)
{
	return (struct decider){.bindings = c->registry.table,
				.fragments = c->registry.fragments,
				.plain = c->plain.internal.addr,
				.encrypted = c->encrypted.internal.addr,
				.up = dtte_is_up(&c->dtte),
				.generation = c->registry.generation,
				.now = c->now};
}

static void count_drop(struct client *c, enum verdict v, bool up)
{
	struct client_counters *n = &c->counters;
	switch (v) {
	case VERDICT_SPOOFED:
		*(up ? &n->up_spoofed : &n->down_spoofed) += 1;
		break;
	case VERDICT_REFUSED:
		*(up ? &n->up_protected : &n->down_clear_refused) += 1;
		break;
	case VERDICT_IPV6:
		n->ipv6++;
		break;
	default:
		n->malformed++;
	}
}

static void address(struct tscf_packet *p, struct tscf_peer *peer)
{
	p->peer = peer;
	/* The outer header bears the inner one's DSCP, so that voice is voice on the way too. */
	p->tos = p->data[1];
}

/* Where an encrypted packet goes now; `refused` counts it if that is nowhere. */
static void up_encrypted(struct client *c, struct tscf_packet *p, struct tscf_batch *out, uint64_t *refused)
{
	bool hold = c->dtte.gate == DTTE_GATE_HOLD && c->dtte.state != DTTE_IDLE;
	if (p->length > c->mtu) {
		c->counters.up_too_large++;
	} else if (dtte_is_up(&c->dtte)) {
		address(p, c->encrypted.peer);
		tscf_batch_add(out, p);
	} else if (hold) {
		hold_add(&c->hold, p->data, p->length);
		c->counters.held++;
	} else {
		*refused += 1;
	}
}

static void sort_plain(struct client *c, struct tscf_batch *in, struct tscf_batch *plain, struct tscf_batch *encrypted)
{
	struct decider d = decider_of(c);
	for (unsigned i = 0; i < in->count; i++) {
		struct tscf_packet *p = in->packet[i];
		enum verdict v = decide_up_plain(&d, p->data, p->length);
		if (v == VERDICT_PLAIN && c->plain.state == TUNNEL_UP) {
			address(p, c->plain.peer);
			tscf_batch_add(plain, p);
		} else if (v == VERDICT_PLAIN) {
			c->counters.up_no_tunnel++;
		} else if (v == VERDICT_TURNED) {
			c->counters.up_turned++;
			up_encrypted(c, p, encrypted, &c->counters.up_protected);
		} else {
			count_drop(c, v, true);
		}
	}
}

static void sort_encrypted(struct client *c, struct tscf_batch *in, struct tscf_batch *encrypted)
{
	struct decider d = decider_of(c);
	struct tscf_binding_key flow;
	/* A packet for a tunnel that is not there asks for it. */
	if (in->count > 0 && !dtte_is_up(&c->dtte))
		dtte_touch(&c->dtte, c->now);
	for (unsigned i = 0; i < in->count; i++) {
		struct tscf_packet *p = in->packet[i];
		enum verdict v = decide_up_encrypted(&d, p->data, p->length, &flow);
		if (v == VERDICT_NEW_FLOW)
			registry_flow(c, &flow);
		if (v == VERDICT_NEW_FLOW || v == VERDICT_ENCRYPTED)
			up_encrypted(c, p, encrypted, &c->counters.up_no_tunnel);
		else
			count_drop(c, v, true);
	}
}

static void send_batches(struct client *c, struct tscf_batch *plain, struct tscf_batch *encrypted)
{
	if (plain->count > 0) {
		c->counters.up_plain += plain->count;
		tscf_transport_send(c->plain.transport, plain);
	}
	if (encrypted->count > 0) {
		c->counters.up_encrypted += encrypted->count;
		tscf_transport_send(c->encrypted.transport, encrypted);
	}
}

static void read_device(struct client *c, struct tscf_tun *tun, ev_io *w)
{
	for (int turn = 0; turn < BATCHES_PER_TURN; turn++) {
		struct tscf_batch in = {.count = 0}, plain = {.count = 0}, encrypted = {.count = 0};
		int error = tscf_tun_read(tun, c->ring, &in);
		if (error < 0) {
			tscf_error("device %s: %s", tun->name, strerror(-error));
			ev_io_stop(c->loop, w);
			ev_break(c->loop, EVBREAK_ALL);
			return;
		}
		if (tun == &c->plain_tun)
			sort_plain(c, &in, &plain, &encrypted);
		else
			sort_encrypted(c, &in, &encrypted);
		send_batches(c, &plain, &encrypted);
		if (in.count < TSCF_BATCH_MAX)
			return;
	}
}

void path_plain_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct client *c = w->data;
	(void)loop, (void)events;
	read_device(c, &c->plain_tun, w);
}

void path_encrypted_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct client *c = w->data;
	(void)loop, (void)events;
	read_device(c, &c->encrypted_tun, w);
}

void path_send_held(struct client *c)
{
	struct tscf_batch batch;
	while (hold_take(&c->hold, c->encrypted.peer, &batch) > 0) {
		c->counters.up_encrypted += batch.count;
		tscf_transport_send(c->encrypted.transport, &batch);
	}
}

/* Received packets: control messages are handled in place, inner packets go to the kernel in one batch. */
static void received(struct client *c, struct tunnel *t, struct tscf_batch *in, struct tscf_tun *tun,
		     enum verdict (*decide)(const struct decider *, const uint8_t *, uint32_t), uint64_t *counter)
{
	struct decider d = decider_of(c);
	struct tscf_batch out = {.count = 0};
	struct tscf_transport *transport = t->transport;
	t->last_heard = c->now;
	for (unsigned i = 0; i < in->count; i++) {
		struct tscf_packet *p = in->packet[i];
		if (p->length == 0 || tscf_kind_of(p->data[0]) == TSCF_KIND_INVALID) {
			c->counters.malformed++;
		} else if (tscf_kind_of(p->data[0]) == TSCF_KIND_CONTROL) {
			tunnel_control(t, p->data, p->length);
			if (t->transport != transport)
				break; /* the tunnel was lost with this message */
			d = decider_of(c);
		} else {
			enum verdict v = decide(&d, p->data, p->length);
			if (v == VERDICT_DELIVER && t->state == TUNNEL_UP)
				tscf_batch_add(&out, p);
			else
				count_drop(c, v, false);
		}
	}
	*counter += out.count;
	if (out.count > 0)
		tscf_tun_write(tun, &out);
}

static void plain_received(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct client *c = context;
	if (t == c->plain.transport)
		received(c, &c->plain, batch, &c->plain_tun, decide_down_plain, &c->counters.down_plain);
}

static void encrypted_received(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct client *c = context;
	if (t == c->encrypted.transport)
		received(c, &c->encrypted, batch, &c->encrypted_tun, decide_down_encrypted, &c->counters.down_encrypted);
}

/* Said once per silence: the reason is in the log, the probing decides. */
static void unreachable(struct tunnel *t, int error)
{
	if (!t->told_unreachable)
		tscf_info("the network says that the server cannot be reached by the %s tunnel: %s", t->name, strerror(error < 0 ? -error : error));
	t->told_unreachable = true;
	tunnel_probe(t);
}

static void plain_unreachable(void *context, struct tscf_transport *t, int error)
{
	struct client *c = context;
	if (t == c->plain.transport)
		unreachable(&c->plain, error);
}

static void encrypted_unreachable(void *context, struct tscf_transport *t, int error)
{
	struct client *c = context;
	if (t == c->encrypted.transport)
		unreachable(&c->encrypted, error);
}

static void peer_up(void *context, struct tscf_peer *peer)
{
	struct client *c = context;
	if (peer == c->encrypted.peer)
		dtte_handshake_done(&c->dtte, c->now);
}

static void peer_down(void *context, struct tscf_peer *peer, int error, const char *reason)
{
	struct client *c = context;
	(void)error;
	if (peer != c->encrypted.peer)
		return;
	c->encrypted.peer = NULL; /* freed when this returns */
	encrypted_lost(c, reason);
}

const struct tscf_transport_handler plain_handler = {plain_received, peer_up, peer_down, plain_unreachable};
const struct tscf_transport_handler encrypted_handler = {encrypted_received, peer_up, peer_down, encrypted_unreachable};
