/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct control {
	_Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(int))];
};

struct tscf_outer_writer {
	int fd;
	sa_family_t family;
	unsigned count;
	unsigned dropped; /* by flushes that tscf_outer_write had to make itself */
	int error;
	struct mmsghdr message[TSCF_BATCH_MAX];
	struct iovec iov[TSCF_BATCH_MAX];
	struct control control[TSCF_BATCH_MAX];
	union tscf_endpoint to[TSCF_BATCH_MAX]; /* of copies */
	uint32_t copy_size;
	uint8_t copies[];
};

struct tscf_outer_writer *tscf_outer_writer_new(int fd, uint32_t copy_size)
{
	struct tscf_outer_writer *writer = calloc(1, sizeof(*writer) + (size_t)copy_size * TSCF_BATCH_MAX);
	int domain = 0;
	socklen_t size = sizeof(domain);

	if (writer == NULL)
		return NULL;
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	writer->fd = fd;
	writer->copy_size = copy_size;
	writer->family = (sa_family_t)domain;
	for (unsigned i = 0; i < TSCF_BATCH_MAX; i++) {
		writer->message[i].msg_hdr.msg_iov = &writer->iov[i];
		writer->message[i].msg_hdr.msg_iovlen = 1;
	}
	return writer;
}

void tscf_outer_writer_free(struct tscf_outer_writer *writer)
{
	free(writer);
}

static void set_tos(struct tscf_outer_writer *writer, unsigned i, uint8_t tos)
{
	struct msghdr *header = &writer->message[i].msg_hdr;
	int value = tos;
	struct cmsghdr *c;

	/* Zero is what the socket sends anyway. */
	if (tos == 0) {
		header->msg_control = NULL;
		header->msg_controllen = 0;
		return;
	}
	header->msg_control = writer->control[i].bytes;
	header->msg_controllen = sizeof(writer->control[i].bytes);
	c = CMSG_FIRSTHDR(header);
	c->cmsg_level = writer->family == AF_INET6 ? SOL_IPV6 : SOL_IP;
	c->cmsg_type = writer->family == AF_INET6 ? IPV6_TCLASS : IP_TOS;
	c->cmsg_len = CMSG_LEN(sizeof(value));
	memcpy(CMSG_DATA(c), &value, sizeof(value));
}

/*
 * Send the message at @p i and as many after it as the kernel takes; on an error, none.
 *
 * An error may belong to an earlier datagram (an ICMP answer to it), so the first message gets a second chance.
 */
static int send_from(struct tscf_outer_writer *writer, unsigned i)
{
	int sent = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		sent = sendmmsg(writer->fd, &writer->message[i], writer->count - i, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent >= 0)
			return sent;
		if (!tscf_outer_is_unreachable(errno))
			return -errno;
		writer->error = errno;
	}
	return -writer->error;
}

static void flush(struct tscf_outer_writer *writer)
{
	unsigned i = 0;

	while (i < writer->count) {
		int sent = send_from(writer, i);

		if (sent == -EAGAIN) {
			writer->dropped += writer->count - i;
			break;
		}
		if (sent > 0) {
			i += (unsigned)sent;
		} else {
			writer->dropped++;
			i++;
		}
	}
	writer->count = 0;
}

void tscf_outer_write(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data, uint32_t length,
		      uint8_t tos)
{
	struct msghdr *header;

	if (writer->count == TSCF_BATCH_MAX)
		flush(writer);
	header = &writer->message[writer->count].msg_hdr;
	/* The socket interface has no const; it does not write through these. */
	header->msg_name = (void *)(uintptr_t)to;
	header->msg_namelen = to != NULL ? tscf_endpoint_size(to) : 0;
	writer->iov[writer->count] = (struct iovec){ .iov_base = (void *)(uintptr_t)data, .iov_len = length };
	set_tos(writer, writer->count, tos);
	writer->count++;
}

void tscf_outer_write_copy(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data, uint32_t length,
			   uint8_t tos)
{
	uint8_t *copy;

	if (length > writer->copy_size) {
		writer->dropped++;
		return;
	}
	if (writer->count == TSCF_BATCH_MAX)
		flush(writer);
	copy = writer->copies + (size_t)writer->count * writer->copy_size;
	memcpy(copy, data, length);
	if (to != NULL)
		writer->to[writer->count] = *to;
	tscf_outer_write(writer, to != NULL ? &writer->to[writer->count] : NULL, copy, length, tos);
}

unsigned tscf_outer_flush(struct tscf_outer_writer *writer, int *error)
{
	unsigned dropped;

	flush(writer);
	dropped = writer->dropped;
	writer->dropped = 0;
	if (writer->error != 0)
		*error = writer->error;
	writer->error = 0;
	return dropped;
}
