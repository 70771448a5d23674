/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/coalesce.h"

#include "common/base/bytes.h"
#include "common/packet/checksum.h"
#include "common/packet/coalesce_packet.h"
#include "common/packet/header_fields.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/** Flows that can have a run growing at the same time; one more ends the run of another. */
#define OPEN_MAX 16
#define NOT_OPEN OPEN_MAX

#define HEADER_MAX (TSCF_IPV6_HEADER + 60)
/** After the last packet of a run. */
#define END UINT16_MAX

/** On the checksums of a run's first packet: they are looked at when a second one comes. */
enum verdict { UNKNOWN, RIGHT, WRONG };

struct run {
	struct tscf_candidate_run so_far;
	uint32_t bytes; /**< of all packets as they came */
	uint16_t first, last;
	enum verdict verdict;
	struct virtio_net_hdr vnet;
	uint8_t header[HEADER_MAX];
};

/** One iovec has the virtio header and the packet's. */
_Static_assert(offsetof(struct run, header) == offsetof(struct run, vnet) + sizeof(struct virtio_net_hdr), "padding");

struct tscf_coalescer {
	unsigned kinds, segments;
	unsigned packets, runs;
	unsigned open, victim; /**< slots in use; the next one to be taken from its flow if all are */
	uint32_t open_tag[OPEN_MAX];
	uint16_t open_run[OPEN_MAX];
	uint16_t next[TSCF_COALESCE_PACKETS]; /**< of the same run, or END */
	struct tscf_candidate packet[TSCF_COALESCE_PACKETS];
	struct run run[TSCF_COALESCE_PACKETS];
	struct tscf_super super[TSCF_COALESCE_PACKETS];
	struct iovec iov[2 * TSCF_COALESCE_PACKETS]; /**< each packet's, and at most as many headers */
	struct virtio_net_hdr none;                  /**< says nothing: for packets that are not merged */
};

struct tscf_coalescer *tscf_coalescer_new(unsigned kinds, unsigned segments)
{
	struct tscf_coalescer *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->kinds = kinds;
	c->segments = segments < TSCF_COALESCE_SEGMENTS ? segments : TSCF_COALESCE_SEGMENTS;
	return c;
}

void tscf_coalescer_free(struct tscf_coalescer *c)
{
	free(c);
}

void tscf_coalescer_set_kinds(struct tscf_coalescer *c, unsigned kinds)
{
	c->kinds = kinds;
}

void tscf_coalesce_begin(struct tscf_coalescer *c)
{
	c->packets = 0;
	c->runs = 0;
	c->open = 0;
}

/** @return the slot in which the flow of @p p has a run, or NOT_OPEN. */
static unsigned find_open(const struct tscf_coalescer *c, const struct tscf_candidate *p)
{
	for (unsigned i = 0; i < c->open; i++)
		if (c->open_tag[i] == p->tag && tscf_candidate_same_flow(c->run[c->open_run[i]].so_far.head, p))
			return i;
	return NOT_OPEN;
}

static void close_slot(struct tscf_coalescer *c, unsigned slot)
{
	if (slot == NOT_OPEN)
		return;
	c->open--;
	c->open_tag[slot] = c->open_tag[c->open];
	c->open_run[slot] = c->open_run[c->open];
}

static void open_slot(struct tscf_coalescer *c, unsigned run)
{
	const unsigned slot = c->open < OPEN_MAX ? c->open++ : c->victim++ % OPEN_MAX;

	c->open_tag[slot] = c->run[run].so_far.head->tag;
	c->open_run[slot] = (uint16_t)run;
}

static unsigned begin_run(struct tscf_coalescer *c, unsigned packet, uint32_t length)
{
	struct run *run = &c->run[c->runs];

	run->so_far =
	    (struct tscf_candidate_run){.head = &c->packet[packet], .payload = c->packet[packet].payload, .count = 1};
	run->bytes = length;
	run->first = run->last = (uint16_t)packet;
	run->verdict = UNKNOWN;
	c->next[packet] = END;
	return c->runs++;
}

static void append(struct tscf_coalescer *c, struct run *run, unsigned packet)
{
	const struct tscf_candidate *p = &c->packet[packet];

	c->next[run->last] = (uint16_t)packet;
	c->next[packet] = END;
	run->last = (uint16_t)packet;
	run->so_far.payload += p->payload;
	run->so_far.count++;
	run->bytes += p->length;
}

/** @return whether the checksums of the run's first packet are right. */
static bool head_is_right(struct run *run)
{
	if (run->verdict == UNKNOWN)
		run->verdict = tscf_candidate_verify(run->so_far.head) ? RIGHT : WRONG;
	return run->verdict == RIGHT;
}

/** A mergeable packet whose flow has the run in @p slot, or none: merge it, or begin a run with it. */
static void merge(struct tscf_coalescer *c, unsigned packet, unsigned slot)
{
	const struct tscf_candidate *p = &c->packet[packet];
	struct run *run = slot == NOT_OPEN ? NULL : &c->run[c->open_run[slot]];

	if (run && tscf_candidate_follows(&run->so_far, p) && head_is_right(run) && tscf_candidate_verify(p)) {
		append(c, run, packet);
		if (p->push || p->payload < run->so_far.head->payload || run->so_far.count >= c->segments)
			close_slot(c, slot);
		return;
	}
	close_slot(c, slot);
	begin_run(c, packet, p->length);
	if (!p->push && c->segments > 1)
		open_slot(c, c->runs - 1);
}

bool tscf_coalesce_add(struct tscf_coalescer *c, uint8_t *data, uint32_t length)
{
	const unsigned packet = c->packets;
	struct tscf_candidate *p = &c->packet[packet];

	if (packet == TSCF_COALESCE_PACKETS)
		return false;
	c->packets++;
	switch (tscf_candidate_read(data, length, c->kinds, p)) {
	case TSCF_CANDIDATE_MERGE:
		merge(c, packet, find_open(c, p));
		return true;
	case TSCF_CANDIDATE_SINGLE:
		close_slot(c, find_open(c, p));
		break;
	case TSCF_CANDIDATE_BARRIER:
		c->open = 0;
		break;
	case TSCF_CANDIDATE_APART:
		break;
	}
	begin_run(c, packet, length);
	return true;
}

/** The virtio header: where the kernel has to complete the checksum, and of what size the pieces were. */
static void write_vnet(struct run *run)
{
	const struct tscf_candidate *head = run->so_far.head;
	const bool ipv4 = head->ip_header == TSCF_IPV4_HEADER;
	const uint8_t tcp_type = ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;

	run->vnet = (struct virtio_net_hdr){
	    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	    .gso_type = head->tcp ? tcp_type : VIRTIO_NET_HDR_GSO_UDP_L4,
	    .hdr_len = head->header,
	    .gso_size = head->payload,
	    .csum_start = head->ip_header,
	    .csum_offset = head->tcp ? TSCF_TCP_CHECK : TSCF_UDP_CHECK,
	};
}

/** The packet's header: the first one's, for all the payload, with the sum of the pseudo-header as checksum. */
static void write_header(struct run *run, bool push)
{
	const struct tscf_candidate *head = run->so_far.head;
	const uint32_t total = head->header + run->so_far.payload, upper = total - head->ip_header;
	uint8_t *ip = run->header, *transport = ip + head->ip_header;
	uint16_t sum;

	memcpy(ip, head->data, head->header);
	if (head->ip_header == TSCF_IPV4_HEADER) {
		tscf_put_u16(ip + TSCF_IPV4_TOTAL, (uint16_t)total);
		memset(ip + TSCF_IPV4_CHECK, 0, 2);
		tscf_checksum_put(ip + TSCF_IPV4_CHECK, tscf_checksum_add(ip, TSCF_IPV4_HEADER));
	} else {
		tscf_put_u16(ip + TSCF_IPV6_PAYLOAD, (uint16_t)upper);
	}
	sum = tscf_checksum_fold(tscf_checksum_pseudo(ip, head->tcp ? IPPROTO_TCP : IPPROTO_UDP, upper));
	if (head->tcp)
		transport[TSCF_TCP_FLAGS] |= push ? TSCF_FLAG_PSH : 0;
	else
		tscf_put_u16(transport + TSCF_UDP_LENGTH, (uint16_t)upper);
	memcpy(transport + run->vnet.csum_offset, &sum, sizeof(sum));
}

static struct iovec *lay_out_merged(struct tscf_coalescer *c, struct run *run, struct iovec *iov)
{
	write_vnet(run);
	write_header(run, c->packet[run->last].push);
	*iov++ = (struct iovec){&run->vnet, sizeof(run->vnet) + run->so_far.head->header};
	for (unsigned i = run->first; i != END; i = c->next[i]) {
		const struct tscf_candidate *p = &c->packet[i];

		*iov++ = (struct iovec){p->data + p->header, p->payload};
	}
	return iov;
}

unsigned tscf_coalesce_finish(struct tscf_coalescer *c, const struct tscf_super **writes)
{
	struct iovec *iov = c->iov;

	for (unsigned i = 0; i < c->runs; i++) {
		struct run *run = &c->run[i];
		struct tscf_super *super = &c->super[i];

		*super = (struct tscf_super){.iov = iov, .packets = run->so_far.count, .bytes = run->bytes};
		if (run->so_far.count > 1) {
			iov = lay_out_merged(c, run, iov);
		} else {
			*iov++ = (struct iovec){&c->none, sizeof(c->none)};
			*iov++ = (struct iovec){run->so_far.head->data, run->bytes};
		}
		super->iov_count = (unsigned)(iov - super->iov);
	}
	*writes = c->super;
	return c->runs;
}
