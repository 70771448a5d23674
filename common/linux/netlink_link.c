/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/netlink_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** RFC 8200, section 5. */
#define IPV6_MIN_MTU 1280

/** Send @p changes for the link @p index; both objects are released. */
static int change_link(struct tscf_netlink *nl, int index, struct rtnl_link *changes)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct nl_msg *msg = NULL;
	int nle = -NLE_NOMEM;

	if (link) {
		rtnl_link_set_ifindex(link, index);
		nle = rtnl_link_build_change_request(link, changes, 0, &msg);
	}
	rtnl_link_put(link);
	rtnl_link_put(changes);
	return tscf_netlink_request(nl, nle, msg);
}

static int take_link(struct nlmsghdr *header, void *context)
{
	struct nlattr *carrier = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_CARRIER);
	struct nlattr *mtu = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_MTU);
	struct nlattr *name = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_IFNAME);
	struct nlattr *info = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	struct nlattr *kind = info ? nla_find(nla_data(info), nla_len(info), IFLA_INFO_KIND) : NULL;
	struct tscf_link *out = context;

	if (header->nlmsg_type != RTM_NEWLINK)
		return 0;
	out->up = ((struct ifinfomsg *)nlmsg_data(header))->ifi_flags & IFF_UP;
	out->carrier = !carrier || nla_get_u8(carrier);
	out->mtu = mtu ? nla_get_u32(mtu) : 0;
	if (name)
		nla_strlcpy(out->name, name, sizeof(out->name));
	if (kind)
		nla_strlcpy(out->kind, kind, sizeof(out->kind));
	return 0;
}

int tscf_link_get(struct tscf_netlink *nl, int index, struct tscf_link *out)
{
	struct ifinfomsg request = {.ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);

	*out = (struct tscf_link){.up = false};
	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	return tscf_netlink_ask(nl, msg, take_link, out);
}

int tscf_link_up(struct tscf_netlink *nl, int index, unsigned mtu)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (!changes)
		return -ENOMEM;
	rtnl_link_set_mtu(changes, mtu);
	rtnl_link_set_flags(changes, IFF_UP);
	return change_link(nl, index, changes);
}

int tscf_link_down(struct tscf_netlink *nl, int index)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (!changes)
		return -ENOMEM;
	rtnl_link_unset_flags(changes, IFF_UP);
	return change_link(nl, index, changes);
}

int tscf_link_carrier(struct tscf_netlink *nl, int index)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (!changes)
		return -ENOMEM;
	rtnl_link_set_carrier(changes, 1);
	return change_link(nl, index, changes);
}

int tscf_link_rename(struct tscf_netlink *nl, int index, const char *name)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (!changes)
		return -ENOMEM;
	rtnl_link_set_name(changes, name);
	return change_link(nl, index, changes);
}

int tscf_link_set_queue(struct tscf_netlink *nl, int index, unsigned packets)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (!changes)
		return -ENOMEM;
	rtnl_link_set_txqlen(changes, packets);
	return change_link(nl, index, changes);
}

/**
 * On a router, IPv6 joins the all-routers group as soon as the link exists, and reports that when the link comes up;
 * leaving the group is reported as well.  With an MTU below its minimum, IPv6 forgets the link.  When it finds the link
 * again, multicast is off.
 */
static int drop_multicast(struct tscf_netlink *nl, int index)
{
	static const unsigned mtus[] = {IPV6_MIN_MTU - 1, ETH_DATA_LEN};
	struct rtnl_link *changes;
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		changes = rtnl_link_alloc();
		if (!changes)
			return -ENOMEM;
		rtnl_link_set_mtu(changes, mtus[i]);
		rtnl_link_unset_flags(changes, IFF_MULTICAST);
		err = change_link(nl, index, changes);
	}
	return err;
}

int tscf_link_silence(struct tscf_netlink *nl, int index)
{
	struct rtnl_link *changes;
	int err = drop_multicast(nl, index), nle;

	if (err < 0)
		return err;
	changes = rtnl_link_alloc();
	if (!changes)
		return -ENOMEM;
	nle = rtnl_link_inet6_set_addr_gen_mode(changes, IN6_ADDR_GEN_MODE_NONE);
	if (nle < 0) {
		rtnl_link_put(changes);
		return tscf_netlink_errno(nle);
	}
	err = change_link(nl, index, changes);
	/* A kernel without IPv6 does no autoconfiguration either. */
	return tscf_netlink_no_family(err) ? 0 : err;
}

/** Open the file of that setting.  @return a descriptor or -errno. */
static int open_sysctl(const char *family, const char *device, const char *key, int flags)
{
	char path[128];
	int fd;

	/* The name becomes part of a path. */
	if (strchr(device, '/') || strcmp(device, ".") == 0 || strcmp(device, "..") == 0)
		return -EINVAL;
	if (snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, device, key) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int tscf_link_sysctl(const char *family, const char *device, const char *key, const char *value)
{
	size_t length = strlen(value);
	int fd = open_sysctl(family, device, key, O_WRONLY), err = 0;
	ssize_t done;

	if (fd == -EROFS && length == 1 && tscf_link_sysctl_get(family, device, key) == value[0])
		return 0;
	if (fd < 0)
		return fd;
	done = write(fd, value, length);
	if (done < 0)
		err = -errno;
	else if ((size_t)done != length)
		err = -EIO;
	close(fd);
	return err;
}

int tscf_link_sysctl_get(const char *family, const char *device, const char *key)
{
	int fd = open_sysctl(family, device, key, O_RDONLY), err;
	char value = 0;
	ssize_t done;

	if (fd < 0)
		return fd;
	done = read(fd, &value, 1);
	err = done < 0 ? -errno : done == 0 ? -EIO : 0;
	close(fd);
	return err < 0 ? err : value;
}

static struct rtnl_addr *make_addr(int index, const struct tscf_prefix *p)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = tscf_netlink_addr(p);
	bool ok = addr && local && rtnl_addr_set_local(addr, local) == 0;

	nl_addr_put(local);
	if (!ok) {
		rtnl_addr_put(addr);
		return NULL;
	}
	rtnl_addr_set_ifindex(addr, index);
	/* No other host is on a tunnel: the address must be usable at once, not after duplicate address detection. */
	if (p->addr.family == AF_INET6)
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
	return addr;
}

struct addr_search {
	int index;
	const struct tscf_prefix *wanted;
	bool found;
};

static int match_addr(struct nlmsghdr *header, void *context)
{
	struct nlattr *attrs[IFA_MAX + 1];
	struct addr_search *search = context;
	struct ifaddrmsg *ifa = nlmsg_data(header);
	struct tscf_addr addr;

	if (header->nlmsg_type != RTM_NEWADDR || nlmsg_parse(header, sizeof(*ifa), attrs, IFA_MAX, NULL) < 0)
		return 0;
	if (ifa->ifa_family != search->wanted->addr.family || (int)ifa->ifa_index != search->index ||
	    ifa->ifa_prefixlen != search->wanted->length)
		return 0;
	addr = tscf_netlink_attr_addr(attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS], ifa->ifa_family);
	if (tscf_addr_equal(&addr, &search->wanted->addr))
		search->found = true;
	return 0;
}

int tscf_addr_check(struct tscf_netlink *nl, int index, const struct tscf_prefix *p)
{
	struct ifaddrmsg request = {.ifa_family = p->addr.family, .ifa_index = (unsigned)index};
	struct addr_search search = {.index = index, .wanted = p};
	unsigned tries = TSCF_NETLINK_DUMP_TRIES;
	struct nl_msg *msg;
	int err;

	do {
		msg = nlmsg_alloc_simple(RTM_GETADDR, 0);
		if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0) {
			nlmsg_free(msg);
			return -ENOMEM;
		}
		err = tscf_netlink_dump(nl, msg, match_addr, &search);
	} while (err == -EINTR && --tries > 0);
	if (search.found)
		return 0;
	return err ? err : -ENOENT;
}

/** In IPv6 the kernel also answers "exists" when only the prefix length differs. */
static int check_existing(struct tscf_netlink *nl, int index, const struct tscf_prefix *p)
{
	int err = tscf_addr_check(nl, index, p);

	return err == -ENOENT ? -EEXIST : err;
}

int tscf_addr_add(struct tscf_netlink *nl, int index, const struct tscf_prefix *p)
{
	struct rtnl_addr *addr = make_addr(index, p);
	struct nl_msg *msg = NULL;
	int err;

	if (!addr)
		return -ENOMEM;
	err = rtnl_addr_build_add_request(addr, NLM_F_CREATE | NLM_F_EXCL, &msg);
	rtnl_addr_put(addr);
	err = tscf_netlink_request(nl, err, msg);
	return err == -EEXIST ? check_existing(nl, index, p) : err;
}

int tscf_addr_del(struct tscf_netlink *nl, int index, const struct tscf_prefix *p)
{
	struct rtnl_addr *addr = make_addr(index, p);
	struct nl_msg *msg = NULL;
	int err;

	if (!addr)
		return -ENOMEM;
	err = rtnl_addr_build_delete_request(addr, 0, &msg);
	rtnl_addr_put(addr);
	err = tscf_netlink_request(nl, err, msg);
	/* When a device is gone, its addresses are gone too. */
	return err == -EADDRNOTAVAIL || err == -ENODEV ? 0 : err;
}
