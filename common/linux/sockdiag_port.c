/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockdiag_port.c - the TCP sockets of one local port, from the kernel's register of sockets. */
#include "common/linux/sockdiag.h"
#include "common/linux/sockdiag_message.h"
#include "common/linux/sockdiag_query.h"

#include <errno.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/** The kernel puts at most this much of a dump into one datagram. */
#define BUFFER 32768

struct reader {
	int fd;
	struct nlmsghdr *buffer;
	void (*each)(void *context, const struct tscf_socket *s);
	void *context;
};

static int ask(int fd, int family, uint16_t port)
{
	struct tscf_sockdiag_query query = tscf_sockdiag_query(family, IPPROTO_TCP, NLM_F_DUMP);

	query.diag.id.idiag_sport = htons(port);
	return send(fd, &query, sizeof(query), 0) < 0 ? -errno : 0;
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
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			return tscf_sockdiag_error(h);
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
	/* A kernel without IPv6 has no IPv6 sockets.  One that cannot list those of IPv4 may have some. */
	return more == -ENOENT && family == AF_INET6 ? 0 : more;
}

int tscf_sockdiag_tcp_port(uint16_t port, void (*each)(void *context, const struct tscf_socket *s), void *context)
{
	struct reader r = {.fd = tscf_sockdiag_connect(0), .buffer = malloc(BUFFER), .each = each, .context = context};
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
