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

/** Flows that can have an open GSO batch at the same time; one more flow ends the GSO batch of another. */
#define OPEN_MAX 16
#define NOT_OPEN OPEN_MAX

#define HEADER_MAX (TSCF_IPV6_HEADER + 60)
/** Marks the last packet of a GSO batch. */
#define END UINT16_MAX

/** The checksums of a GSO batch's first packet: they are checked when a second packet comes. */
enum verdict { UNKNOWN, RIGHT, WRONG };

struct gso_batch {
	struct tscf_candidate_batch so_far;
	uint32_t bytes; /**< of all packets before merging */
	uint16_t first, last;
	enum verdict verdict;
	struct virtio_net_hdr vnet;
	uint8_t header[HEADER_MAX];
};

/** One iovec holds the virtio header and the packet's header. */
_Static_assert(offsetof(struct gso_batch, header) == offsetof(struct gso_batch, vnet) + sizeof(struct virtio_net_hdr),
	       "padding");

struct tscf_coalescer {
	unsigned kinds, segments;
	unsigned packets, batches;
	unsigned open, victim; /**< slots in use; if all are in use, the next one to be taken from its flow */
	uint32_t open_tag[OPEN_MAX];
	uint16_t open_batch[OPEN_MAX];
	uint16_t next[TSCF_COALESCE_PACKETS]; /**< next packet of the same GSO batch, or END */
	struct tscf_candidate packet[TSCF_COALESCE_PACKETS];
	struct gso_batch batch[TSCF_COALESCE_PACKETS];
	struct tscf_super super[TSCF_COALESCE_PACKETS];
	struct iovec iov[2 * TSCF_COALESCE_PACKETS]; /**< one for each packet, and at most as many for headers */
	struct virtio_net_hdr none;                  /**< empty: for packets that are not merged */
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
	c->batches = 0;
	c->open = 0;
}

/** @return the slot with the open GSO batch of the flow of @p p, or NOT_OPEN. */
static unsigned find_open(const struct tscf_coalescer *c, const struct tscf_candidate *p)
{
	for (unsigned i = 0; i < c->open; i++)
		if (c->open_tag[i] == p->tag && tscf_candidate_same_flow(c->batch[c->open_batch[i]].so_far.head, p))
			return i;
	return NOT_OPEN;
}

static void close_slot(struct tscf_coalescer *c, unsigned slot)
{
	if (slot == NOT_OPEN)
		return;
	c->open--;
	c->open_tag[slot] = c->open_tag[c->open];
	c->open_batch[slot] = c->open_batch[c->open];
}

static void open_slot(struct tscf_coalescer *c, unsigned batch)
{
	const unsigned slot = c->open < OPEN_MAX ? c->open++ : c->victim++ % OPEN_MAX;

	c->open_tag[slot] = c->batch[batch].so_far.head->tag;
	c->open_batch[slot] = (uint16_t)batch;
}

static unsigned begin_gso_batch(struct tscf_coalescer *c, unsigned packet, uint32_t length)
{
	struct gso_batch *batch = &c->batch[c->batches];

	batch->so_far =
	    (struct tscf_candidate_batch){.head = &c->packet[packet], .payload = c->packet[packet].payload, .count = 1};
	batch->bytes = length;
	batch->first = batch->last = (uint16_t)packet;
	batch->verdict = UNKNOWN;
	c->next[packet] = END;
	return c->batches++;
}

static void append(struct tscf_coalescer *c, struct gso_batch *batch, unsigned packet)
{
	const struct tscf_candidate *p = &c->packet[packet];

	c->next[batch->last] = (uint16_t)packet;
	c->next[packet] = END;
	batch->last = (uint16_t)packet;
	batch->so_far.payload += p->payload;
	batch->so_far.count++;
	batch->bytes += p->length;
}

/** @return whether the checksums of the GSO batch's first packet are right. */
static bool head_is_right(struct gso_batch *batch)
{
	if (batch->verdict == UNKNOWN)
		batch->verdict = tscf_candidate_verify(batch->so_far.head) ? RIGHT : WRONG;
	return batch->verdict == RIGHT;
}

/** Merge a packet into the GSO batch of its flow in @p slot, or begin a GSO batch with it if there is none. */
static void merge(struct tscf_coalescer *c, unsigned packet, unsigned slot)
{
	const struct tscf_candidate *p = &c->packet[packet];
	struct gso_batch *batch = slot == NOT_OPEN ? NULL : &c->batch[c->open_batch[slot]];

	if (batch && tscf_candidate_follows(&batch->so_far, p) && head_is_right(batch) && tscf_candidate_verify(p)) {
		append(c, batch, packet);
		if (p->push || p->payload < batch->so_far.head->payload || batch->so_far.count >= c->segments)
			close_slot(c, slot);
		return;
	}
	close_slot(c, slot);
	begin_gso_batch(c, packet, p->length);
	if (!p->push && c->segments > 1)
		open_slot(c, c->batches - 1);
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
	begin_gso_batch(c, packet, length);
	return true;
}

/** Write the virtio header: where the kernel has to complete the checksum, and the size of the segments. */
static void write_vnet(struct gso_batch *batch)
{
	const struct tscf_candidate *head = batch->so_far.head;
	const bool ipv4 = head->ip_header == TSCF_IPV4_HEADER;
	const uint8_t tcp_type = ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;

	batch->vnet = (struct virtio_net_hdr){
	    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	    .gso_type = head->tcp ? tcp_type : VIRTIO_NET_HDR_GSO_UDP_L4,
	    .hdr_len = head->header,
	    .gso_size = head->payload,
	    .csum_start = head->ip_header,
	    .csum_offset = head->tcp ? TSCF_TCP_CHECK : TSCF_UDP_CHECK,
	};
}

/**
 * Write the packet's header: the first packet's, with the total length, and the sum of the pseudo-header as checksum.
 */
static void write_header(struct gso_batch *batch, bool push)
{
	const struct tscf_candidate *head = batch->so_far.head;
	const uint32_t total = head->header + batch->so_far.payload, upper = total - head->ip_header;
	uint8_t *ip = batch->header, *transport = ip + head->ip_header;
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
	memcpy(transport + batch->vnet.csum_offset, &sum, sizeof(sum));
}

static struct iovec *lay_out_merged(struct tscf_coalescer *c, struct gso_batch *batch, struct iovec *iov)
{
	write_vnet(batch);
	write_header(batch, c->packet[batch->last].push);
	*iov++ = (struct iovec){&batch->vnet, sizeof(batch->vnet) + batch->so_far.head->header};
	for (unsigned i = batch->first; i != END; i = c->next[i]) {
		const struct tscf_candidate *p = &c->packet[i];

		*iov++ = (struct iovec){p->data + p->header, p->payload};
	}
	return iov;
}

unsigned tscf_coalesce_finish(struct tscf_coalescer *c, const struct tscf_super **writes)
{
	struct iovec *iov = c->iov;

	for (unsigned i = 0; i < c->batches; i++) {
		struct gso_batch *batch = &c->batch[i];
		struct tscf_super *super = &c->super[i];

		*super = (struct tscf_super){.iov = iov, .packets = batch->so_far.count, .bytes = batch->bytes};
		if (batch->so_far.count > 1) {
			iov = lay_out_merged(c, batch, iov);
		} else {
			*iov++ = (struct iovec){&c->none, sizeof(c->none)};
			*iov++ = (struct iovec){batch->so_far.head->data, batch->bytes};
		}
		super->iov_count = (unsigned)(iov - super->iov);
	}
	*writes = c->super;
	return c->batches;
}

/* Merged packets have headers of one length, and each payload lies behind its own. */
struct iovec tscf_super_packet(const struct tscf_super *super, unsigned i)
{
	const size_t header = super->iov[0].iov_len - sizeof(struct virtio_net_hdr);
	const struct iovec *payload = &super->iov[1 + i];

	return (struct iovec){(uint8_t *)payload->iov_base - header, header + payload->iov_len};
}
