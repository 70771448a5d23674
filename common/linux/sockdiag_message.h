/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockdiag_message.h - the messages of NETLINK_SOCK_DIAG (sock_diag(7), linux/inet_diag.h): builds requests, parses
 * answers.
 *
 * No I/O, so that it can be tested with messages that the present kernel does not send.
 */
#ifndef TSCF_SOCKDIAG_MESSAGE_H
#define TSCF_SOCKDIAG_MESSAGE_H

#include "common/linux/sockdiag.h"

#include <netlink/msg.h>
#include <stdbool.h>

/** @return a request to dump every socket of this kind (free it with nlmsg_free), or NULL when out of memory. */
struct nl_msg *tscf_sockdiag_request(int family, uint8_t protocol);

/**
 * Append the filter "some bit of the mark under @p mask is set (for privileged readers only), or bound to @p device"
 * (0: none).
 *
 * @return 0 or -ENOMEM.
 */
int tscf_sockdiag_add_filter(struct nl_msg *msg, uint32_t mask, uint32_t device);

/**
 * Parse one answer to a dump of @p protocol, or (protocol 0) one destroy event, which contains its protocol and has no
 * mark.
 *
 * @return whether it is a message about an inet socket; out->mark is 0 if the kernel did not report it.
 */
bool tscf_sockdiag_parse(struct nlmsghdr *header, uint8_t protocol, struct tscf_socket *out);

/** @return the number with which NLMSG_DONE and NLMSG_ERROR begin: 0, or -errno. */
int tscf_sockdiag_error(struct nlmsghdr *header);

#endif
