/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/level.h"
#include "common/linux/sockdiag.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int get_int(int fd, int option, int *value)
{
	socklen_t length = sizeof(*value);

	return getsockopt(fd, SOL_SOCKET, option, value, &length) < 0 ? -errno : 0;
}

/** Call getsockname or getpeername.  @return 0 or -errno. */
static int get_name(int fd, int (*get)(int fd, struct sockaddr *addr, socklen_t *length), struct tscf_addr *addr,
		    uint16_t *port)
{
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);
	union tscf_endpoint endpoint;
	int err;

	if (get(fd, (struct sockaddr *)&storage, &length) < 0)
		return -errno;
	err = tscf_endpoint_from_sockaddr((struct sockaddr *)&storage, length, &endpoint);
	if (err < 0)
		return err;
	*addr = tscf_endpoint_addr(&endpoint);
	*port = tscf_endpoint_port(&endpoint);
	return 0;
}

/** Read the local and remote addresses.  @return 0 or -errno. */
static int read_names(int fd, struct tscf_socket *s)
{
	int err = get_name(fd, getsockname, &s->local, &s->local_port);

	if (err < 0)
		return err;
	err = get_name(fd, getpeername, &s->remote, &s->remote_port);
	if (err < 0 && err != -ENOTCONN)
		return err;
	/* The kernel keeps the protocol number of a raw socket in the place of the port. */
	if (s->type == SOCK_RAW)
		s->local_port = s->remote_port = 0;
	return 0;
}

/** The same state as in a dump: datagram sockets are established or closed. */
static uint8_t read_state(int fd, const struct tscf_socket *s)
{
	struct tcp_info info = {.tcpi_state = TCP_CLOSE};
	socklen_t length = sizeof(info);

	if (s->protocol != IPPROTO_TCP)
		return s->remote.family ? TCP_ESTABLISHED : TCP_CLOSE;
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0 ? TCP_CLOSE : info.tcpi_state;
}

static void see(void *context, const struct tscf_socket *s)
{
	struct tscf_socket *out = context;

	if (s->cookie != out->cookie)
		return;
	out->remote = s->remote;
	out->remote_port = s->remote_port;
}

/* While a socket is connecting, getpeername(2) does not tell the remote end, but the kernel's list does. */
static int read_remote_of_list(struct tscf_socket *out)
{
	bool connecting = out->protocol == IPPROTO_TCP && out->state == TCP_SYN_SENT && out->remote_port == 0;

	return connecting ? tscf_sockdiag_tcp_port(out->local_port, see, out) : 0;
}

static bool is_ipv6_only(int fd)
{
	socklen_t length = sizeof(int);
	int only = 0;

	return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &length) == 0 && only;
}

int tscf_socket_of_fd(int fd, struct tscf_socket *out)
{
	socklen_t length = sizeof(out->cookie);
	int domain, type, protocol, mark, err;
	struct stat owner;

	memset(out, 0, sizeof(*out));
	err = get_int(fd, SO_DOMAIN, &domain);
	if (err < 0)
		return err;
	if (domain != AF_INET && domain != AF_INET6)
		return -EAFNOSUPPORT;
	if ((err = get_int(fd, SO_TYPE, &type)) < 0 || (err = get_int(fd, SO_PROTOCOL, &protocol)) < 0 ||
	    (err = get_int(fd, SO_MARK, &mark)) < 0)
		return err;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &out->cookie, &length) < 0)
		return -errno;
	out->family = domain;
	out->type = (uint8_t)type;
	/* The protocol on the wire: the number of multipath TCP (262) does not appear in an IP header. */
	out->protocol = protocol == IPPROTO_MPTCP ? IPPROTO_TCP : (uint8_t)protocol;
	out->mark = (uint32_t)mark;
	out->ipv6_only = domain == AF_INET6 && is_ipv6_only(fd);
	if (fstat(fd, &owner) < 0)
		return -errno;
	out->uid = owner.st_uid;
	err = read_names(fd, out);
	out->state = read_state(fd, out);
	return err == 0 ? read_remote_of_list(out) : err;
}

int tscf_socket_same_netns(int fd)
{
	struct stat theirs, ours;
	int ns, err = 0;

	ns = ioctl(fd, SIOCGSKNS);
	if (ns < 0)
		return -errno;
	if (fstat(ns, &theirs) < 0 || stat("/proc/thread-self/ns/net", &ours) < 0)
		err = -errno;
	close(ns);
	if (err < 0)
		return err;
	return theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

int tscf_socket_of_own(int fd, struct tscf_socket *out)
{
	int same = tscf_socket_same_netns(fd);

	if (same <= 0)
		return same < 0 ? same : -EXDEV;
	return tscf_socket_of_fd(fd, out);
}

int tscf_socket_dscp(int fd)
{
	socklen_t length = sizeof(int);
	int tos = 0, class = 0;
	/* An IPv6 raw socket has no IP_TOS, an IPv4 raw socket has no traffic class. */
	bool ipv4 = getsockopt(fd, IPPROTO_IP, IP_TOS, &tos, &length) == 0;

	length = sizeof(int);
	if (getsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, &length) < 0 && !ipv4)
		return -errno;
	return (tos >> 2 != 0 ? tos : class) >> 2 & 63;
}

bool tscf_socket_obeys_mark(const struct tscf_socket *s)
{
	switch (s->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return true;
	default:
		return s->type == SOCK_RAW;
	}
}

int tscf_socket_set_mark(int fd, uint32_t mask, uint32_t value)
{
	uint32_t wanted;
	int mark, err = get_int(fd, SO_MARK, &mark);

	if (err < 0)
		return err;
	wanted = tscf_mark_set((uint32_t)mark, mask, value);
	/* Setting the mark, even to the same value, makes the kernel look up the route again. */
	if (wanted == (uint32_t)mark)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_MARK, &wanted, sizeof(wanted)) < 0 ? -errno : 0;
}
