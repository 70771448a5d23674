/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outer.h"
#include "shorten.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* The TOS byte (one byte for IPv4, an int for IPv6), the overflow counter, the size of joined datagrams, and when they came. */
#define CONTROL_SIZE \
	(CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct timespec)))

struct control {
	_Alignas(struct cmsghdr) uint8_t bytes[CONTROL_SIZE];
};

struct tscf_outer_reader {
	struct tscf_ring *ring;
	int fd;
	bool connected;
	unsigned limit;         /* messages to ask for next */
	unsigned used;          /* messages that must be prepared anew before the next read */
	struct tscf_aqm aqm;
	struct tscf_outer_losses losses; /* but for the overflow */
	uint32_t overflow;      /* counter of the kernel, as last seen */
	uint32_t overflow_told; /* ... as last told */
	struct tscf_packet *packet[TSCF_OUTER_READ_MAX];
	struct mmsghdr message[TSCF_OUTER_READ_MAX];
	struct iovec iov[TSCF_OUTER_READ_MAX];
	struct control control[TSCF_OUTER_READ_MAX];
};

struct tscf_outer_reader *tscf_outer_reader_new(int fd, uint32_t size, bool connected)
{
	struct tscf_outer_reader *reader = calloc(1, sizeof(*reader));
	int on = 1;

	if (reader == NULL)
		return NULL;
	reader->fd = fd;
	reader->connected = connected;
	reader->used = TSCF_OUTER_READ_MAX;
	reader->limit = TSCF_OUTER_READ_MAX;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	/* Without it (kernels before 5.0) datagrams come one by one. */
	if (tscf_outer_offloads_allowed() && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)) == 0)
		size = TSCF_PACKET_MAX;
	reader->ring = tscf_ring_new(size);
	if (reader->ring == NULL) {
		free(reader);
		return NULL;
	}
	return reader;
}

void tscf_outer_reader_free(struct tscf_outer_reader *reader)
{
	if (reader == NULL)
		return;
	tscf_ring_free(reader->ring);
	free(reader);
}

/* The kernel wrote lengths, and the user of the last batch may have changed its packets. */
static void prepare(struct tscf_outer_reader *reader)
{
	for (unsigned i = 0; i < reader->used; i++) {
		struct tscf_packet *packet = tscf_ring_packet(reader->ring, i);
		struct msghdr *header = &reader->message[i].msg_hdr;

		reader->packet[i] = packet;
		reader->iov[i] = (struct iovec){.iov_base = packet->data, .iov_len = packet->room};
		header->msg_iov = &reader->iov[i];
		header->msg_iovlen = 1;
		header->msg_control = reader->control[i].bytes;
		header->msg_controllen = sizeof(reader->control[i].bytes);
		header->msg_name = reader->connected ? NULL : &packet->from;
		header->msg_namelen = reader->connected ? 0 : sizeof(packet->from);
		header->msg_flags = 0;
	}
	reader->used = 0;
}

static uint64_t nanoseconds(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

/* @return when the packet came, in nanoseconds since the epoch; 0 if the kernel does not say. */
static uint64_t take_control(struct tscf_outer_reader *reader, struct msghdr *header, struct tscf_packet *packet)
{
	uint64_t came = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
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
				packet->piece = (uint32_t)size;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof(t));
			came = nanoseconds(&t);
		}
	}
	return came;
}

/* Ask for as many next time as make about TSCF_OUTER_READ_BYTES if they are like these. */
static void adapt(struct tscf_outer_reader *reader, unsigned count, uint32_t bytes)
{
	uint32_t fit = count > 0 && bytes > 0 ? (uint32_t)((uint64_t)count * TSCF_OUTER_READ_BYTES / bytes) : TSCF_OUTER_READ_MAX;

	reader->limit = fit < 1 ? 1 : fit < TSCF_OUTER_READ_MAX ? fit : TSCF_OUTER_READ_MAX;
}

int tscf_outer_read(struct tscf_outer_reader *reader, struct tscf_batch *batch, bool *more)
{
	struct timespec now;
	uint32_t bytes = 0;
	int count;

	batch->count = 0;
	*more = true;
	prepare(reader);
	count = recvmmsg(reader->fd, reader->message, reader->limit, MSG_DONTWAIT, NULL);
	if (count < 0) {
		*more = errno != EAGAIN;
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < count; i++)
		bytes += reader->message[i].msg_len;
	for (int i = 0; i < count; i++) {
		struct tscf_packet *packet = reader->packet[i];
		uint64_t came;

		packet->length = reader->message[i].msg_len;
		came = take_control(reader, &reader->message[i].msg_hdr, packet);
		if (packet->length == 0 || (reader->message[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
			reader->losses.invalid++;
			continue;
		}
		reader->losses.shortened += tscf_shorten(&reader->aqm, packet, came, nanoseconds(&now), bytes);
		if (packet->length > 0)
			tscf_batch_add(batch, packet);
	}
	reader->used = (unsigned)count;
	*more = (unsigned)count == reader->limit && bytes < TSCF_OUTER_READ_BYTES;
	adapt(reader, (unsigned)count, bytes);
	return count;
}

struct tscf_outer_losses tscf_outer_read_losses(struct tscf_outer_reader *reader)
{
	struct tscf_outer_losses losses = reader->losses;

	losses.overflow = reader->overflow - reader->overflow_told;
	reader->overflow_told = reader->overflow;
	reader->losses = (struct tscf_outer_losses){0};
	return losses;
}
