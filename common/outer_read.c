/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The TOS byte (one byte for IPv4, an int for IPv6), the overflow counter, and the size of joined datagrams. */
#define CONTROL_SIZE (CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(sizeof(int)))

struct control {
	_Alignas(struct cmsghdr) uint8_t bytes[CONTROL_SIZE];
};

struct tscf_outer_reader {
	struct tscf_ring *ring;
	int fd;
	bool connected;
	unsigned used;          /* messages that must be prepared anew before the next read */
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

static void take_control(struct tscf_outer_reader *reader, struct msghdr *header, struct tscf_packet *packet)
{
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
		}
	}
}

int tscf_outer_read(struct tscf_outer_reader *reader, struct tscf_batch *batch)
{
	int count;

	batch->count = 0;
	prepare(reader);
	count = recvmmsg(reader->fd, reader->message, TSCF_OUTER_READ_MAX, MSG_DONTWAIT, NULL);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		struct tscf_packet *packet = reader->packet[i];

		packet->length = reader->message[i].msg_len;
		take_control(reader, &reader->message[i].msg_hdr, packet);
		if (packet->length > 0 && (reader->message[i].msg_hdr.msg_flags & MSG_TRUNC) == 0)
			tscf_batch_add(batch, packet);
	}
	reader->used = (unsigned)count;
	return count;
}

uint32_t tscf_outer_read_overflow(struct tscf_outer_reader *reader)
{
	uint32_t since = reader->overflow - reader->overflow_told;

	reader->overflow_told = reader->overflow;
	return since;
}
