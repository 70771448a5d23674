/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockdiag_port.c - the TCP sockets of one local port, from the kernel's register of sockets. */
#include "common/linux/sockdiag.h"
#include "common/linux/sockdiag_message.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** The kernel puts at most this much of a dump into one datagram. */
#define BUFFER 32768

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
};

struct reader {
	int fd;
	struct nlmsghdr *buffer;
	void (*each)(void *context, const struct tscf_socket *s);
	void *context;
};

/** @return a descriptor, or -errno. */
static int open_diag(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), err;
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (fd < 0)
		return -errno;
	/* A connected socket receives nothing from other processes. */
	if (connect(fd, (struct sockaddr *)&kernel, sizeof(kernel)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int ask(int fd, int family, uint16_t port)
{
	struct request request = {
	    .header = {.nlmsg_len = sizeof(request),
		       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .diag = {.sdiag_family = (uint8_t)family,
		     .sdiag_protocol = IPPROTO_TCP,
		     .idiag_states = UINT32_MAX,
		     .id = {.idiag_sport = htons(port), .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/** Pass on one datagram.  @return 1 if more are to come, 0 at the end, or -errno. */
static int read_some(const struct reader *r)
{
	struct nlmsghdr *h = r->buffer;
	ssize_t got = recv(r->fd, r->buffer, BUFFER, 0);
	struct tscf_socket s;

	if (got < 0)
		return errno == EINTR ? 1 : -errno;
	for (int left = (int)got; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
			/* Both messages begin with the error number. */
			int error = 0;

			memcpy(&error, NLMSG_DATA(h), sizeof(error));
			return error;
		}
		if (tscf_sockdiag_parse(h, IPPROTO_TCP, &s))
			r->each(r->context, &s);
	}
	return 1;
}

static int read_all(const struct reader *r, int family, uint16_t port)
{
	int more = ask(r->fd, family, port);

	if (more < 0)
		return more;
	do
		more = read_some(r);
	while (more > 0);
	/* A kernel without IPv6 has no IPv6 sockets. */
	return more == -ENOENT ? 0 : more;
}

int tscf_sockdiag_tcp_port(uint16_t port, void (*each)(void *context, const struct tscf_socket *s), void *context)
{
	struct reader r = {.fd = open_diag(), .buffer = malloc(BUFFER), .each = each, .context = context};
	int err = r.fd < 0 ? r.fd : 0;

	if (err == 0 && !r.buffer)
		err = -ENOMEM;
	if (err == 0)
		err = read_all(&r, AF_INET, port);
	if (err == 0)
		err = read_all(&r, AF_INET6, port);
	free(r.buffer);
	if (r.fd >= 0)
		close(r.fd);
	return err;
}
