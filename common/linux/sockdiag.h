/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockdiag.h - the kernel's register of sockets: NETLINK_SOCK_DIAG.
 *
 * Lists the inet sockets of this network namespace that bear a mark under a mask, and tells when sockets are destroyed.
 * Needs CAP_NET_ADMIN (the kernel shows marks to nobody else).
 *
 * What a dump has: bound, connected and listening sockets, and those of closed TCP sockets that still send or wait,
 * FIN_WAIT2 and TIME_WAIT included, with inode 0.  On Linux 6.18 the latter have the mark of the socket they come from,
 * and a TCP socket that is bound but neither connected nor listening is there; older kernels may lack either.  A
 * TIME_WAIT socket whose mark the kernel does not tell is left out, unless the mask is 0.
 * What it does not have: a datagram socket without a local port, ICMP "ping" sockets, SCTP and DCCP, and raw sockets if
 * the kernel lacks raw_diag.  A socket that changes its state during the dump may be told twice.
 *
 * Destroy events come for TCP and UDP only, when the last descriptor is gone and, for TCP, the connection has ended
 * or become TIME_WAIT; the end of TIME_WAIT itself, UDP-Lite and raw sockets have none.
 */
#ifndef TSCF_SOCKDIAG_H
#define TSCF_SOCKDIAG_H

#include "common/base/addr.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/** One socket as the kernel knows it.  A destroy event has no mark and no inode. */
struct tscf_socket {
	/** IPv4-mapped ones as IPv4; any-address: family set and zero bytes; the remote family is 0 if unconnected. */
	struct tscf_addr local, remote;
	uint16_t local_port, remote_port; /**< raw sockets: 0 */
	int family;                       /**< AF_INET, or AF_INET6 */
	bool ipv6_only;                   /**< AF_INET6, bound to any-address: it has no IPv4 */
	uint8_t type;                     /**< SOCK_STREAM, SOCK_DGRAM, SOCK_RAW */
	uint8_t protocol;                 /**< IPPROTO_TCP, IPPROTO_UDP, or what a raw socket receives */
	uint8_t state;                    /**< TCP_ESTABLISHED ... as in netinet/tcp.h */
	uint32_t mark;
	uint32_t device; /**< interface index that it is bound to; 0: none */
	uint32_t uid;
	uint32_t inode;  /**< 0: no descriptor refers to it any more (orphaned, TIME_WAIT) */
	uint64_t cookie; /**< SO_COOKIE */
};

struct tscf_sockdiag;

/** A handler must not close the object; done and destroyed may begin a dump. */
struct tscf_sockdiag_handler {
	/** One socket of the running dump, its mark not 0 under the mask (mask 0: any socket), or bound to the device.
	 */
	void (*socket)(void *context, const struct tscf_socket *s);
	/** The dump is complete (error 0) or broken off (-errno). */
	void (*done)(void *context, int error);
	/**
	 * Some socket has been destroyed, marked or not; which ones are left a dump tells.  All zero (family 0):
	 * events were lost, more than one may have gone.  May be NULL.
	 */
	void (*destroyed)(void *context, const struct tscf_socket *s);
};

/**
 * Open the diag socket and, if the handler has destroyed, subscribe to the destroy groups (TCP and UDP, IPv4 and IPv6).
 * With @p mask 0 dumps tell every socket, marked or not.
 *
 * @return 0 with the object in *out, or -errno.
 */
int tscf_sockdiag_open(struct ev_loop *loop, uint32_t mask, const struct tscf_sockdiag_handler *handler, void *context,
		       struct tscf_sockdiag **out);
void tscf_sockdiag_close(struct tscf_sockdiag *d);
/** Dumps also tell sockets without a mark that are bound to this device. */
void tscf_sockdiag_also_bound(struct tscf_sockdiag *d, uint32_t device);

/**
 * Begin a dump of all sockets marked under the mask: TCP, UDP, UDP-Lite and raw, both families, one after the other.
 * It goes on in the event loop, a bounded piece per iteration.
 *
 * @return 0, -EBUSY if one is running, or -errno.
 */
int tscf_sockdiag_dump(struct tscf_sockdiag *d);
/**
 * Run a dump to its end before returning: for start and stop.  One that is running is broken off first (its done gets
 * -ECANCELED).
 *
 * @return 0 or -errno; done is called too, unless the dump could not even begin.
 */
int tscf_sockdiag_dump_now(struct tscf_sockdiag *d);

/** For questions about the socket of a flow; all zero: not open. */
struct tscf_sockdiag_flow {
	int fd;
	uint32_t sequence; /**< of the last question */
};

/** @return 0 or -errno: then nothing is to be closed. */
int tscf_sockdiag_flow_open(struct tscf_sockdiag_flow *f);
/** Close it, if it is open. */
void tscf_sockdiag_flow_close(struct tscf_sockdiag_flow *f);
/**
 * Ask for the device that the socket is bound to which would get a TCP, UDP or UDP-Lite packet that comes in by @p
 * device.  The kernel answers at once.
 *
 * @param local, remote  the packet's destination and source
 * @return the device, 0: the socket is bound to none, or -errno (-ENOENT: there is no such socket).
 */
int tscf_sockdiag_flow_device(struct tscf_sockdiag_flow *f, uint8_t protocol, const struct tscf_addr *local,
			      uint16_t local_port, const struct tscf_addr *remote, uint16_t remote_port,
			      uint32_t device);
/** The same, and the whole socket in *out.  @return 0 or -errno. */
int tscf_sockdiag_flow_socket(struct tscf_sockdiag_flow *f, uint8_t protocol, const struct tscf_addr *local,
			      uint16_t local_port, const struct tscf_addr *remote, uint16_t remote_port,
			      uint32_t device, struct tscf_socket *out);

/**
 * Call @p each for every TCP socket with that local port: those that listen, connections, those that wait to be
 * accepted (inode 0), and those whose handshake is under way.  The kernel answers at once.
 *
 * @return 0 or -errno.
 */
int tscf_sockdiag_tcp_port(uint16_t port, void (*each)(void *context, const struct tscf_socket *s), void *context);

/**
 * Describe the socket behind a descriptor, as the dump would (but inode 0).  A TCP socket that is still connecting
 * has no remote yet.
 *
 * @return 0, or -errno (-ENOTSOCK, -EAFNOSUPPORT: no inet socket).
 */
int tscf_socket_of_fd(int fd, struct tscf_socket *out);
/**
 * @return 1 if @p fd is a socket of this thread's network namespace, 0 if of another, or -errno (-EPERM without
 * CAP_NET_ADMIN in its namespace).
 */
int tscf_socket_same_netns(int fd);
/**
 * The DSCP that packets of @p fd leave with, as its program has set it.  A socket of both families has two: that of
 * IPv4, or, if it is 0, that of IPv6.
 *
 * @return 0 to 63, or -errno.
 */
int tscf_socket_dscp(int fd);
/** Set the bits of @p mask in the mark of @p fd to @p value (see level.h).  @return 0 or -errno. */
int tscf_socket_set_mark(int fd, uint32_t mask, uint32_t value);

#endif
