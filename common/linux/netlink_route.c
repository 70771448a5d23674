/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/netlink_internal.h"

#include <errno.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>

/** IPv6 keeps unreachable routes on the loopback device, which has the same index in every namespace. */
#define LOOPBACK_INDEX 1
/** The value to which IPv6 in the kernel changes metric 0. */
#define IPV6_METRIC_DEFAULT 1024

/** One route of a dump as a struct tscf_route; @p other: it has attributes that struct tscf_route lacks. */
struct listed_route {
	struct tscf_route route;
	uint8_t protocol;
	bool other;
};

static uint32_t effective_metric(const struct tscf_route *r)
{
	return r->metric == 0 && r->destination.addr.family == AF_INET6 ? IPV6_METRIC_DEFAULT : r->metric;
}

static bool route_equal(const struct tscf_route *a, const struct tscf_route *b)
{
	return tscf_prefix_equal(&a->destination, &b->destination) && a->table == b->table && a->type == b->type &&
	       tscf_addr_equal(&a->source, &b->source) && effective_metric(a) == effective_metric(b) &&
	       (a->type == TSCF_ROUTE_PROHIBIT || a->device == b->device);
}

static int add_nexthop(struct rtnl_route *route, int index)
{
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();

	if (!hop)
		return -NLE_NOMEM;
	rtnl_route_nh_set_ifindex(hop, index);
	rtnl_route_add_nexthop(route, hop);
	return 0;
}

static int set_destination(struct rtnl_route *route, const struct tscf_prefix *destination)
{
	struct tscf_prefix p = *destination;
	struct nl_addr *addr;
	int nle;

	/* The kernel refuses host bits. */
	tscf_prefix_normalize(&p);
	addr = tscf_netlink_addr(&p);
	if (!addr)
		return -NLE_NOMEM;
	nle = rtnl_route_set_dst(route, addr);
	nl_addr_put(addr);
	return nle;
}

static int set_source(struct rtnl_route *route, const struct tscf_addr *source)
{
	struct nl_addr *addr;
	int nle;

	if (source->family == 0)
		return 0;
	addr = nl_addr_build(source->family, source->bytes, tscf_addr_size(source->family));
	if (!addr)
		return -NLE_NOMEM;
	nle = rtnl_route_set_pref_src(route, addr);
	nl_addr_put(addr);
	return nle;
}

/** Fill @p route; every attribute is set, so that a deletion matches this route only.  @return a libnl code. */
static int fill_route(struct rtnl_route *route, const struct tscf_route *r)
{
	bool prohibit = r->type == TSCF_ROUTE_PROHIBIT;
	int family = r->destination.addr.family;
	int nle = rtnl_route_set_family(route, (uint8_t)family);

	if (nle == 0)
		nle = set_destination(route, &r->destination);
	if (nle == 0)
		nle = set_source(route, &r->source);
	if (nle == 0 && !prohibit)
		nle = add_nexthop(route, r->device);
	if (nle == 0 && prohibit && family == AF_INET6)
		nle = add_nexthop(route, LOOPBACK_INDEX);
	rtnl_route_set_type(route, prohibit ? RTN_PROHIBIT : RTN_UNICAST);
	rtnl_route_set_scope(route, prohibit || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
	rtnl_route_set_table(route, r->table);
	rtnl_route_set_priority(route, effective_metric(r));
	rtnl_route_set_protocol(route, TSCF_RTPROT);
	if (nle == 0 && r->mtu != 0)
		nle = rtnl_route_set_metric(route, RTAX_MTU, r->mtu);
	return nle;
}

static int change_route(struct tscf_netlink *nl, const struct tscf_route *r, bool add)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct nl_msg *msg = NULL;
	int nle;

	if (!route)
		return -ENOMEM;
	nle = fill_route(route, r);
	if (nle == 0 && add)
		nle = rtnl_route_build_add_request(route, NLM_F_CREATE | NLM_F_EXCL, &msg);
	else if (nle == 0)
		nle = rtnl_route_build_del_request(route, 0, &msg);
	rtnl_route_put(route);
	return tscf_netlink_request(nl, nle, msg);
}

/** @return whether @p header is a route of a table; false for cached routes and messages of other families. */
static bool parse_route(struct nlmsghdr *header, uint8_t family, struct listed_route *out)
{
	struct rtmsg *rtm = nlmsg_data(header);
	struct nlattr *attrs[RTA_MAX + 1];
	struct tscf_route *r = &out->route;

	memset(out, 0, sizeof(*out));
	if (header->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(header, sizeof(*rtm), attrs, RTA_MAX, NULL) < 0 ||
	    rtm->rtm_family != family || rtm->rtm_flags & RTM_F_CLONED)
		return false;
	out->protocol = rtm->rtm_protocol;
	r->destination.addr = tscf_netlink_attr_addr(attrs[RTA_DST], family);
	r->destination.addr.family = family;
	r->destination.length = rtm->rtm_dst_len;
	r->source = tscf_netlink_attr_addr(attrs[RTA_PREFSRC], family);
	r->table = attrs[RTA_TABLE] ? nla_get_u32(attrs[RTA_TABLE]) : rtm->rtm_table;
	r->metric = attrs[RTA_PRIORITY] ? nla_get_u32(attrs[RTA_PRIORITY]) : 0;
	r->device = attrs[RTA_OIF] ? (int)nla_get_u32(attrs[RTA_OIF]) : 0;
	r->type = rtm->rtm_type == RTN_PROHIBIT ? TSCF_ROUTE_PROHIBIT : TSCF_ROUTE_DEVICE;
	out->other = (rtm->rtm_type != RTN_PROHIBIT && rtm->rtm_type != RTN_UNICAST) || rtm->rtm_tos != 0 ||
		     rtm->rtm_src_len != 0 || attrs[RTA_GATEWAY] || attrs[RTA_VIA] || attrs[RTA_MULTIPATH] ||
		     attrs[RTA_ENCAP] || attrs[RTA_NH_ID];
	return true;
}

/** The state of a walk over a table. */
struct walk {
	uint8_t family;
	uint32_t table;
	const struct tscf_route *wanted;
	bool found;   /**< exactly *wanted exists, and is ours */
	bool foreign; /**< a route without our tag exists */
	bool own;     /**< a route with our tag exists */
};

static int visit_route(struct nlmsghdr *header, void *context)
{
	struct listed_route listed;
	struct walk *w = context;

	if (!parse_route(header, w->family, &listed) || listed.route.table != w->table)
		return 0;
	if (listed.protocol != TSCF_RTPROT) {
		w->foreign = true;
		return 0;
	}
	if (w->wanted && !listed.other && route_equal(&listed.route, w->wanted))
		w->found = true;
	w->own = true;
	return 0;
}

/** One dump of the table; -ENOENT (no such table) and a missing family count as an empty table. */
static int walk_once(struct tscf_netlink *nl, struct walk *w)
{
	struct rtmsg request = {.rtm_family = w->family};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int err;

	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, RTA_TABLE, w->table) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	err = tscf_netlink_dump(nl, msg, visit_route, w);
	return err == -ENOENT || tscf_netlink_no_family(err) ? 0 : err;
}

static int walk_table(struct tscf_netlink *nl, struct walk *w)
{
	unsigned tries = TSCF_NETLINK_DUMP_TRIES;
	int err;

	do
		err = walk_once(nl, w);
	while (err == -EINTR && --tries > 0);
	return err;
}

/** The routes of one table, of one family. */
struct route_listing {
	uint8_t family;
	uint32_t table;
	bool only_ours;
	struct tscf_route_found *found;
	size_t count, room;
};

static int list_route(struct nlmsghdr *header, void *context)
{
	struct route_listing *list = context;
	struct tscf_route_found *more;
	struct listed_route listed;
	size_t room = list->room ? 2 * list->room : 32;
	bool ours;

	if (!parse_route(header, list->family, &listed) || listed.route.table != list->table)
		return 0;
	ours = listed.protocol == TSCF_RTPROT && !listed.other;
	if (list->only_ours && !ours)
		return 0;
	if (list->count == list->room) {
		more = reallocarray(list->found, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->found = more;
		list->room = room;
	}
	if (list->family == AF_INET6 && listed.route.metric == IPV6_METRIC_DEFAULT)
		listed.route.metric = 0;
	list->found[list->count++] = (struct tscf_route_found){listed.route, listed.other, ours};
	return 0;
}

static int list_once(struct tscf_netlink *nl, struct route_listing *list)
{
	struct rtmsg request = {.rtm_family = list->family,
				.rtm_protocol = list->only_ours ? TSCF_RTPROT : RTPROT_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int err;

	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, RTA_TABLE, list->table) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	err = tscf_netlink_dump(nl, msg, list_route, list);
	return err == -ENOENT || tscf_netlink_no_family(err) ? 0 : err;
}

int tscf_route_list(struct tscf_netlink *nl, uint32_t table, bool only_ours, struct tscf_route_found **out)
{
	struct route_listing list = {.table = table, .only_ours = only_ours};
	int err = 0;

	for (unsigned i = 0; err == 0 && i < TSCF_FAMILIES; i++) {
		size_t before = list.count;
		unsigned tries = TSCF_NETLINK_DUMP_TRIES;

		list.family = (uint8_t)tscf_family(i);
		do {
			list.count = before;
			err = list_once(nl, &list);
		} while (err == -EINTR && --tries > 0);
	}
	if (err < 0) {
		free(list.found);
		return err;
	}
	*out = list.found;
	return (int)list.count;
}

int tscf_route_add(struct tscf_netlink *nl, const struct tscf_route *r)
{
	struct walk w = {.family = r->destination.addr.family, .table = r->table, .wanted = r};
	int err = change_route(nl, r, true), walked;

	if (err != -EEXIST)
		return err;
	/* The kernel answers "exists" for any route with the same destination and metric. */
	walked = walk_table(nl, &w);
	return w.found ? 0 : walked < 0 ? walked : -EEXIST;
}

static bool means_absent(int error)
{
	return error == -ESRCH || error == -ENOENT || error == -ENODEV;
}

int tscf_route_del(struct tscf_netlink *nl, const struct tscf_route *r)
{
	int err = change_route(nl, r, false);

	return means_absent(err) ? 0 : err;
}

int tscf_route_del_foreign(struct tscf_netlink *nl, const struct tscf_route *r)
{
	struct tscf_prefix to = r->destination;
	size_t size = tscf_addr_size(to.addr.family);
	struct rtmsg rtm = {.rtm_family = to.addr.family, .rtm_dst_len = to.length, .rtm_scope = RT_SCOPE_NOWHERE};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELROUTE, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO);
	if (err == 0)
		err = nla_put_u32(msg, RTA_TABLE, r->table);
	if (err == 0 && to.length > 0)
		err = nla_put(msg, RTA_DST, (int)size, to.addr.bytes);
	if (err == 0)
		err = nla_put_u32(msg, RTA_PRIORITY, effective_metric(r));
	err = tscf_netlink_request(nl, err, msg);
	return means_absent(err) ? 0 : err;
}

static int take_device(struct nlmsghdr *header, void *context)
{
	struct nlattr *attr = nlmsg_find_attr(header, sizeof(struct rtmsg), RTA_OIF);

	if (header->nlmsg_type == RTM_NEWROUTE && attr)
		*(int *)context = (int)nla_get_u32(attr);
	return 0;
}

/** @return the request for the route to @p to, or NULL when out of memory. */
static struct nl_msg *lookup_message(const struct tscf_addr *to, uint32_t mark)
{
	size_t size = tscf_addr_size(to->family);
	struct rtmsg rtm = {.rtm_family = to->family, .rtm_dst_len = (unsigned char)(8 * size)};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);

	if (msg && nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) == 0 &&
	    nla_put(msg, RTA_DST, (int)size, to->bytes) == 0 && nla_put_u32(msg, RTA_MARK, mark) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

int tscf_route_lookup(struct tscf_netlink *nl, const struct tscf_addr *to, uint32_t mark)
{
	int device = 0;
	int err = tscf_netlink_ask(nl, lookup_message(to, mark), take_device, &device);

	if (err < 0)
		return err;
	return device > 0 ? device : -ENODEV;
}

int tscf_route_table_use(struct tscf_netlink *nl, uint32_t table)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	bool own = false;

	for (size_t i = 0; i < sizeof(families); i++) {
		struct walk w = {.family = families[i], .table = table};
		int err = walk_table(nl, &w);

		if (w.foreign)
			return TSCF_TABLE_FOREIGN;
		if (err < 0)
			return err;
		own = own || w.own;
	}
	return own ? TSCF_TABLE_OWN : TSCF_TABLE_EMPTY;
}

/** The search for the route to the network of an address. */
struct connected_search {
	int index;
	struct tscf_prefix network;
	bool found;
};

static int match_connected(struct nlmsghdr *header, void *context)
{
	struct connected_search *search = context;
	struct listed_route listed;

	if (parse_route(header, search->network.addr.family, &listed) && listed.route.table == RT_TABLE_MAIN &&
	    listed.protocol == RTPROT_KERNEL && listed.route.device == search->index &&
	    tscf_prefix_equal(&listed.route.destination, &search->network))
		search->found = true;
	return 0;
}

/** The kernel leaves out routes of other tables and devices (Linux 4.20), however many there are. */
static int dump_connected(struct tscf_netlink *nl, struct connected_search *search)
{
	struct rtmsg request = {.rtm_family = search->network.addr.family, .rtm_protocol = RTPROT_KERNEL};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);

	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, RTA_TABLE, RT_TABLE_MAIN) < 0 || nla_put_u32(msg, RTA_OIF, (uint32_t)search->index) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	return tscf_netlink_dump(nl, msg, match_connected, search);
}

int tscf_route_connected(struct tscf_netlink *nl, int index, const struct tscf_prefix *address)
{
	struct connected_search search = {.index = index, .network = *address};
	unsigned tries = TSCF_NETLINK_DUMP_TRIES;
	int err;

	if (address->length == 8 * tscf_addr_size(address->addr.family))
		return 0;
	tscf_prefix_normalize(&search.network);
	do
		err = dump_connected(nl, &search);
	while (err == -EINTR && --tries > 0);
	if (search.found)
		return 0;
	return err < 0 ? err : -ENOENT;
}
