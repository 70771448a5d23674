/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outer_write.c - many datagrams per system call.
 *
 * Consecutive datagrams to one destination that have the same size (the last may be shorter) become one message with
 * UDP_SEGMENT: the kernel takes it through the stack once and splits it at the end.  All messages are sent with one
 * sendmmsg.
 */
#include "common/base/log.h"
#include "common/transport/gso_fallback.h"
#include "common/transport/outer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/** Most datagrams, and so most messages, that are queued before a flush. */
#define QUEUE_MAX 256
/** Most datagrams in one message, and most bytes; kernels before 6.9 take at most 64. */
#define SEGMENTS_MAX        64
#define SEGMENTED_BYTES_MAX 65000

struct control {
	_Alignas(struct cmsghdr) uint8_t
	    bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint16_t))];
};

/** The content of one message: `datagrams` of `size` bytes, the last one perhaps shorter. */
struct gso_batch {
	uint32_t size, bytes;
	uint32_t datagrams;
	uint8_t tos;
	struct tscf_addr from; /* family 0: the kernel chooses */
	bool open;             /* the last datagram is full, another may follow */
};

struct tscf_outer_writer {
	int fd;
	sa_family_t family;
	struct tscf_addr from; /* source of the datagrams queued from now on */
	bool gso;              /* the kernel knows UDP_SEGMENT, and it is allowed */
	struct tscf_gso_fallbacks refusals;
	unsigned messages, iovs, copied;
	unsigned dropped; /* in flushes that tscf_outer_write had to make itself */
	int error;
	struct mmsghdr message[QUEUE_MAX];
	struct gso_batch batch[QUEUE_MAX];
	struct control control[QUEUE_MAX];
	struct iovec iov[QUEUE_MAX];
	union tscf_endpoint to[QUEUE_MAX]; /* addresses of copied datagrams */
	uint32_t copy_size;
	uint8_t copies[];
};

/*
 * Setting it to zero changes nothing.  Kernels before 4.18 do not know the option, and would send a GSO batch as one
 * datagram.
 */
static bool knows_gso(int fd)
{
	int none = 0;

	return setsockopt(fd, SOL_UDP, UDP_SEGMENT, &none, sizeof(none)) == 0;
}

struct tscf_outer_writer *tscf_outer_writer_new(int fd, uint32_t copy_size)
{
	struct tscf_outer_writer *writer = calloc(1, sizeof(*writer) + (size_t)copy_size * QUEUE_MAX);
	int domain = 0;
	socklen_t size = sizeof(domain);

	if (!writer)
		return NULL;
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	writer->fd = fd;
	writer->copy_size = copy_size;
	writer->family = (sa_family_t)domain;
	writer->gso = tscf_outer_offloads_allowed() && knows_gso(fd);
	return writer;
}

void tscf_outer_writer_free(struct tscf_outer_writer *writer)
{
	free(writer);
}

static void put_control(struct msghdr *header, int level, int type, const void *value, size_t size)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)header->msg_control + header->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), value, size);
	header->msg_controllen += CMSG_SPACE(size);
}

static void put_source(struct msghdr *header, const struct tscf_addr *from)
{
	struct in6_pktinfo info6 = {0};
	struct in_pktinfo info = {0};

	if (from->family == AF_INET6) {
		memcpy(&info6.ipi6_addr, from->bytes, sizeof(info6.ipi6_addr));
		put_control(header, SOL_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
	} else if (from->family == AF_INET) {
		memcpy(&info.ipi_spec_dst, from->bytes, sizeof(info.ipi_spec_dst));
		put_control(header, SOL_IP, IP_PKTINFO, &info, sizeof(info));
	}
}

/** Write the ancillary data of message @p i, when its whole content is known. */
static void set_control(struct tscf_outer_writer *writer, unsigned i)
{
	struct msghdr *header = &writer->message[i].msg_hdr;
	const struct gso_batch *batch = &writer->batch[i];
	uint16_t size = (uint16_t)batch->size;
	int tos = batch->tos;

	header->msg_control = writer->control[i].bytes;
	header->msg_controllen = 0;
	put_source(header, &batch->from);
	/* Zero is the socket's default. */
	if (tos != 0 && writer->family == AF_INET6)
		put_control(header, SOL_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	else if (tos != 0)
		put_control(header, SOL_IP, IP_TOS, &tos, sizeof(tos));
	if (batch->datagrams > 1)
		put_control(header, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
	if (header->msg_controllen == 0)
		header->msg_control = NULL;
}

/*
 * Send the message at @p i and as many after it as the kernel takes; on an error, nothing is sent.
 *
 * An error may belong to an earlier datagram (an ICMP answer to it), so the first message is tried twice.
 */
static int send_from(struct tscf_outer_writer *writer, unsigned i)
{
	int sent = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		sent = sendmmsg(writer->fd, &writer->message[i], writer->messages - i, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent >= 0)
			return sent;
		if (!tscf_outer_is_unreachable(errno))
			return -errno;
		writer->error = errno;
	}
	return -writer->error;
}

/** The kernel refuses the GSO batch at @p i: remember that, and send its datagrams one by one. */
static void send_singly(struct tscf_outer_writer *writer, unsigned i, int error)
{
	const struct msghdr *header = &writer->message[i].msg_hdr;
	const struct gso_batch *batch = &writer->batch[i];

	/* These errors: too large for the path.  Others: no GSO batch at all (a device without checksum offload). */
	if (error == EINVAL || error == EMSGSIZE)
		tscf_gso_fallbacks_note_size(&writer->refusals, header->msg_name, batch->size);
	else
		tscf_gso_fallbacks_note_any(&writer->refusals);
	tscf_debug("the kernel refuses datagrams of %u bytes in one piece: %s", batch->size, strerror(error));
	for (size_t k = 0; k < header->msg_iovlen; k++) {
		const uint8_t *data = header->msg_iov[k].iov_base;

		for (size_t at = 0, n; at < header->msg_iov[k].iov_len; at += n) {
			struct iovec iov = {.iov_base = (void *)(uintptr_t)(data + at)};
			struct msghdr one = *header;

			n = header->msg_iov[k].iov_len - at < batch->size ? header->msg_iov[k].iov_len - at
									  : batch->size;
			iov.iov_len = n;
			one.msg_iov = &iov;
			one.msg_iovlen = 1;
			/* UDP_SEGMENT is the last item of the ancillary data. */
			one.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
			if (one.msg_controllen == 0)
				one.msg_control = NULL;
			if (sendmsg(writer->fd, &one, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
				writer->dropped++;
		}
	}
}

static bool refused_as_batch(const struct gso_batch *batch, int error)
{
	return batch->datagrams > 1 && (error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP);
}

static void flush(struct tscf_outer_writer *writer)
{
	unsigned i = 0;

	for (unsigned k = 0; k < writer->messages; k++)
		set_control(writer, k);
	while (i < writer->messages) {
		int sent = send_from(writer, i);

		if (sent > 0) {
			i += (unsigned)sent;
			continue;
		}
		if (sent == -EAGAIN) {
			for (; i < writer->messages; i++)
				writer->dropped += writer->batch[i].datagrams;
			break;
		}
		if (refused_as_batch(&writer->batch[i], -sent))
			send_singly(writer, i, -sent);
		else
			writer->dropped += writer->batch[i].datagrams;
		i++;
	}
	writer->messages = writer->iovs = writer->copied = 0;
}

static bool same_destination(const struct msghdr *header, const union tscf_endpoint *to)
{
	if (header->msg_name == to)
		return true;
	return header->msg_name && to && tscf_endpoint_equal(header->msg_name, to);
}

static bool may_join(struct tscf_outer_writer *writer, const union tscf_endpoint *to, uint32_t size)
{
	return writer->gso && tscf_gso_fallbacks_allow(&writer->refusals, to, size);
}

/** @return whether @p bytes in datagrams of @p size can be appended to the last message. */
static bool can_follow(struct tscf_outer_writer *writer, const union tscf_endpoint *to, uint32_t bytes, uint32_t size,
		       uint8_t tos)
{
	const struct gso_batch *last;
	uint32_t datagrams = (bytes + size - 1) / size;

	if (writer->messages == 0)
		return false;
	last = &writer->batch[writer->messages - 1];
	return last->open && last->tos == tos && tscf_addr_equal(&last->from, &writer->from) &&
	       (size == last->size || (datagrams == 1 && size < last->size)) &&
	       last->datagrams + datagrams <= SEGMENTS_MAX && last->bytes + bytes <= SEGMENTED_BYTES_MAX &&
	       same_destination(&writer->message[writer->messages - 1].msg_hdr, to) && may_join(writer, to, last->size);
}

static void begin_message(struct tscf_outer_writer *writer, const union tscf_endpoint *to, uint32_t size, uint8_t tos)
{
	unsigned i = writer->messages++;
	struct msghdr *header = &writer->message[i].msg_hdr;

	/* The socket interface has no const; it does not write through these. */
	*header = (struct msghdr){.msg_name = (void *)(uintptr_t)to,
				  .msg_namelen = to ? tscf_endpoint_size(to) : 0,
				  .msg_iov = &writer->iov[writer->iovs]};
	writer->batch[i] = (struct gso_batch){.size = size, .tos = tos, .from = writer->from};
}

static void append(struct tscf_outer_writer *writer, const void *data, uint32_t bytes)
{
	struct gso_batch *batch = &writer->batch[writer->messages - 1];

	writer->iov[writer->iovs++] = (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
	writer->message[writer->messages - 1].msg_hdr.msg_iovlen++;
	batch->bytes += bytes;
	batch->datagrams += (bytes + batch->size - 1) / batch->size;
	batch->open = bytes % batch->size == 0;
}

static void write_batch(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data,
			uint32_t bytes, uint32_t size, uint8_t tos)
{
	if (writer->iovs == QUEUE_MAX)
		flush(writer);
	if (!can_follow(writer, to, bytes, size, tos))
		begin_message(writer, to, size, tos);
	append(writer, data, bytes);
}

void tscf_outer_write_from(struct tscf_outer_writer *writer, const struct tscf_addr *local)
{
	writer->from = *local;
}

void tscf_outer_write(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data,
		      uint32_t length, uint32_t gso_size, uint8_t tos)
{
	const uint8_t *bytes = data;

	if (length == 0)
		return;
	if (gso_size == 0 || gso_size >= length) {
		write_batch(writer, to, data, length, length, tos);
		return;
	}
	if (length <= SEGMENTED_BYTES_MAX && length <= gso_size * SEGMENTS_MAX && may_join(writer, to, gso_size)) {
		write_batch(writer, to, data, length, gso_size, tos);
		return;
	}
	for (uint32_t at = 0; at < length; at += gso_size) {
		uint32_t n = length - at < gso_size ? length - at : gso_size;

		write_batch(writer, to, bytes + at, n, n, tos);
	}
}

uint8_t *tscf_outer_reserve(struct tscf_outer_writer *writer)
{
	if (writer->iovs == QUEUE_MAX)
		flush(writer);
	return writer->copies + (size_t)writer->copied * writer->copy_size;
}

void tscf_outer_write_reserved(struct tscf_outer_writer *writer, const union tscf_endpoint *to, uint32_t length,
			       uint8_t tos)
{
	const uint8_t *data = writer->copies + (size_t)writer->copied * writer->copy_size;

	if (to)
		writer->to[writer->copied] = *to;
	write_batch(writer, to ? &writer->to[writer->copied] : NULL, data, length, length, tos);
	writer->copied++;
}

void tscf_outer_write_copy(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data,
			   uint32_t length, uint8_t tos)
{
	if (length == 0 || length > writer->copy_size) {
		writer->dropped++;
		return;
	}
	memcpy(tscf_outer_reserve(writer), data, length);
	tscf_outer_write_reserved(writer, to, length, tos);
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
