/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/sockdiag_query.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

struct tscf_sockdiag_query tscf_sockdiag_query(int family, uint8_t protocol, uint16_t flags)
{
	return (struct tscf_sockdiag_query){
	    .header = {.nlmsg_len = sizeof(struct tscf_sockdiag_query),
		       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | flags},
	    .diag = {.sdiag_family = (uint8_t)family,
		     .sdiag_protocol = protocol,
		     .idiag_states = UINT32_MAX,
		     .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}},
	};
}

int tscf_sockdiag_connect(int flags)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_SOCK_DIAG), err;
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
