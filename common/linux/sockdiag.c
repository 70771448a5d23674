/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/sockdiag.h"

#include "common/base/log.h"
#include "common/linux/sockdiag_message.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/** Datagrams handled in one loop iteration: some thousand sockets, or about a millisecond. */
#define DUMP_PIECE  8
#define EVENT_PIECE 64
/** The kernel fills as much of a dump as fits here into one datagram. */
#define DUMP_BUFFER 32768
/** A destroy event is one message of at most tcp_info and some attributes. */
#define EVENT_BUFFER 4096
#define EVENT_QUEUE  (1 << 20)
/** The kernel answers at once; this only keeps dump_now from waiting without limit. */
#define NOW_TIMEOUT_MS 5000

/** A dump is a sequence of requests, one of each kind. */
static const struct kind {
	uint8_t family, protocol;
} kinds[] = {
    {AF_INET, IPPROTO_TCP},     {AF_INET6, IPPROTO_TCP},     {AF_INET, IPPROTO_UDP}, {AF_INET6, IPPROTO_UDP},
    {AF_INET, IPPROTO_UDPLITE}, {AF_INET6, IPPROTO_UDPLITE}, {AF_INET, IPPROTO_RAW}, {AF_INET6, IPPROTO_RAW},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct tscf_sockdiag {
	struct ev_loop *loop;
	const struct tscf_sockdiag_handler *handler;
	void *context;
	uint32_t mask, device;
	/*
	 * Two sockets: a flood of events must not displace a dump's answers from the queue or break the dump with
	 * ENOBUFS.
	 */
	struct nl_sock *dump, *events;
	ev_io dump_io, event_io;
	bool running;
	bool filtered;      /**< the kernel was asked to filter */
	bool absent[KINDS]; /**< the kernel lacks this kind; asking again would start modprobe each time */
	size_t kind;        /**< index of the current request */
	uint32_t sequence;  /**< sequence number of the current request */
	_Alignas(struct nlmsghdr) uint8_t buffer[DUMP_BUFFER];
};

enum progress { MORE, KIND_DONE };

static int open_socket(struct nl_sock **out)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err;

	if (!sock)
		return -ENOMEM;
	errno = 0;
	if (nl_connect(sock, NETLINK_SOCK_DIAG) < 0 || nl_socket_set_nonblocking(sock) < 0) {
		err = errno ? -errno : -EPROTO;
		nl_socket_free(sock);
		return err;
	}
	/* A dump ends with its own message. */
	nl_socket_disable_auto_ack(sock);
	*out = sock;
	return 0;
}

static int send_request(struct tscf_sockdiag *d, bool filtered)
{
	const struct kind *kind = &kinds[d->kind];
	struct nl_msg *msg = tscf_sockdiag_request(kind->family, kind->protocol);
	int err = 0;

	if (!msg || (filtered && tscf_sockdiag_add_filter(msg, d->mask, d->device) < 0)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	errno = 0;
	if (nl_send_auto(d->dump, msg) < 0)
		err = errno ? -errno : -EPROTO;
	d->sequence = nlmsg_hdr(msg)->nlmsg_seq;
	d->filtered = filtered;
	nlmsg_free(msg);
	return err;
}

/**
 * Request the next kind that the kernel has, from d->kind on.
 *
 * @return 1 if one was requested, 0 at the end, or -errno.
 */
static int next_kind(struct tscf_sockdiag *d)
{
	int err;

	while (d->kind < KINDS && d->absent[d->kind])
		d->kind++;
	if (d->kind == KINDS)
		return 0;
	err = send_request(d, d->mask != 0);
	return err < 0 ? err : 1;
}

/** Handle an error of the current request.  @return MORE or KIND_DONE, or -errno if the whole dump must end. */
static int handle_refusal(struct tscf_sockdiag *d, int error)
{
	const struct kind *kind = &kinds[d->kind];
	int err;

	if (error == 0)
		return KIND_DONE;
	if (error == -EINVAL && d->filtered) {
		err = send_request(d, false);
		return err < 0 ? err : MORE;
	}
	if (error != -ENOENT && error != -EINVAL && error != -EOPNOTSUPP && error != -EAFNOSUPPORT)
		return error;
	d->absent[d->kind] = true;
	tscf_debug("the kernel does not list sockets of protocol %u in family %u", kind->protocol, kind->family);
	return KIND_DONE;
}

static bool is_wanted(const struct tscf_sockdiag *d, const struct tscf_socket *s)
{
	return d->mask == 0 || (s->mark & d->mask) != 0 || (s->device != 0 && s->device == d->device);
}

/** @return MORE, KIND_DONE or -errno, like handle_refusal. */
static int handle_message(struct tscf_sockdiag *d, struct nlmsghdr *header)
{
	struct tscf_socket s;

	if (header->nlmsg_seq != d->sequence)
		return MORE;
	/* Both messages begin with the error number; that of a finished dump is 0 or the error that ended it early. */
	if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
		return handle_refusal(d, tscf_sockdiag_error(header));
	if (tscf_sockdiag_parse(header, kinds[d->kind].protocol, &s) && is_wanted(d, &s))
		d->handler->socket(d->context, &s);
	return MORE;
}

/** Receive one datagram from the kernel.  @return its length, or -errno. */
static ssize_t receive(struct nl_sock *sock, void *buffer, size_t size)
{
	struct sockaddr_nl from = {.nl_pid = UINT32_MAX};
	socklen_t length = sizeof(from);
	ssize_t got;

	got =
	    recvfrom(nl_socket_get_fd(sock), buffer, size, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &length);
	if (got < 0)
		return -errno;
	if ((size_t)got > size)
		return -EMSGSIZE;
	/* Any process may send to a netlink socket; only the kernel has port 0. */
	return from.nl_pid == 0 ? got : 0;
}

/** @return MORE, KIND_DONE or -errno (-EAGAIN: nothing has arrived yet). */
static int read_datagram(struct tscf_sockdiag *d)
{
	struct nlmsghdr *header = (struct nlmsghdr *)d->buffer;
	ssize_t got = receive(d->dump, d->buffer, sizeof(d->buffer));
	int left, result = MORE;

	if (got < 0)
		return (int)got;
	left = (int)got;
	for (; result == MORE && nlmsg_ok(header, left); header = nlmsg_next(header, &left))
		result = handle_message(d, header);
	return result;
}

static void finish(struct tscf_sockdiag *d, int error)
{
	struct nl_sock *fresh;

	ev_io_stop(d->loop, &d->dump_io);
	d->running = false;
	/* The kernel continues a dump that was not read to its end, and refuses another one on that socket. */
	if (error < 0 && open_socket(&fresh) == 0) {
		nl_socket_free(d->dump);
		d->dump = fresh;
		ev_io_set(&d->dump_io, nl_socket_get_fd(fresh), EV_READ);
	}
	d->handler->done(d->context, error);
}

/**
 * Continue by one datagram.
 *
 * @return 1 while the dump continues, 0 at its end, -EAGAIN if nothing has arrived yet, or the error that ended it.
 */
static int advance(struct tscf_sockdiag *d)
{
	int result = read_datagram(d);

	if (result == -EINTR)
		return -EAGAIN;
	if (result == MORE)
		return 1;
	if (result != KIND_DONE)
		return result;
	d->kind++;
	return next_kind(d);
}

static void on_dump(struct ev_loop *loop, ev_io *io, int events)
{
	struct tscf_sockdiag *d = io->data;
	int result = 1;

	(void)loop;
	(void)events;
	for (int i = 0; result == 1 && i < DUMP_PIECE; i++)
		result = advance(d);
	if (result != 1 && result != -EAGAIN)
		finish(d, result);
}

static void tell_destroyed(struct tscf_sockdiag *d, uint8_t *buffer, int length)
{
	struct nlmsghdr *header = (struct nlmsghdr *)buffer;
	struct tscf_socket s;

	for (; nlmsg_ok(header, length); header = nlmsg_next(header, &length))
		if (tscf_sockdiag_parse(header, 0, &s))
			d->handler->destroyed(d->context, &s);
}

static void on_event(struct ev_loop *loop, ev_io *io, int events)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[EVENT_BUFFER];
	static const struct tscf_socket unknown;
	struct tscf_sockdiag *d = io->data;
	ssize_t got;

	(void)events;
	for (int i = 0; i < EVENT_PIECE; i++) {
		got = receive(d->events, buffer, sizeof(buffer));
		if (got == -EAGAIN || got == -EINTR)
			return;
		if (got == -ENOBUFS || got == -EMSGSIZE) {
			/* Events were lost: some socket has been destroyed, and a dump shows what is left. */
			d->handler->destroyed(d->context, &unknown);
		} else if (got < 0) {
			tscf_warning("the kernel no longer reports closed sockets: %s", strerror((int)-got));
			ev_io_stop(loop, io);
			return;
		} else {
			tell_destroyed(d, buffer, (int)got);
		}
	}
}

static int subscribe(struct tscf_sockdiag *d)
{
	int err = open_socket(&d->events);

	if (err < 0)
		return err;
	errno = 0;
	if (nl_socket_add_memberships(d->events, SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET_UDP_DESTROY,
				      SKNLGRP_INET6_TCP_DESTROY, SKNLGRP_INET6_UDP_DESTROY, NFNLGRP_NONE) < 0)
		return errno ? -errno : -EPROTO;
	/* As much as rmem_max allows; a smaller queue only overflows sooner. */
	(void)nl_socket_set_buffer_size(d->events, EVENT_QUEUE, 0);
	ev_io_init(&d->event_io, on_event, nl_socket_get_fd(d->events), EV_READ);
	d->event_io.data = d;
	ev_io_start(d->loop, &d->event_io);
	return 0;
}

int tscf_sockdiag_open(struct ev_loop *loop, uint32_t mask, const struct tscf_sockdiag_handler *handler, void *context,
		       struct tscf_sockdiag **out)
{
	struct tscf_sockdiag *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->loop = loop;
	d->mask = mask;
	d->handler = handler;
	d->context = context;
	err = open_socket(&d->dump);
	if (err == 0) {
		ev_io_init(&d->dump_io, on_dump, nl_socket_get_fd(d->dump), EV_READ);
		d->dump_io.data = d;
		if (handler->destroyed)
			err = subscribe(d);
	}
	if (err < 0) {
		tscf_sockdiag_close(d);
		return err;
	}
	*out = d;
	return 0;
}

void tscf_sockdiag_close(struct tscf_sockdiag *d)
{
	if (!d)
		return;
	ev_io_stop(d->loop, &d->dump_io);
	ev_io_stop(d->loop, &d->event_io);
	nl_socket_free(d->dump);
	nl_socket_free(d->events);
	free(d);
}

void tscf_sockdiag_also_bound(struct tscf_sockdiag *d, uint32_t device)
{
	d->device = device;
}

int tscf_sockdiag_dump(struct tscf_sockdiag *d)
{
	int err;

	if (d->running)
		return -EBUSY;
	d->kind = 0;
	err = next_kind(d);
	if (err < 0)
		return err;
	d->running = true;
	ev_io_start(d->loop, &d->dump_io);
	return 0;
}

/** Wait for the kernel's next datagram.  @return 1 to continue, or -errno. */
static int wait_for_dump(const struct tscf_sockdiag *d)
{
	struct pollfd pfd = {.fd = nl_socket_get_fd(d->dump), .events = POLLIN};
	int ready = poll(&pfd, 1, NOW_TIMEOUT_MS);

	if (ready == 0)
		return -ETIMEDOUT;
	return ready > 0 || errno == EINTR ? 1 : -errno;
}

int tscf_sockdiag_dump_now(struct tscf_sockdiag *d)
{
	int result;

	if (d->running)
		finish(d, -ECANCELED);
	result = tscf_sockdiag_dump(d);
	if (result < 0)
		return result;
	do {
		result = advance(d);
		if (result == -EAGAIN)
			result = wait_for_dump(d);
	} while (result == 1);
	finish(d, result);
	return result;
}
