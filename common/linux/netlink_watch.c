/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/netlink_internal.h"

#include <errno.h>
#include <linux/netconf.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUP(name)  (1U << (RTNLGRP_##name - 1))
#define GROUPS_PATH  (GROUP(LINK) | GROUP(IPV4_IFADDR) | GROUP(IPV6_IFADDR) | GROUP(IPV4_ROUTE) | GROUP(IPV6_ROUTE))
#define GROUPS_STATE (GROUPS_PATH | GROUP(IPV4_RULE) | GROUP(IPV6_RULE) | GROUP(IPV4_NETCONF) | GROUP(IPV6_NETCONF))

int tscf_netlink_subscribe(int protocol, uint32_t groups)
{
	struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int tscf_netlink_watch(void)
{
	return tscf_netlink_subscribe(NETLINK_ROUTE, GROUPS_PATH);
}

int tscf_netlink_watch_state(void)
{
	return tscf_netlink_subscribe(NETLINK_ROUTE, GROUPS_STATE);
}

int tscf_netlink_watch_firewall(void)
{
	return tscf_netlink_subscribe(NETLINK_NETFILTER, 1U << (NFNLGRP_NFTABLES - 1));
}

bool tscf_netlink_drain(int fd)
{
	char buffer[4096];
	bool any = false;

	/*
	 * A message that does not fit is truncated, and lost messages give ENOBUFS: both mean that something has
	 * changed.
	 */
	while (recv(fd, buffer, sizeof(buffer), 0) >= 0 || errno == ENOBUFS || errno == EINTR)
		any = true;
	return any;
}

static bool is_device(const struct tscf_notice_filter *f, int index)
{
	return index == f->devices[0] || index == f->devices[1];
}

static enum tscf_notice route_notice(struct nlmsghdr *header, const struct tscf_notice_filter *f)
{
	const struct rtmsg *rtm = nlmsg_data(header);
	const struct nlattr *attr = nlmsg_find_attr(header, sizeof(*rtm), RTA_TABLE);
	const struct nlattr *oif = nlmsg_find_attr(header, sizeof(*rtm), RTA_OIF);
	uint32_t table = attr && nla_len(attr) >= (int)sizeof(table) ? nla_get_u32(attr) : rtm->rtm_table;

	/* No rule of ours comes before table local.  What the kernel has there follows from addresses. */
	if (table == RT_TABLE_LOCAL && rtm->rtm_protocol != RTPROT_KERNEL)
		return TSCF_NOTICE_OURS;
	if (rtm->rtm_protocol == TSCF_RTPROT || table == f->tables[0] || table == f->tables[1])
		return TSCF_NOTICE_OURS;
	if (oif && nla_len(oif) >= (int)sizeof(uint32_t) && is_device(f, (int)nla_get_u32(oif)))
		return TSCF_NOTICE_OURS;
	return TSCF_NOTICE_OTHER;
}

/** Notices about the settings of all devices, or of new ones, have negative indexes. */
static enum tscf_notice netconf_notice(struct nlmsghdr *header, const struct tscf_notice_filter *f)
{
	const struct nlattr *attr = nlmsg_find_attr(header, sizeof(struct netconfmsg), NETCONFA_IFINDEX);
	int index = attr && nla_len(attr) >= (int)sizeof(index) ? (int)nla_get_u32(attr) : -1;

	return index < 0 || is_device(f, index) ? TSCF_NOTICE_OURS : TSCF_NOTICE_NONE;
}

static enum tscf_notice notice_of(struct nlmsghdr *header, const struct tscf_notice_filter *f)
{
	switch (header->nlmsg_type) {
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return TSCF_NOTICE_OURS;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return nlmsg_valid_hdr(header, sizeof(struct rtmsg)) ? route_notice(header, f) : TSCF_NOTICE_OURS;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return is_device(f, ((struct ifinfomsg *)nlmsg_data(header))->ifi_index) ? TSCF_NOTICE_OURS
											 : TSCF_NOTICE_NONE;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return is_device(f, (int)((struct ifaddrmsg *)nlmsg_data(header))->ifa_index) ? TSCF_NOTICE_OURS
											      : TSCF_NOTICE_NONE;
	case RTM_NEWNETCONF:
	case RTM_DELNETCONF:
		return netconf_notice(header, f);
	default:
		return TSCF_NOTICE_NONE;
	}
}

/** Room for the notices of one read; a link's notice is the largest. */
#define NOTICES_SIZE 16384

enum tscf_notice tscf_netlink_notices(int fd, const struct tscf_notice_filter *filter)
{
	_Alignas(struct nlmsghdr) char buffer[NOTICES_SIZE];
	enum tscf_notice most = TSCF_NOTICE_NONE;

	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_TRUNC);
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ENOBUFS)
			return most;
		if (n < 0 || (size_t)n > sizeof(buffer)) {
			most = TSCF_NOTICE_OURS;
			continue;
		}
		for (struct nlmsghdr *h = (struct nlmsghdr *)buffer; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
			enum tscf_notice one = notice_of(h, filter);

			most = one > most ? one : most;
		}
	}
}
