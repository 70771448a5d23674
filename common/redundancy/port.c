/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/port.h"

#include "common/packet/ecn.h"
#include "common/transport/transport.h"

#include <errno.h>
#include <string.h>

/** What one packet can make: its repair packets, or a count or a report. */
#define MOST_AT_ONCE TSCF_REPAIR_INDEXES
/** Room that is kept for what one packet can repair. */
#define REPAIRED_AT_ONCE TSCF_DECODER_KEPT

_Static_assert(TSCF_COPY_HEADER + TSCF_COPY_INNER_MAX <= TSCF_SOURCE_MAX + TSCF_REPAIR_OVERHEAD,
	       "a copy fits the ring");
_Static_assert(TSCF_DECODER_ROWS <= REPAIRED_AT_ONCE, "each repaired packet frees a row");

int tscf_redundancy_port_init(struct tscf_redundancy_port *port, unsigned flows_max)
{
	*port = (struct tscf_redundancy_port){.shared = {.flows_max = flows_max, .bound = TSCF_REDUNDANCY_BOUND_MS}};
	port->out_ring = tscf_ring_new(TSCF_SOURCE_MAX + TSCF_REPAIR_OVERHEAD);
	port->repaired_ring = tscf_ring_new(TSCF_SOURCE_MAX);
	if (port->out_ring && port->repaired_ring)
		return 0;
	tscf_redundancy_port_free(port);
	return -ENOMEM;
}

void tscf_redundancy_port_free(struct tscf_redundancy_port *port)
{
	tscf_ring_free(port->out_ring);
	tscf_ring_free(port->repaired_ring);
	port->out_ring = port->repaired_ring = NULL;
}

/** What the functions of a way find as their context. */
struct way_context {
	struct tscf_redundancy_port *port;
	struct tscf_peer *peer;
	uint8_t tos; /**< of the packets that are sent */
};

static uint8_t *room(struct tscf_redundancy_way *way)
{
	struct way_context *to = way->context;
	struct tscf_batch *out = &to->port->out;

	return out->count < TSCF_BATCH_MAX ? tscf_ring_packet(to->port->out_ring, out->count)->data : NULL;
}

static void add(struct tscf_redundancy_way *way, uint32_t length)
{
	struct way_context *to = way->context;
	struct tscf_batch *out = &to->port->out;
	struct tscf_packet *p = tscf_ring_packet(to->port->out_ring, out->count);

	p->length = length;
	p->peer = to->peer;
	p->tos = to->tos;
	tscf_batch_add(out, p);
}

static void deliver(struct tscf_redundancy_way *way, const uint8_t *data, uint32_t length)
{
	struct way_context *to = way->context;
	struct tscf_batch *repaired = &to->port->repaired;
	struct tscf_packet *p;

	if (repaired->count == TSCF_BATCH_MAX)
		return;
	p = tscf_ring_packet(to->port->repaired_ring, repaired->count);
	memcpy(p->data, data, length);
	p->length = length;
	tscf_batch_add(repaired, p);
}

static struct tscf_redundancy_way way_of(struct way_context *context, const struct tscf_redundancy_tunnel *tunnel)
{
	uint32_t max = TSCF_SOURCE_MAX + TSCF_REPAIR_OVERHEAD;

	return (struct tscf_redundancy_way){.context = context,
					    .shared = &context->port->shared,
					    .packet_max = tunnel->packet_max < max ? tunnel->packet_max : max,
					    .room = room,
					    .send = add,
					    .deliver = deliver};
}

void tscf_redundancy_port_sent(struct tscf_redundancy_port *port, const struct tscf_redundancy_tunnel *tunnel,
			       const struct tscf_packet *packet, uint8_t redundancy, uint64_t now)
{
	/* A mark of congestion on a repair packet would reach no program. */
	struct way_context context = {port, tunnel->peer, packet->tos & (uint8_t)~TSCF_ECN_MASK};
	struct tscf_redundancy_way way = way_of(&context, tunnel);
	struct tscf_packet_info info;

	for (uint32_t at = 0, n; at < packet->length; at += n) {
		n = tscf_packet_segment(packet, at);
		if (tscf_packet_parse(packet->data + at, n, &info) == TSCF_PACKET_OK)
			tscf_redundancy_sent(tunnel->flows, &way, &info, packet->data + at, redundancy, now);
	}
}

bool tscf_redundancy_port_came(struct tscf_redundancy_port *port, const struct tscf_redundancy_tunnel *tunnel,
			       const struct tscf_packet_info *info, const uint8_t *data, uint64_t now)
{
	struct way_context context = {port, tunnel->peer, info->tos & (uint8_t)~TSCF_ECN_MASK};
	struct tscf_redundancy_way way = way_of(&context, tunnel);

	return tscf_redundancy_came(tunnel->flows, &way, info, data, now);
}

/** Add the copy of the packet of @p length bytes at @p data that bears @p header, for @p peer. */
static void add_copy(struct tscf_redundancy_port *port, struct tscf_peer *peer, const uint8_t *header,
		     const uint8_t *data, uint32_t length)
{
	struct tscf_packet *p = tscf_ring_packet(port->out_ring, port->out.count);

	memcpy(p->data, header, TSCF_COPY_HEADER);
	memcpy(p->data + TSCF_COPY_HEADER, data, length);
	p->length = TSCF_COPY_HEADER + length;
	p->peer = peer;
	tscf_batch_add(&port->out, p);
}

/** Add copies of one packet.  One for a stream that has stalled would come after the others, and delay what follows. */
static void copy_one(struct tscf_redundancy_port *port, struct tscf_peer *const *peers, unsigned count,
		     const uint8_t *header, const uint8_t *data, uint32_t length)
{
	struct tscf_redundancy_counters *counters = &port->shared.counters;
	unsigned added = 0;

	for (unsigned i = 0; i < count; i++) {
		if (tscf_peer_stalled(peers[i]))
			continue;
		add_copy(port, peers[i], header, data, length);
		added++;
	}
	counters->copies_skipped += count - added;
	if (added == 0)
		add_copy(port, peers[0], header, data, length);
	else
		counters->copies_sent += added - 1;
}

void tscf_redundancy_port_copy(struct tscf_redundancy_port *port, uint64_t *number, struct tscf_peer *const *peers,
			       unsigned count, const struct tscf_packet *packet)
{
	uint8_t header[TSCF_COPY_HEADER];

	for (uint32_t at = 0, n; at < packet->length; at += n) {
		n = tscf_packet_segment(packet, at);
		if (port->out.count > TSCF_BATCH_MAX - TSCF_REDUNDANCY_STREAMS)
			tscf_redundancy_port_flush(port);
		tscf_copy_write((*number)++, header);
		copy_one(port, peers, count, header, packet->data + at, n);
	}
}

/** @return the stream whose turn it is; those that are late lose theirs. */
static unsigned next_stream(struct tscf_redundancy_port *port, unsigned *turn, struct tscf_peer *const *peers,
			    unsigned count, uint64_t now)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned next = (*turn)++ % count;

		if (!tscf_peer_late(peers[next], now))
			return next;
		port->shared.counters.balance_skipped++;
	}
	return 0;
}

unsigned tscf_redundancy_port_balance(struct tscf_redundancy_port *port, unsigned *turn, struct tscf_peer *const *peers,
				      unsigned count, struct tscf_packet *packet, uint64_t now)
{
	unsigned which = next_stream(port, turn, peers, count, now);

	if (port->out.count == TSCF_BATCH_MAX)
		tscf_redundancy_port_flush(port);
	packet->peer = peers[which];
	packet->urgent = true;
	tscf_batch_add(&port->out, packet);
	port->shared.counters.balanced += tscf_packet_segments(packet);
	return which;
}

void tscf_redundancy_port_handle(struct tscf_redundancy_port *port, const struct tscf_redundancy_tunnel *tunnel,
				 const uint8_t *data, uint32_t length, uint64_t now)
{
	struct way_context context = {port, tunnel->peer, 0};
	struct tscf_redundancy_way way = way_of(&context, tunnel);

	tscf_redundancy_handle(tunnel->flows, &way, data, length, now);
}

struct tscf_packet *tscf_redundancy_port_take(struct tscf_redundancy_port *port)
{
	return port->taken < port->repaired.count ? port->repaired.packet[port->taken++] : NULL;
}

bool tscf_redundancy_port_must_write(const struct tscf_redundancy_port *port)
{
	return port->repaired.count > TSCF_BATCH_MAX - REPAIRED_AT_ONCE;
}

void tscf_redundancy_port_written(struct tscf_redundancy_port *port)
{
	port->repaired.count = port->taken = 0;
}

bool tscf_redundancy_port_is_full(const struct tscf_redundancy_port *port)
{
	return port->out.count > TSCF_BATCH_MAX - MOST_AT_ONCE;
}

void tscf_redundancy_port_flush(struct tscf_redundancy_port *port)
{
	/* Packets for one transport after the other; there are few. */
	while (port->out.count > 0) {
		struct tscf_transport *t = port->out.packet[0]->peer->transport;
		struct tscf_batch batch = {.count = 0};
		unsigned left = 0;

		for (unsigned i = 0; i < port->out.count; i++) {
			struct tscf_packet *p = port->out.packet[i];

			if (p->peer->transport == t)
				tscf_batch_add(&batch, p);
			else
				port->out.packet[left++] = p;
		}
		port->out.count = left;
		tscf_transport_send(t, &batch);
	}
}
