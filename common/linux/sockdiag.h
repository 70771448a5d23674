/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockdiag.h - the kernel's register of sockets: NETLINK_SOCK_DIAG.
 *
 * Lists the inet sockets of this network namespace that have a mark under a mask, and reports when sockets are
 * destroyed.  Needs CAP_NET_ADMIN (without it the kernel does not show marks).
 *
 * A dump contains: bound, connected and listening sockets, and closed TCP sockets that still send or wait, FIN_WAIT2
 * and TIME_WAIT included, with inode 0.  On Linux 6.18 the latter have the mark of the socket they come from, and a TCP
 * socket that is bound but neither connected nor listening is included; older kernels may lack either.  A TIME_WAIT
 * socket whose mark the kernel does not report is left out, unless the mask is 0.  A dump does not contain: datagram
 * sockets without a local port, ICMP "ping" sockets, SCTP and DCCP, and raw sockets if the kernel lacks raw_diag.  A
 * socket that changes its state during the dump may be reported twice.
 *
 * Destroy events exist for TCP and UDP only.  They come when the last descriptor is closed and, for TCP, the connection
 * has ended or become TIME_WAIT.  The end of TIME_WAIT itself, UDP-Lite and raw sockets have no events.
 */
#ifndef TSCF_SOCKDIAG_H
#define TSCF_SOCKDIAG_H

#include "common/base/addr.h"
#include "common/packet/key_table.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/** One socket as the kernel knows it.  A destroy event has no mark and no inode. */
struct tscf_socket {
	/**
	 * IPv4-mapped addresses as IPv4; any-address: family set and zero bytes; the remote family is 0 if unconnected.
	 */
	struct tscf_addr local, remote;
	uint16_t local_port, remote_port; /**< raw sockets: 0 */
	int family;                       /**< AF_INET, or AF_INET6 */
	bool ipv6_only;                   /**< AF_INET6, bound to any-address: it does not receive IPv4 */
	uint8_t type;                     /**< SOCK_STREAM, SOCK_DGRAM, SOCK_RAW */
	uint8_t protocol;                 /**< IPPROTO_TCP, IPPROTO_UDP, or the protocol of a raw socket */
	uint8_t state;                    /**< TCP_ESTABLISHED ... as in netinet/tcp.h */
	uint32_t mark;
	uint32_t device; /**< interface index that the socket is bound to; 0: none */
	uint32_t uid;
	uint32_t inode;  /**< 0: no descriptor refers to the socket any more (orphaned, TIME_WAIT) */
	uint64_t cookie; /**< SO_COOKIE */
};

struct tscf_sockdiag;

/** A handler must not close the object; done and destroyed may start a dump. */
struct tscf_sockdiag_handler {
	/**
	 * One socket of the running dump: its mark is not 0 under the mask (mask 0: any socket), or it is bound to the
	 * device.
	 */
	void (*socket)(void *context, const struct tscf_socket *s);
	/** The dump is complete (error 0) or was aborted (-errno). */
	void (*done)(void *context, int error);
	/**
	 * A socket has been destroyed, marked or not; a dump shows which ones are left.  All zero (family 0): events
	 * were lost, and several sockets may be gone.  May be NULL.
	 */
	void (*destroyed)(void *context, const struct tscf_socket *s);
};

/**
 * Open the diag socket and, if the handler has destroyed, subscribe to the destroy groups (TCP and UDP, IPv4 and IPv6).
 * With @p mask 0 dumps report every socket, marked or not.
 *
 * @return 0 with the object in *out, or -errno.
 */
int tscf_sockdiag_open(struct ev_loop *loop, uint32_t mask, const struct tscf_sockdiag_handler *handler, void *context,
		       struct tscf_sockdiag **out);
/** Close and free it; a dump that is under way ends.  NULL is allowed. */
void tscf_sockdiag_close(struct tscf_sockdiag *d);
/** Dumps also report sockets without a mark that are bound to this device. */
void tscf_sockdiag_also_bound(struct tscf_sockdiag *d, uint32_t device);

/**
 * Begin a dump of all sockets marked under the mask: TCP, UDP, UDP-Lite and raw, both families, one after the other.
 * It continues in the event loop, a bounded piece per iteration.
 *
 * @return 0, -EBUSY if a dump is running, or -errno.
 */
int tscf_sockdiag_dump(struct tscf_sockdiag *d);
/**
 * Run a whole dump before returning: for start and stop.  A running dump is aborted first (its done gets
 * -ECANCELED).
 *
 * @return 0 or -errno; done is called too, unless the dump could not even begin.
 */
int tscf_sockdiag_dump_now(struct tscf_sockdiag *d);

/**
 * Call @p each for all sockets marked under @p mask (0: all), as a dump does, without an event loop: for programs and
 * threads that have none.
 *
 * @return 0 or -errno; @p each may have been called for some sockets even then.
 */
int tscf_sockdiag_list(uint32_t mask, void (*each)(void *context, const struct tscf_socket *s), void *context);

/** For queries about the socket of a flow; all zero: not open. */
struct tscf_sockdiag_flow {
	int fd;
	uint32_t sequence; /**< of the last query */
};

/** @return 0 or -errno: then there is nothing to close. */
int tscf_sockdiag_flow_open(struct tscf_sockdiag_flow *f);
/** Close it, if it is open. */
void tscf_sockdiag_flow_close(struct tscf_sockdiag_flow *f);
/**
 * Find the socket that would receive a TCP, UDP or UDP-Lite packet of @p flow that arrives on @p device.  The kernel
 * answers at once.
 *
 * @param flow    without wildcards; local is the packet's destination, remote its source
 * @param device  its interface index; 0: only sockets that are bound to no device are found
 * @return 0 with the socket in *out, or -errno (-ENOENT: there is no such socket).
 */
int tscf_sockdiag_flow_socket(struct tscf_sockdiag_flow *f, const struct tscf_binding_key *flow, uint32_t device,
			      struct tscf_socket *out);

/**
 * Call @p each for every TCP socket with that local port: listening sockets, connections, those that wait to be
 * accepted (inode 0), and those whose handshake is in progress.  The kernel answers at once.
 *
 * @return 0 or -errno.
 */
int tscf_sockdiag_tcp_port(uint16_t port, void (*each)(void *context, const struct tscf_socket *s), void *context);

/**
 * Describe the socket behind a descriptor, as the dump would (but inode 0).
 *
 * @return 0, or -errno (-ENOTSOCK, -EAFNOSUPPORT: not an inet socket).
 */
int tscf_socket_of_fd(int fd, struct tscf_socket *out);
/**
 * @return 1 if @p fd is a socket of this thread's network namespace, 0 if of another, or -errno (-EPERM without
 * CAP_NET_ADMIN in the namespace of @p fd).
 */
int tscf_socket_same_netns(int fd);
/** Like tscf_socket_of_fd, for a socket of this thread's network namespace.  @return 0, -EXDEV: of another, or -errno.
 */
int tscf_socket_of_own(int fd, struct tscf_socket *out);
/**
 * The DSCP of packets that @p fd sends, as its program has set it.  A socket of both families has two: the result is
 * that of IPv4, or, if it is 0, that of IPv6.
 *
 * @return 0 to 63, or -errno.
 */
int tscf_socket_dscp(int fd);
/**
 * Whether the kernel routes each packet of such a socket by the mark of the socket.  It does for TCP, UDP, UDP-Lite,
 * ping and raw sockets, and for the flows of multipath TCP.  It does not for SCTP, whose connections do not inherit the
 * mark when they are accepted, or for SMC, whose packets are those of a socket that the kernel makes without it.
 */
bool tscf_socket_obeys_mark(const struct tscf_socket *s);
/** Set the bits of @p mask in the mark of @p fd to @p value (see level.h).  @return 0 or -errno. */
int tscf_socket_set_mark(int fd, uint32_t mask, uint32_t value);

#endif
