/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/redundancy/redundancy.h"

#include "common/base/bytes.h"
#include "common/base/siphash.h"
#include "common/redundancy/loss.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define UDP_HEADER 8U
/** What repair packets cover of the bound: the rest is for the way, and for those that come later. */
#define SPAN_OF(bound) ((bound)*3 / 4)

_Static_assert(SPAN_OF(TSCF_REDUNDANCY_BOUND_MAX_MS) < UINT8_MAX, "an age is a byte");

/** Which flow, and when it was used last; the senders and receivers begin with it. */
struct tscf_redundancy_flow {
	struct tscf_addr source, destination;
	uint16_t source_port, destination_port;
	uint32_t id;
	uint64_t used;
	struct tscf_redundancy_flow *next;
};

struct sender {
	struct tscf_redundancy_flow flow;
	struct tscf_encoder encoder;
	struct tscf_adapt adapt;
	uint64_t counted; /**< when the last count was sent, or would have been */
};

struct receiver {
	struct tscf_redundancy_flow flow;
	struct tscf_decoder decoder;
	struct tscf_loss loss;
};

/* --- flows --- */

static bool is_protected(const struct tscf_packet_info *info)
{
	return info->protocol == IPPROTO_UDP && !info->fragment && info->total >= info->transport + UDP_HEADER;
}

/** Both ends compute the same number from a packet; tscf(7) says how. */
static uint32_t flow_id(const struct tscf_packet_info *info)
{
	static const struct tscf_siphash_key zero;
	const uint32_t size = info->version == 4 ? 4 : 16;
	uint8_t bytes[2 * 16 + 4];

	memcpy(bytes, info->source.bytes, size);
	memcpy(bytes + size, info->destination.bytes, size);
	tscf_put_u16(bytes + 2 * size, info->source_port);
	tscf_put_u16(bytes + 2 * size + 2, info->destination_port);
	return (uint32_t)tscf_siphash(&zero, bytes, 2 * size + 4);
}

static struct tscf_redundancy_flow flow_of(const struct tscf_packet_info *info, uint64_t now)
{
	return (struct tscf_redundancy_flow){.source = info->source,
					     .destination = info->destination,
					     .source_port = info->source_port,
					     .destination_port = info->destination_port,
					     .id = flow_id(info),
					     .used = now};
}

static bool is_same(const struct tscf_redundancy_flow *a, const struct tscf_redundancy_flow *b)
{
	return a->id == b->id && a->source_port == b->source_port && a->destination_port == b->destination_port &&
	       tscf_addr_equal(&a->source, &b->source) && tscf_addr_equal(&a->destination, &b->destination);
}

static struct tscf_redundancy_flow *find_id(struct tscf_redundancy_flow *list, uint32_t id)
{
	while (list && list->id != id)
		list = list->next;
	return list;
}

/** @return the flow of the list that has this one's identifier, in use from now on; NULL: none, or another has it. */
static struct tscf_redundancy_flow *find(struct tscf_redundancy_flow *list, const struct tscf_redundancy_flow *this)
{
	struct tscf_redundancy_flow *flow = find_id(list, this->id);

	if (!flow || !is_same(flow, this))
		return NULL;
	flow->used = this->used;
	return flow;
}

static void free_sender(struct tscf_redundancy_flow *flow)
{
	tscf_encoder_free(&((struct sender *)flow)->encoder);
	free(flow);
}

static void free_receiver(struct tscf_redundancy_flow *flow)
{
	tscf_decoder_free(&((struct receiver *)flow)->decoder);
	free(flow);
}

typedef void (*free_flow)(struct tscf_redundancy_flow *flow);

static void remove_flow(struct tscf_redundancy_flow **link, struct tscf_redundancy_shared *shared, free_flow release)
{
	struct tscf_redundancy_flow *flow = *link;

	*link = flow->next;
	release(flow);
	shared->flows--;
}

/** Make place for @p fresh in @p list: the flow that was used longest ago may have to go, and one with the same
 * identifier has to.  @return whether there is place. */
static bool make_place(struct tscf_redundancy_flow **list, const struct tscf_redundancy_flow *fresh,
		       struct tscf_redundancy_shared *shared, free_flow release)
{
	struct tscf_redundancy_flow **victim = list;
	bool full = shared->flows >= shared->flows_max;
	unsigned count = 0;

	for (struct tscf_redundancy_flow **at = list; *at; at = &(*at)->next) {
		if ((*at)->id == fresh->id) {
			victim = at;
			full = true;
			break;
		}
		if ((*at)->used < (*victim)->used)
			victim = at;
		full = full || ++count == TSCF_REDUNDANCY_FLOWS;
	}
	if (!full)
		return true;
	if (!*victim || fresh->used - (*victim)->used < TSCF_REDUNDANCY_IDLE_MS)
		return false;
	remove_flow(victim, shared, release);
	return true;
}

static void add(struct tscf_redundancy_flow **list, struct tscf_redundancy_flow *flow,
		struct tscf_redundancy_shared *shared)
{
	flow->next = *list;
	*list = flow;
	shared->flows++;
}

static void clear(struct tscf_redundancy_flow **list, struct tscf_redundancy_shared *shared, free_flow release)
{
	while (*list)
		remove_flow(list, shared, release);
}

void tscf_redundancy_clear(struct tscf_redundancy *r, struct tscf_redundancy_shared *shared)
{
	clear(&r->sent, shared, free_sender);
	clear(&r->received, shared, free_receiver);
}

/* --- sending --- */

static struct sender *sender_of(struct tscf_redundancy *r, struct tscf_redundancy_shared *shared,
				const struct tscf_redundancy_flow *flow)
{
	struct sender *s = (struct sender *)find(r->sent, flow);

	if (s || !make_place(&r->sent, flow, shared, free_sender))
		return s;
	s = calloc(1, sizeof(*s));
	if (!s || tscf_encoder_init(&s->encoder, flow->id, SPAN_OF(shared->bound)) < 0) {
		free(s);
		return NULL;
	}
	s->flow = *flow;
	s->counted = flow->used;
	add(&r->sent, &s->flow, shared);
	return s;
}

/** @return how many were sent. */
static unsigned send_repairs(struct sender *s, struct tscf_redundancy_way *way, unsigned due, uint64_t now)
{
	unsigned index;

	for (index = 0; index < due; index++) {
		uint8_t *room = way->room(way);
		uint32_t length = room ? tscf_encoder_repair(&s->encoder, (uint8_t)index, now, room) : 0;

		if (length == 0)
			break;
		way->send(way, length);
	}
	way->shared->counters.repairs_sent += index;
	return index;
}

/** A receiver that sees no sequence numbers of RTP learns from counts that something was lost. */
static void send_count(struct sender *s, struct tscf_redundancy_way *way, uint64_t now)
{
	uint8_t *room;

	if (now - s->counted < TSCF_REDUNDANCY_COUNT_MS || tscf_rtp_shape_is_sure(&s->adapt.sent))
		return;
	room = way->room(way);
	if (!room)
		return;
	tscf_encoder_count(&s->encoder, room);
	way->send(way, TSCF_REPAIR_HEADER);
	s->counted = now;
}

void tscf_redundancy_sent(struct tscf_redundancy *r, struct tscf_redundancy_way *way,
			  const struct tscf_packet_info *info, const uint8_t *data, uint8_t redundancy, uint64_t now)
{
	const uint32_t payload = info->transport + UDP_HEADER;
	uint32_t limit = way->packet_max - TSCF_REPAIR_OVERHEAD;
	struct tscf_redundancy_flow flow;
	struct sender *s;
	unsigned due;

	if (!is_protected(info))
		return;
	flow = flow_of(info, now);
	s = sender_of(r, way->shared, &flow);
	if (!s)
		return;
	tscf_encoder_source(&s->encoder, data, info->total, limit < TSCF_SOURCE_MAX ? limit : TSCF_SOURCE_MAX, now);
	due = tscf_adapt_source(&s->adapt, redundancy, data + payload, info->total - payload, now);
	if (due > 0)
		r->repairs_sent += send_repairs(s, way, due, now);
	else if (redundancy == TSCF_REDUNDANCY_AUTO && !tscf_adapt_is_active(&s->adapt, now))
		send_count(s, way, now);
}

/* --- receiving --- */

static struct receiver *receiver_of(struct tscf_redundancy *r, struct tscf_redundancy_shared *shared,
				    const struct tscf_redundancy_flow *flow)
{
	struct receiver *v = (struct receiver *)find(r->received, flow);

	if (v || !make_place(&r->received, flow, shared, free_receiver))
		return v;
	v = calloc(1, sizeof(*v));
	if (!v || tscf_decoder_init(&v->decoder) < 0) {
		free(v);
		return NULL;
	}
	v->flow = *flow;
	add(&r->received, &v->flow, shared);
	return v;
}

static void send_report(struct receiver *v, struct tscf_redundancy_way *way, uint64_t now)
{
	struct tscf_report report;
	uint8_t *room;

	if (!tscf_loss_report(&v->loss, now, &report))
		return;
	room = way->room(way);
	if (!room)
		return;
	report.flow = v->flow.id;
	tscf_report_write(&report, room);
	way->shared->counters.loss_reports_sent++;
	way->send(way, TSCF_REPORT_SIZE);
}

/** A decoder's output: to the tunnel, if the packet is of the decoder's flow. */
struct delivery {
	struct tscf_redundancy *tunnel;
	struct tscf_redundancy_way *way;
	const struct tscf_redundancy_flow *flow;
};

static void deliver(void *context, const uint8_t *data, uint32_t length)
{
	struct delivery *to = context;
	struct tscf_packet_info info;
	struct tscf_redundancy_flow flow;

	if (tscf_packet_parse(data, length, &info) == TSCF_PACKET_OK && info.total == length && is_protected(&info)) {
		flow = flow_of(&info, to->flow->used);
		if (is_same(&flow, to->flow)) {
			to->way->shared->counters.repaired++;
			to->tunnel->repaired++;
			to->way->deliver(to->way, data, length);
			return;
		}
	}
	to->way->shared->counters.repair_invalid++;
}

static struct tscf_decoder_output output_of(struct delivery *to)
{
	return (struct tscf_decoder_output){
	    .context = to, .deliver = deliver, .counters = &to->way->shared->counters, .bound = to->way->shared->bound};
}

bool tscf_redundancy_came(struct tscf_redundancy *r, struct tscf_redundancy_way *way,
			  const struct tscf_packet_info *info, const uint8_t *data, uint64_t now)
{
	const uint32_t payload = info->transport + UDP_HEADER;
	struct tscf_redundancy_flow flow;
	struct receiver *v;
	bool fresh;

	if (!is_protected(info))
		return true;
	flow = flow_of(info, now);
	v = receiver_of(r, way->shared, &flow);
	if (!v)
		return true;
	struct delivery to = {.tunnel = r, .way = way, .flow = &v->flow};
	struct tscf_decoder_output output = output_of(&to);
	fresh = tscf_decoder_source(&v->decoder, data, info->total, now, &output);
	way->shared->counters.repaired_duplicate += !fresh;
	tscf_loss_source(&v->loss, data + payload, info->total - payload);
	send_report(v, way, now);
	return fresh;
}

static void handle_repair(struct tscf_redundancy *r, struct tscf_redundancy_way *way, const uint8_t *data,
			  uint32_t length, uint64_t now)
{
	struct tscf_repair repair;
	struct receiver *v;
	unsigned here = 0;

	if (tscf_repair_read(data, length, &repair) < 0 ||
	    !(v = (struct receiver *)find_id(r->received, repair.flow))) {
		way->shared->counters.repair_invalid++;
		return;
	}
	struct delivery to = {.tunnel = r, .way = way, .flow = &v->flow};
	struct tscf_decoder_output output = output_of(&to);
	for (unsigned i = 0; i < repair.count; i++)
		here |= (unsigned)tscf_decoder_has(&v->decoder, repair.covered[i].id) << i;
	tscf_loss_repair(&v->loss, &repair, here, now);
	if (repair.count > 0) {
		way->shared->counters.repairs_received++;
		tscf_decoder_repair(&v->decoder, &repair, now, &output);
	}
	send_report(v, way, now);
}

static void handle_report(struct tscf_redundancy *r, struct tscf_redundancy_way *way, const uint8_t *data,
			  uint32_t length, uint64_t now)
{
	struct tscf_report report;
	struct sender *s;

	if (tscf_report_read(data, length, &report) < 0 || !(s = (struct sender *)find_id(r->sent, report.flow))) {
		way->shared->counters.repair_invalid++;
		return;
	}
	way->shared->counters.loss_reports_received++;
	tscf_adapt_report(&s->adapt, &report, now);
}

void tscf_redundancy_handle(struct tscf_redundancy *r, struct tscf_redundancy_way *way, const uint8_t *data,
			    uint32_t length, uint64_t now)
{
	if (length > 0 && data[0] == TSCF_REPAIR_FIRST_BYTE)
		handle_repair(r, way, data, length, now);
	else
		handle_report(r, way, data, length, now);
}
