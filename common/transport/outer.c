/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/outer.h"

#include "common/base/level.h"
#include "common/transport/transport.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Half a second of a 60 Mbit/s tunnel, or 20 ms of a 1.6 Gbit/s one: the time until a busy event loop reads again. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)
/* Smaller than the receive buffer: packets that wait here are late already. */
#define SEND_BUFFER (1024 * 1024)
/* Connections that wait to be accepted; the system's limit holds where it is lower. */
#define LISTEN_BACKLOG 4096

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* The FORCE form may exceed the system's limit and needs CAP_NET_ADMIN; without it the system's limit applies. */
static void set_buffer(int fd, int force, int plain, int size)
{
	if (set_int(fd, SOL_SOCKET, force, size) < 0)
		set_int(fd, SOL_SOCKET, plain, size);
}

static int set_mark(int fd, const struct tscf_outer_options *options)
{
	uint32_t mark = 0;
	socklen_t size = sizeof(mark);

	if (options->mark_mask == 0)
		return 0;
	/* A cgroup program may have given the socket a mark already; keep the bits outside of our mask. */
	if (getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &size) < 0)
		return -errno;
	return set_int(fd, SOL_SOCKET, SO_MARK, (int)tscf_mark_set(mark, options->mark_mask, options->mark));
}

/* Set the options that every kind of socket has. */
static int set_common(int fd, sa_family_t family, const struct tscf_outer_options *options)
{
	int err = 0;

	if (family == AF_INET6)
		err = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (err == 0 && options)
		err = set_mark(fd, options);
	if (err == 0 && options && options->bind_device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->bind_device, (socklen_t)strlen(options->bind_device)) <
		0)
		err = -errno;
	return err;
}

static int set_datagram_options(int fd, sa_family_t family)
{
	int err;

	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER);
	err = set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (err == 0)
		err = family == AF_INET6 ? set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)
					 : set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
	return err;
}

int tscf_outer_socket(const union tscf_endpoint *local, const union tscf_endpoint *remote,
		      const struct tscf_outer_options *options)
{
	const union tscf_endpoint *any = local ? local : remote;
	int err, fd;

	if (!any || (local && remote && local->sa.sa_family != remote->sa.sa_family))
		return -EINVAL;
	fd = socket(any->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd < 0)
		return -errno;
	err = set_common(fd, any->sa.sa_family, options);
	if (err == 0)
		err = set_datagram_options(fd, any->sa.sa_family);
	if (err == 0 && local)
		err = tscf_reuseport_bind(fd, local, options ? &options->reuseport : NULL);
	if (err == 0 && local)
		err = tscf_reuseport_join(fd, options ? &options->reuseport : NULL);
	if (err == 0 && remote && connect(fd, &remote->sa, tscf_endpoint_size(remote)) < 0)
		err = -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

int tscf_outer_stream(const union tscf_endpoint *local, const union tscf_endpoint *remote,
		      const struct tscf_outer_options *options)
{
	const union tscf_endpoint *any = local ? local : remote;
	int err, fd;

	if (!any || (local && remote))
		return -EINVAL;
	fd = socket(any->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	err = set_common(fd, any->sa.sa_family, options);
	if (err == 0)
		err = set_int(fd, IPPROTO_TCP, TCP_MAXSEG, TSCF_OUTER_SEGMENT);
	/* A restarted server must not wait until the kernel forgets the connections of the previous one. */
	if (err == 0 && local)
		err = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (err == 0 && local)
		err = tscf_reuseport_bind(fd, local, options ? &options->reuseport : NULL);
	if (err == 0 && local && listen(fd, LISTEN_BACKLOG) < 0)
		err = -errno;
	if (err == 0 && local)
		err = tscf_reuseport_join(fd, options ? &options->reuseport : NULL);
	if (err == 0 && remote && connect(fd, &remote->sa, tscf_endpoint_size(remote)) < 0 && errno != EINPROGRESS)
		err = -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

int tscf_outer_set_dont_fragment(int fd, sa_family_t family, bool dont_fragment)
{
	if (family == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
			       dont_fragment ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT);
	return set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, dont_fragment ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT);
}

int tscf_outer_tell_local(int fd, sa_family_t family)
{
	if (family == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

int tscf_outer_local(int fd, union tscf_endpoint *out)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &size) < 0)
		return -errno;
	return tscf_endpoint_from_sockaddr((struct sockaddr *)&name, size, out);
}

int tscf_outer_source(const union tscf_endpoint *remote, const struct tscf_outer_options *options,
		      union tscf_endpoint *out)
{
	int fd = tscf_outer_socket(NULL, remote, options), err;

	if (fd < 0)
		return fd;
	err = tscf_outer_local(fd, out);
	close(fd);
	return err;
}

bool tscf_outer_offloads_allowed(void)
{
	const char *text = secure_getenv("TSCF_UDP_OFFLOADS");

	return !text || strcmp(text, "none") != 0;
}

bool tscf_outer_is_unreachable(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EADDRNOTAVAIL:
		return true;
	default:
		return false;
	}
}
