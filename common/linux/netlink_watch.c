/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

int tscf_netlink_watch(void)
{
	struct sockaddr_nl name = {
	    .nl_family = AF_NETLINK,
	    .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

bool tscf_netlink_drain(int fd)
{
	char buffer[4096];
	bool any = false;

	/* A message that does not fit is cut off, and one too many is ENOBUFS: both say that something has changed. */
	while (recv(fd, buffer, sizeof(buffer), 0) >= 0 || errno == ENOBUFS || errno == EINTR)
		any = true;
	return any;
}
