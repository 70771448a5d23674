/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netlink_internal.h - shared by the netlink_*.c files: one request with its ACK, one dump, conversions to libnl.
 */
#ifndef TSCF_NETLINK_INTERNAL_H
#define TSCF_NETLINK_INTERNAL_H

#include "common/linux/netlink.h"

#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

struct tscf_netlink {
	struct nl_sock *sock;
	int protocol;
};

/** Open a socket of a netlink protocol other than NETLINK_ROUTE; tscf_netlink_close closes it.  @return 0 or -errno. */
int tscf_netlink_connect(int protocol, struct tscf_netlink **out);

/**
 * @return a non-blocking descriptor that is readable when the kernel has sent something to one of the @p groups (one
 * bit each) of a netlink @p protocol, or -errno.
 */
int tscf_netlink_subscribe(int protocol, uint32_t groups);

/** @return -errno for the negative libnl error code @p nle. */
int tscf_netlink_errno(int nle);

/**
 * Send @p msg, which is freed, and wait for its ACK.  If @p nle (the result of building the message) is not 0, nothing
 * is sent and that error is returned.
 *
 * @return 0, or the kernel's -errno.
 */
int tscf_netlink_request(struct tscf_netlink *nl, int nle, struct nl_msg *msg);

/** Called for one message of an answer.  @return 0, or -errno, which becomes the result of the whole call. */
typedef int (*tscf_netlink_visit)(struct nlmsghdr *header, void *context);

/** Like tscf_netlink_request, and give the answer to @p visit. */
int tscf_netlink_ask(struct tscf_netlink *nl, struct nl_msg *msg, tscf_netlink_visit visit, void *context);

/**
 * Send the dump request @p msg, which is freed, and give every answer to @p visit.  A dump that the kernel marks as
 * inconsistent, because the table changed under it, returns -EINTR after all of it was visited.
 *
 * @return 0 or -errno: of the kernel, or the first one of @p visit.
 */
int tscf_netlink_dump(struct tscf_netlink *nl, struct nl_msg *msg, tscf_netlink_visit visit, void *context);

/** How often an inconsistent dump is repeated. */
#define TSCF_NETLINK_DUMP_TRIES 8

/** @return whether @p error means that the kernel does not have this address family. */
bool tscf_netlink_no_family(int error);

/**
 * @return the libnl address of @p p, host bits unchanged, which the caller releases with nl_addr_put; NULL when out of
 * memory.
 */
struct nl_addr *tscf_netlink_addr(const struct tscf_prefix *p);

/** @return the address in the attribute @p attr of @p family (attr may be NULL: family 0). */
struct tscf_addr tscf_netlink_attr_addr(const struct nlattr *attr, uint8_t family);

#endif
