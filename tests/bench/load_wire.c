/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_wire.c - two sockets for all clients.
 *
 * A process may not have a hundred thousand descriptors everywhere.  So a client is a source address: the whole block
 * of them is local here (a route of type local), one wildcard socket per kind of tunnel serves them all, and IP_PKTINFO
 * says for each datagram whose it is.  To the server it makes no difference.
 */
#include "tests/bench/load.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH  64
#define SIZE   2048
#define BUFFER (16 * 1024 * 1024)

struct control {
	_Alignas(
	    struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct timespec))];
};

struct batch {
	struct mmsghdr message[BATCH];
	struct iovec iov[BATCH];
	struct control control[BATCH];
	uint8_t data[BATCH][SIZE];
	unsigned count;
};

struct load_wire {
	int fd;
	uint32_t first; /* source address of client 0 */
	union tscf_endpoint server;
	struct batch in, out;
};

struct load_wire *load_wire_open(const struct load_options *o, bool encrypted)
{
	struct load_wire *w = calloc(1, sizeof(*w));
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(LOAD_PORT + encrypted))};
	int on = 1, size = BUFFER;

	if (!w)
		load_die("out of memory");
	w->first = tscf_get_u32(o->source.bytes);
	w->server = o->server;
	tscf_endpoint_set_port(&w->server, (uint16_t)(tscf_endpoint_port(&o->server) + encrypted));
	w->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0 || bind(w->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    setsockopt(w->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    setsockopt(w->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		load_die("socket: %s", strerror(errno));
	if (setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return w;
}

void load_wire_close(struct load_wire *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w);
}

int load_wire_descriptor(const struct load_wire *w)
{
	return w->fd;
}

void load_wire_flush(struct load_wire *w)
{
	unsigned i = 0;
	int sent;

	while (i < w->out.count) {
		sent = sendmmsg(w->fd, w->out.message + i, w->out.count - i, MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			load_die("sending: %s", strerror(errno));
		/* What the kernel does not take is lost, as on the way. */
		i += sent > 0 ? (unsigned)sent : 1;
	}
	w->out.count = 0;
}

void load_wire_send(struct load_wire *w, unsigned client, const void *data, size_t length)
{
	struct batch *b = &w->out;
	struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(w->first + client)};
	struct msghdr *header;
	struct cmsghdr *c;

	if (length > SIZE)
		return;
	if (b->count == BATCH)
		load_wire_flush(w);
	header = &b->message[b->count].msg_hdr;
	memcpy(b->data[b->count], data, length);
	b->iov[b->count] = (struct iovec){.iov_base = b->data[b->count], .iov_len = length};
	*header = (struct msghdr){.msg_name = &w->server,
				  .msg_namelen = sizeof(struct sockaddr_in),
				  .msg_iov = &b->iov[b->count],
				  .msg_iovlen = 1,
				  .msg_control = b->control[b->count].bytes,
				  .msg_controllen = CMSG_SPACE(sizeof(info))};
	c = CMSG_FIRSTHDR(header);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	b->count++;
}

/* Whose it is, and when it came. */
static void read_control(const struct load_wire *w, struct msghdr *header, struct load_datagram *out)
{
	struct in_pktinfo info;
	struct timespec t;

	out->client = UINT32_MAX;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			out->client = ntohl(info.ipi_addr.s_addr) - w->first;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&t, CMSG_DATA(c), sizeof(t));
			out->came = (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
		}
	}
}

bool load_wire_read(struct load_wire *w, struct load *load,
		    void (*each)(struct load *load, const struct load_datagram *datagram))
{
	struct batch *b = &w->in;
	int count;

	for (unsigned i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){.iov_base = b->data[i], .iov_len = SIZE};
		b->message[i].msg_hdr = (struct msghdr){.msg_iov = &b->iov[i],
							.msg_iovlen = 1,
							.msg_control = b->control[i].bytes,
							.msg_controllen = sizeof(b->control[i].bytes)};
	}
	count = recvmmsg(w->fd, b->message, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		struct load_datagram datagram = {.data = b->data[i], .length = b->message[i].msg_len};

		read_control(w, &b->message[i].msg_hdr, &datagram);
		if (datagram.client < load->options.plain && datagram.length > 0)
			each(load, &datagram);
	}
	return count == BATCH;
}
