/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockdiag_flow.c - one query to the kernel's register of sockets, for the socket of one flow.
 */
#include "common/linux/sockdiag.h"
#include "common/linux/sockdiag_message.h"
#include "common/linux/sockdiag_query.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** Room for the attributes of one socket; attributes that do not fit are left out. */
#define ANSWER_MAX 1024

int tscf_sockdiag_flow_open(struct tscf_sockdiag_flow *f)
{
	int fd = tscf_sockdiag_connect(SOCK_NONBLOCK);

	*f = (struct tscf_sockdiag_flow){0};
	if (fd < 0)
		return fd;
	f->fd = fd;
	return 0;
}

void tscf_sockdiag_flow_close(struct tscf_sockdiag_flow *f)
{
	if (f->fd > 0)
		close(f->fd);
	f->fd = 0;
}

static void set_end(uint32_t address[4], uint16_t *port, const struct tscf_addr *from, uint16_t from_port)
{
	memcpy(address, from->bytes, tscf_addr_size(from->family));
	*port = htons(from_port);
}

/** A late answer to an earlier query, which did not wait for it, must not be taken for the answer to this one. */
static int receive(int fd, uint32_t sequence, uint8_t protocol, struct tscf_socket *out)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[ANSWER_MAX];
	struct nlmsghdr *answer = (struct nlmsghdr *)buffer;
	const struct nlmsgerr *error = NLMSG_DATA(answer);
	ssize_t got;

	do {
		got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (got < 0)
			return -errno;
	} while ((size_t)got < sizeof(*answer) || answer->nlmsg_seq != sequence);
	if (answer->nlmsg_type == NLMSG_ERROR && (size_t)got >= NLMSG_HDRLEN + sizeof(*error))
		return error->error < 0 ? error->error : -ENOENT;
	if (answer->nlmsg_len > (size_t)got || !tscf_sockdiag_parse(answer, protocol, out))
		return -EPROTO;
	return 0;
}

int tscf_sockdiag_flow_socket(struct tscf_sockdiag_flow *f, const struct tscf_binding_key *flow, uint32_t device,
			      struct tscf_socket *out)
{
	struct tscf_sockdiag_query query = tscf_sockdiag_query(flow->local.family, flow->protocol, 0);
	struct inet_diag_sockid *id = &query.diag.id;

	query.header.nlmsg_seq = ++f->sequence;
	id->idiag_if = device;
	/* For UDP the kernel expects source and destination swapped, "for historical reasons" (udp_dump_one). */
	if (flow->protocol == IPPROTO_TCP) {
		set_end(id->idiag_src, &id->idiag_sport, &flow->local, flow->local_port);
		set_end(id->idiag_dst, &id->idiag_dport, &flow->remote, flow->remote_port);
	} else {
		set_end(id->idiag_dst, &id->idiag_dport, &flow->local, flow->local_port);
		set_end(id->idiag_src, &id->idiag_sport, &flow->remote, flow->remote_port);
	}
	if (send(f->fd, &query, sizeof(query), MSG_DONTWAIT) < 0)
		return -errno;
	return receive(f->fd, f->sequence, flow->protocol, out);
}
