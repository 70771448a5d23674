/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/dscp.h"
#include "common/transport/aqm_filter.h"
#include "common/transport/outer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/*
 * Ancillary data: the TOS byte (one byte for IPv4, an int for IPv6), the overflow counter, the size of joined
 * datagrams, the time of arrival, and the local address.
 */
#define CONTROL_SIZE                                                                                                   \
	(CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(sizeof(int)) +                            \
	 CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct in6_pktinfo)))

struct control {
	_Alignas(struct cmsghdr) uint8_t bytes[CONTROL_SIZE];
};

/* Packets of the ring, first in, first out. */
struct fifo {
	unsigned head, count;
	uint8_t slot[TSCF_BATCH_MAX];
};

/*
 * Every packet of the ring is in one of three places: free, read from the socket and waiting for its turn, or lent to
 * the user of the last batch.  Reading a packet is much cheaper than processing it, so everything in the socket is read
 * at once, and urgent packets are given out first.
 */
struct tscf_outer_reader {
	struct tscf_ring *ring;
	int fd;
	bool connected;
	struct fifo free, urgent, bulk;
	uint32_t bytes; /* of the waiting packets */
	unsigned lent_count;
	uint8_t lent[TSCF_BATCH_MAX];
	struct tscf_packet *packet[TSCF_BATCH_MAX];
	uint64_t came[TSCF_BATCH_MAX];
	struct tscf_aqm aqm;
	struct tscf_outer_losses losses; /* except the overflow */
	uint32_t overflow;               /* the kernel's counter, as last seen */
	uint32_t overflow_told;          /* ... as last reported */
	struct mmsghdr message[TSCF_OUTER_READ_MAX];
	struct iovec iov[TSCF_OUTER_READ_MAX];
	struct control control[TSCF_OUTER_READ_MAX];
};

static void push(struct fifo *fifo, unsigned slot)
{
	fifo->slot[(fifo->head + fifo->count++) % TSCF_BATCH_MAX] = (uint8_t)slot;
}

static unsigned pop(struct fifo *fifo)
{
	unsigned slot = fifo->slot[fifo->head];

	fifo->head = (fifo->head + 1) % TSCF_BATCH_MAX;
	fifo->count--;
	return slot;
}

struct tscf_outer_reader *tscf_outer_reader_new(int fd, uint32_t size, bool connected)
{
	struct tscf_outer_reader *reader = calloc(1, sizeof(*reader));
	int on = 1;

	if (!reader)
		return NULL;
	reader->fd = fd;
	reader->connected = connected;
	for (unsigned i = 0; i < TSCF_BATCH_MAX; i++)
		push(&reader->free, i);
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	/* Without UDP_GRO (kernels before 5.0) datagrams come one by one. */
	if (tscf_outer_offloads_allowed() && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)) == 0)
		size = TSCF_PACKET_MAX;
	reader->ring = tscf_ring_new(size);
	if (!reader->ring) {
		free(reader);
		return NULL;
	}
	return reader;
}

void tscf_outer_reader_free(struct tscf_outer_reader *reader)
{
	if (!reader)
		return;
	tscf_ring_free(reader->ring);
	free(reader);
}

/* Make room for one message in a free packet. */
static void prepare(struct tscf_outer_reader *reader, unsigned i, unsigned slot)
{
	struct tscf_packet *packet = tscf_ring_packet(reader->ring, slot);
	struct msghdr *header = &reader->message[i].msg_hdr;

	reader->packet[slot] = packet;
	reader->iov[i] = (struct iovec){.iov_base = packet->data, .iov_len = packet->room};
	header->msg_iov = &reader->iov[i];
	header->msg_iovlen = 1;
	header->msg_control = reader->control[i].bytes;
	header->msg_controllen = sizeof(reader->control[i].bytes);
	header->msg_name = reader->connected ? NULL : &packet->from;
	header->msg_namelen = reader->connected ? 0 : sizeof(packet->from);
	header->msg_flags = 0;
}

static uint64_t nanoseconds(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

/* A multicast or broadcast datagram has no single address to answer from. */
static void take_local(const struct cmsghdr *c, struct tscf_packet *packet)
{
	if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (info.ipi_spec_dst.s_addr == info.ipi_addr.s_addr)
			packet->local = tscf_addr_v4(&info.ipi_spec_dst);
	} else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
			packet->local = tscf_addr_v6(&info.ipi6_addr);
	}
}

/* @return when the packet arrived, in nanoseconds since the epoch; 0 if the kernel does not report it. */
static uint64_t take_control(struct tscf_outer_reader *reader, struct msghdr *header, struct tscf_packet *packet)
{
	uint64_t came = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS) {
			packet->tos = *CMSG_DATA(c);
		} else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			int tclass;

			memcpy(&tclass, CMSG_DATA(c), sizeof(tclass));
			packet->tos = (uint8_t)tclass;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&reader->overflow, CMSG_DATA(c), sizeof(reader->overflow));
		} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int size;

			memcpy(&size, CMSG_DATA(c), sizeof(size));
			if (size > 0 && (uint32_t)size < packet->length)
				packet->gso_size = (uint32_t)size;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof(t));
			came = nanoseconds(&t);
		} else {
			take_local(c, packet);
		}
	}
	return came;
}

static void take_message(struct tscf_outer_reader *reader, struct mmsghdr *message, unsigned slot, uint64_t dscps)
{
	struct tscf_packet *packet = reader->packet[slot];

	packet->length = message->msg_len;
	reader->came[slot] = take_control(reader, &message->msg_hdr, packet);
	if (packet->length == 0 || (message->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
		reader->losses.invalid++;
		push(&reader->free, slot);
		return;
	}
	reader->bytes += packet->length;
	push(tscf_dscp_is_in(dscps, packet->tos) ? &reader->urgent : &reader->bulk, slot);
}

/* Read what waits in the socket.  @return whether there may be more, or -errno. */
static int take(struct tscf_outer_reader *reader, uint64_t dscps)
{
	unsigned wanted = reader->free.count < TSCF_OUTER_READ_MAX ? reader->free.count : TSCF_OUTER_READ_MAX;
	uint8_t slots[TSCF_OUTER_READ_MAX];
	int count;

	for (unsigned i = 0; i < wanted; i++) {
		slots[i] = (uint8_t)pop(&reader->free);
		prepare(reader, i, slots[i]);
	}
	count = wanted > 0 ? recvmmsg(reader->fd, reader->message, wanted, MSG_DONTWAIT, NULL) : 0;
	for (unsigned i = count > 0 ? (unsigned)count : 0; i < wanted; i++)
		push(&reader->free, slots[i]);
	for (int i = 0; i < count; i++)
		take_message(reader, &reader->message[i], slots[i], dscps);
	if (count < 0)
		return errno == EAGAIN ? 0 : errno == EINTR ? 1 : -errno;
	return (unsigned)count == wanted;
}

/* Give out one packet, or drop it. */
static void give(struct tscf_outer_reader *reader, unsigned slot, struct tscf_batch *batch)
{
	reader->bytes -= reader->packet[slot]->length;
	if (reader->packet[slot]->length > 0)
		tscf_batch_add(batch, reader->packet[slot]);
	reader->lent[reader->lent_count++] = (uint8_t)slot;
}

/* Give out bulk, about TSCF_OUTER_READ_BYTES, while the queue is not too long. */
static uint32_t give_bulk(struct tscf_outer_reader *reader, uint64_t dscps, struct tscf_batch *batch)
{
	struct timespec now;
	uint32_t given = 0, waiting = reader->bytes;

	clock_gettime(CLOCK_REALTIME, &now);
	while (reader->bulk.count > 0 && given < TSCF_OUTER_READ_BYTES) {
		unsigned slot = pop(&reader->bulk);
		struct tscf_packet *packet = reader->packet[slot];
		uint32_t before = packet->length;

		reader->losses.shortened +=
		    tscf_aqm_filter(&reader->aqm, packet, dscps, reader->came[slot], nanoseconds(&now), waiting);
		reader->bytes -= before - packet->length;
		given += before;
		give(reader, slot, batch);
	}
	return given;
}

int tscf_outer_read(struct tscf_outer_reader *reader, uint64_t dscps, struct tscf_batch *batch, bool *more)
{
	uint32_t given = 0;
	int rest;

	batch->count = 0;
	while (reader->lent_count > 0)
		push(&reader->free, reader->lent[--reader->lent_count]);
	rest = take(reader, dscps);
	if (rest < 0) {
		*more = true;
		return rest;
	}
	while (reader->urgent.count > 0)
		give(reader, pop(&reader->urgent), batch);
	if (reader->bulk.count > 0)
		given = give_bulk(reader, dscps, batch);
	*more = (rest > 0 || reader->bulk.count > 0) && given < TSCF_OUTER_READ_BYTES;
	return (int)reader->lent_count;
}

bool tscf_outer_waiting(const struct tscf_outer_reader *reader)
{
	return reader->bulk.count > 0;
}

struct tscf_outer_losses tscf_outer_read_losses(struct tscf_outer_reader *reader)
{
	struct tscf_outer_losses losses = reader->losses;

	losses.overflow = reader->overflow - reader->overflow_told;
	reader->overflow_told = reader->overflow;
	reader->losses = (struct tscf_outer_losses){0};
	return losses;
}
