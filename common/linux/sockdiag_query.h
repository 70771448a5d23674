/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockdiag_query.h - requests to the kernel's register of sockets that are answered at once, without libnl. */
#ifndef TSCF_SOCKDIAG_QUERY_H
#define TSCF_SOCKDIAG_QUERY_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdint.h>

struct tscf_sockdiag_query {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
};

/**
 * @return a request for sockets in any state, whatever their cookie; the caller adds ports and addresses.
 *
 * @param flags  beside NLM_F_REQUEST
 */
struct tscf_sockdiag_query tscf_sockdiag_query(int family, uint8_t protocol, uint16_t flags);

/**
 * Open a socket to the kernel; it receives nothing from other processes.
 *
 * @param flags  SOCK_NONBLOCK, or 0
 * @return a descriptor, or -errno.
 */
int tscf_sockdiag_connect(int flags);

#endif
