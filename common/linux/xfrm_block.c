/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/xfrm_block.h"

#include "common/linux/netlink_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/** Our policies in the kernel, with the kernel's index numbers. */
struct found_policy {
	struct tscf_xfrm_policy policy;
	uint32_t index;
};

struct found_policies {
	uint32_t own_mask;
	struct found_policy *list;
	size_t count, room;
};

static bool prefix_equal(const struct tscf_prefix *a, const struct tscf_prefix *b)
{
	return a->length == b->length && (a->length == 0 || tscf_prefix_equal(a, b));
}

static bool ports_equal(struct tscf_port_bits a, struct tscf_port_bits b)
{
	return a.mask == b.mask && (a.port & a.mask) == (b.port & b.mask);
}

bool tscf_xfrm_policy_equal(const struct tscf_xfrm_policy *a, const struct tscf_xfrm_policy *b)
{
	return a->family == b->family && a->priority == b->priority && a->block == b->block && a->device == b->device &&
	       a->mark == b->mark && a->mask == b->mask && a->protocol == b->protocol &&
	       prefix_equal(&a->source, &b->source) && prefix_equal(&a->destination, &b->destination) &&
	       ports_equal(a->source_port, b->source_port) && ports_equal(a->destination_port, b->destination_port);
}

int tscf_port_bits_split(uint16_t low, uint16_t high, struct tscf_port_bits *out, unsigned max)
{
	uint32_t at = low;
	unsigned count = 0;

	while (at <= high) {
		uint32_t size = 1;

		while ((at & size) == 0 && size < 0x10000 && at + 2 * size - 1 <= high)
			size *= 2;
		if (count == max)
			return -ENOSPC;
		out[count++] = (struct tscf_port_bits){(uint16_t)at, (uint16_t) ~(size - 1)};
		at += size;
	}
	return (int)count;
}

static void put_prefix(const struct tscf_prefix *p, xfrm_address_t *addr, __u8 *length)
{
	if (p->length > 0)
		memcpy(addr, p->addr.bytes, tscf_addr_size(p->addr.family));
	*length = p->length;
}

static void put_ports(struct tscf_port_bits p, __be16 *port, __be16 *mask)
{
	*port = htons(p.port & p.mask);
	*mask = htons(p.mask);
}

static int add_policy(struct tscf_netlink *nl, const struct tscf_xfrm_policy *p)
{
	struct xfrm_mark mark = {.v = p->mark, .m = p->mask};
	struct xfrm_userpolicy_info info = {
	    .sel = {.family = (__u16)p->family, .ifindex = p->device, .proto = p->protocol},
	    .lft = {XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0},
	    .priority = p->priority,
	    .dir = XFRM_POLICY_OUT,
	    .action = p->block ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(XFRM_MSG_UPDPOLICY, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	put_prefix(&p->source, &info.sel.saddr, &info.sel.prefixlen_s);
	put_prefix(&p->destination, &info.sel.daddr, &info.sel.prefixlen_d);
	put_ports(p->source_port, &info.sel.sport, &info.sel.sport_mask);
	put_ports(p->destination_port, &info.sel.dport, &info.sel.dport_mask);
	err = nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO);
	if (err == 0)
		err = nla_put(msg, XFRMA_MARK, sizeof(mark), &mark);
	return tscf_netlink_request(nl, err, msg);
}

static int delete_policy(struct tscf_netlink *nl, const struct found_policy *f)
{
	struct xfrm_userpolicy_id id = {.index = f->index, .dir = XFRM_POLICY_OUT};
	struct xfrm_mark mark = {.v = f->policy.mark, .m = f->policy.mask};
	struct nl_msg *msg = nlmsg_alloc_simple(XFRM_MSG_DELPOLICY, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = nlmsg_append(msg, &id, sizeof(id), NLMSG_ALIGNTO);
	if (err == 0)
		err = nla_put(msg, XFRMA_MARK, sizeof(mark), &mark);
	err = tscf_netlink_request(nl, err, msg);
	return err == -ENOENT ? 0 : err;
}

static struct tscf_prefix take_prefix(int family, const xfrm_address_t *addr, uint8_t length)
{
	struct tscf_prefix p = {.addr = {.family = (uint8_t)family}, .length = length};

	memcpy(p.addr.bytes, addr, tscf_addr_size((uint8_t)family));
	return p;
}

/** @return whether the policy is one of ours; if so, it is stored in *out. */
static bool parse_policy(struct nlmsghdr *header, uint32_t own_mask, struct found_policy *out)
{
	struct xfrm_userpolicy_info info;
	const struct nlattr *attr;
	struct xfrm_mark mark;

	if (header->nlmsg_type != XFRM_MSG_NEWPOLICY || nlmsg_datalen(header) < (int)sizeof(info))
		return false;
	memcpy(&info, nlmsg_data(header), sizeof(info));
	attr = nlmsg_find_attr(header, sizeof(info), XFRMA_MARK);
	if (info.dir != XFRM_POLICY_OUT || !attr || nla_len(attr) < (int)sizeof(mark) ||
	    info.priority < TSCF_XFRM_PRIORITY_FIRST || info.priority > TSCF_XFRM_PRIORITY_LAST)
		return false;
	memcpy(&mark, nla_data(attr), sizeof(mark));
	*out = (struct found_policy){
	    .index = info.index,
	    .policy = {.family = info.sel.family,
		       .priority = info.priority,
		       .block = info.action == XFRM_POLICY_BLOCK,
		       .device = info.sel.ifindex,
		       .mark = mark.v,
		       .mask = mark.m,
		       .protocol = info.sel.proto,
		       .source = take_prefix(info.sel.family, &info.sel.saddr, info.sel.prefixlen_s),
		       .destination = take_prefix(info.sel.family, &info.sel.daddr, info.sel.prefixlen_d),
		       .source_port = {ntohs(info.sel.sport), ntohs(info.sel.sport_mask)},
		       .destination_port = {ntohs(info.sel.dport), ntohs(info.sel.dport_mask)}},
	};
	return mark.m != 0 && (mark.m & ~own_mask) == 0;
}

static int note_policy(struct nlmsghdr *header, void *context)
{
	struct found_policies *found = context;
	size_t room = found->room ? 2 * found->room : 32;
	struct found_policy one, *more;

	if (!parse_policy(header, found->own_mask, &one))
		return 0;
	if (found->count == found->room) {
		more = reallocarray(found->list, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		found->list = more;
		found->room = room;
	}
	found->list[found->count++] = one;
	return 0;
}

static int list_policies(struct tscf_netlink *nl, struct found_policies *found)
{
	unsigned tries = TSCF_NETLINK_DUMP_TRIES;
	int err;

	do {
		found->count = 0;
		err = tscf_netlink_dump(nl, nlmsg_alloc_simple(XFRM_MSG_GETPOLICY, 0), note_policy, found);
	} while (err == -EINTR && --tries > 0);
	return err;
}

static bool is_found(const struct found_policies *found, const struct tscf_xfrm_policy *p)
{
	for (size_t i = 0; i < found->count; i++)
		if (tscf_xfrm_policy_equal(&found->list[i].policy, p))
			return true;
	return false;
}

static bool is_wanted(const struct tscf_xfrm_policy *wanted, unsigned count, const struct tscf_xfrm_policy *p)
{
	for (unsigned i = 0; i < count; i++)
		if (tscf_xfrm_policy_equal(&wanted[i], p))
			return true;
	return false;
}

/** A policy that differs only in priority or action is changed by the addition, so it is not deleted afterwards. */
static int delete_others(struct tscf_netlink *nl, struct found_policies *found, const struct tscf_xfrm_policy *wanted,
			 unsigned count)
{
	int err = list_policies(nl, found);

	for (size_t i = 0; err == 0 && i < found->count; i++)
		if (!is_wanted(wanted, count, &found->list[i].policy))
			err = delete_policy(nl, &found->list[i]);
	return err;
}

int tscf_xfrm_sync(uint32_t own_mask, const struct tscf_xfrm_policy *wanted, unsigned count, unsigned *missing)
{
	struct found_policies found = {.own_mask = own_mask};
	struct tscf_netlink *nl;
	int err = tscf_netlink_connect(NETLINK_XFRM, &nl);

	*missing = 0;
	if (err < 0)
		return err;
	err = list_policies(nl, &found);
	for (unsigned i = 0; err == 0 && i < count; i++) {
		if (is_found(&found, &wanted[i]))
			continue;
		err = add_policy(nl, &wanted[i]);
		*missing += err == 0;
		/* If the family is missing, no packet can leave by it. */
		if (tscf_netlink_no_family(err))
			err = 0;
	}
	if (err == 0 && (*missing > 0 || found.count > count))
		err = delete_others(nl, &found, wanted, count);
	free(found.list);
	tscf_netlink_close(nl);
	return err;
}

int tscf_xfrm_watch(void)
{
	return tscf_netlink_subscribe(NETLINK_XFRM, XFRMGRP_POLICY);
}
