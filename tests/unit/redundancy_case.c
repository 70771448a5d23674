/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/redundancy_case.h"

#include "common/base/bytes.h"
#include "tests/unit/packet_build.h"

#include <check.h>
#include <netinet/in.h>
#include <string.h>

#define OUTER      28
#define PAYLOAD    172
#define PACKET_MAX 400
#define INNER      28

static double draw(struct call_channel *channel)
{
	/* Numerical Recipes' generator: good enough, and the same everywhere. */
	channel->random = channel->random * 1664525U + 1013904223U;
	return (channel->random >> 8) / (double)(1U << 24);
}

static bool is_lost(const struct call *c, struct call_channel *channel)
{
	double burst = c->burst > 0 ? c->burst : 1 / (1 - c->loss);
	double begins = c->loss / (burst * (1 - c->loss));

	channel->bad = draw(channel) < (channel->bad ? 1 - 1 / burst : begins);
	return channel->bad;
}

static void put_on_the_way(struct call_end *from, const uint8_t *data, uint32_t length)
{
	struct call *c = from->call;
	struct call_queue *q = &from->queue[c->delay];

	if (is_lost(c, &from->channel))
		return;
	for (int copies = c->twice ? 2 : 1; copies > 0; copies--) {
		struct call_packet *p = &q->packet[q->count++];

		ck_assert_uint_lt(q->count, 16);
		memcpy(p->data, data, length);
		p->length = length;
	}
}

static uint8_t *room(struct tscf_redundancy_way *way)
{
	return ((struct call_end *)way->context)->room.data;
}

static void send_room(struct tscf_redundancy_way *way, uint32_t length)
{
	struct call_end *end = way->context;

	ck_assert_uint_le(length, PACKET_MAX);
	*(end == &end->call->sender ? &end->call->repair_bytes : &end->call->report_bytes) += OUTER + length;
	put_on_the_way(end, end->room.data, length);
}

/** The packet of this number: its bytes follow from it. */
static void build(const struct call *c, uint32_t number, struct build *b)
{
	build_ipv4(b, IPPROTO_UDP, 0, 0);
	build_ports(b, 8);
	build_zero(b, PAYLOAD);
	build_finish(b);
	for (uint32_t i = INNER; i < b->length; i++)
		b->data[i] = (uint8_t)(number * 2654435761U >> (i % 24));
	tscf_put_u32(b->data + INNER + 12, number);
	b->data[INNER] = c->rtp ? 0x80 : 0;
	b->data[INNER + 1] = 0;
	if (!c->rtp)
		return;
	tscf_put_u16(b->data + INNER + 2, (uint16_t)number);
	tscf_put_u32(b->data + INNER + 8, 0x12345678);
}

static void take(struct call *c, const uint8_t *data, uint32_t length, bool repaired)
{
	uint32_t number = tscf_get_u32(data + INNER + 12);
	struct build b;
	uint64_t due = (number + c->delay) * (uint64_t)CALL_SPACING_MS;
	unsigned late = (unsigned)(c->now - due);

	build(c, number, &b);
	c->damaged += length != b.length || memcmp(data, b.data, length) != 0;
	if (!repaired)
		c->clear_delays += late != 0;
	else if (late > c->worst_repair_ms)
		c->worst_repair_ms = late;
	c->doubles += c->seen[number % 65536 / 8] >> (number % 8) & 1;
	c->seen[number % 65536 / 8] |= (uint8_t)(1 << number % 8);
	c->delivered++;
}

static void deliver(struct tscf_redundancy_way *way, const uint8_t *data, uint32_t length)
{
	take(((struct call_end *)way->context)->call, data, length, true);
}

static void arrive(struct call_end *to, const struct call_packet *p)
{
	struct tscf_packet_info info;

	if (p->data[0] >> 4 != 4) {
		tscf_redundancy_handle(&to->flows, &to->way, p->data, p->length, to->call->now);
		return;
	}
	ck_assert_int_eq(tscf_packet_parse(p->data, p->length, &info), TSCF_PACKET_OK);
	if (tscf_redundancy_came(&to->flows, &to->way, &info, p->data, to->call->now))
		take(to->call, p->data, p->length, false);
}

static void move(struct call_end *from, struct call_end *to)
{
	for (unsigned i = 0; i < from->queue[0].count; i++)
		arrive(to, &from->queue[0].packet[i]);
	memmove(&from->queue[0], &from->queue[1], sizeof(from->queue) - sizeof(from->queue[0]));
	from->queue[CALL_DELAY_MAX].count = 0;
}

static void begin_end(struct call *c, struct call_end *end, uint32_t seed)
{
	end->call = c;
	end->channel.random = seed;
	end->shared.flows_max = 8;
	end->shared.bound = TSCF_REDUNDANCY_BOUND_MS;
	end->way = (struct tscf_redundancy_way){.context = end,
						.shared = &end->shared,
						.packet_max = PACKET_MAX,
						.room = room,
						.send = send_room,
						.deliver = deliver};
}

void call_begin(struct call *c, uint32_t seed)
{
	begin_end(c, &c->sender, seed);
	begin_end(c, &c->receiver, ~seed);
}

static void step(struct call *c)
{
	struct tscf_packet_info info;
	struct build b;

	build(c, c->number, &b);
	c->seen[(c->number + 32768) % 65536 / 8] &= (uint8_t) ~(1 << (c->number + 32768) % 8);
	c->now = c->number++ * (uint64_t)CALL_SPACING_MS;
	ck_assert_int_eq(tscf_packet_parse(b.data, b.length, &info), TSCF_PACKET_OK);
	if (!c->hidden || c->number % c->hidden != 0) {
		c->sent++;
		c->source_bytes += OUTER + b.length;
		put_on_the_way(&c->sender, b.data, b.length);
		tscf_redundancy_sent(&c->sender.flows, &c->sender.way, &info, b.data, c->factor, c->now);
	}
	move(&c->sender, &c->receiver);
	move(&c->receiver, &c->sender);
}

double call_run(struct call *c, unsigned packets)
{
	unsigned sent = c->sent, delivered = c->delivered;

	for (unsigned i = 0; i < packets; i++)
		step(c);
	return 1 - (c->delivered - delivered) / (double)(c->sent - sent);
}

void call_end(struct call *c)
{
	tscf_redundancy_clear(&c->sender.flows, &c->sender.shared);
	tscf_redundancy_clear(&c->receiver.flows, &c->receiver.shared);
	ck_assert_uint_eq(c->sender.shared.flows + c->receiver.shared.flows, 0);
}

double call_bandwidth(const struct call *c)
{
	return 1 + (double)c->repair_bytes / (double)c->source_bytes;
}
