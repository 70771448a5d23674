/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/xfrm_block.h"

#include "common/linux/netlink.h"
#include "common/linux/netlink_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/** Lower comes first.  Together with the mark they are what we know our policies by. */
#define PRIORITY_EXCEPTION 7453
#define PRIORITY_BLOCK     7454
#define LOOPBACK           1

struct block {
	struct tscf_netlink *nl;
	struct xfrm_mark mark;
	const int *devices; /**< those that stay open */
	unsigned count;
};

static int put_policy(const struct block *b, uint16_t family, int device)
{
	struct xfrm_userpolicy_info policy = {
	    .sel = {.family = family, .ifindex = device},
	    .lft = {XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0},
	    .priority = device ? PRIORITY_EXCEPTION : PRIORITY_BLOCK,
	    .dir = XFRM_POLICY_OUT,
	    .action = device ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(XFRM_MSG_UPDPOLICY, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	/* IPv6 tells a policy no device but one that the program has named; with one, rules hold, but for multicast. */
	if (family == AF_INET6 && !device) {
		policy.sel.daddr.a6[0] = htonl(0xff000000);
		policy.sel.prefixlen_d = 8;
	}
	err = nlmsg_append(msg, &policy, sizeof(policy), NLMSG_ALIGNTO);
	if (err == 0)
		err = nla_put(msg, XFRMA_MARK, sizeof(b->mark), &b->mark);
	err = tscf_netlink_request(b->nl, err, msg);
	/* Nothing can leave by a family that is not there. */
	return tscf_netlink_no_family(err) ? 0 : err;
}

static bool is_open(const struct block *b, int device)
{
	if (device == LOOPBACK)
		return b->count > 0;
	for (unsigned i = 0; i < b->count; i++)
		if (b->devices[i] == device)
			return true;
	return false;
}

/** @return whether @p policy is of this block, and not what it shall have. */
static bool is_stale(const struct block *b, struct nlmsghdr *header, const struct xfrm_userpolicy_info *policy)
{
	const struct nlattr *mark = nlmsg_find_attr(header, sizeof(*policy), XFRMA_MARK);

	if (policy->dir != XFRM_POLICY_OUT || !mark || nla_len(mark) != sizeof(b->mark) ||
	    memcmp(nla_data(mark), &b->mark, sizeof(b->mark)) != 0)
		return false;
	if (policy->priority == PRIORITY_BLOCK)
		return b->count == 0;
	return policy->priority == PRIORITY_EXCEPTION && !is_open(b, policy->sel.ifindex);
}

/** The stale ones of a dump; those that do not fit are found by the next. */
struct stale {
	const struct block *block;
	unsigned count;
	uint32_t index[32];
};

static int note_stale(struct nlmsghdr *header, void *context)
{
	struct xfrm_userpolicy_info policy;
	struct stale *s = context;

	if (header->nlmsg_type != XFRM_MSG_NEWPOLICY || nlmsg_datalen(header) < (int)sizeof(policy))
		return 0;
	memcpy(&policy, nlmsg_data(header), sizeof(policy));
	if (s->count < sizeof(s->index) / sizeof(s->index[0]) && is_stale(s->block, header, &policy))
		s->index[s->count++] = policy.index;
	return 0;
}

static int delete_policy(const struct block *b, uint32_t index)
{
	struct xfrm_userpolicy_id id = {.index = index, .dir = XFRM_POLICY_OUT};
	struct nl_msg *msg = nlmsg_alloc_simple(XFRM_MSG_DELPOLICY, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = nlmsg_append(msg, &id, sizeof(id), NLMSG_ALIGNTO);
	if (err == 0)
		err = nla_put(msg, XFRMA_MARK, sizeof(b->mark), &b->mark);
	err = tscf_netlink_request(b->nl, err, msg);
	return err == -ENOENT ? 0 : err;
}

static int delete_stale(const struct block *b)
{
	struct stale s;
	int err;

	do {
		struct nl_msg *msg = nlmsg_alloc_simple(XFRM_MSG_GETPOLICY, 0);

		if (!msg)
			return -ENOMEM;
		s = (struct stale){.block = b};
		err = tscf_netlink_dump(b->nl, msg, note_stale, &s);
		for (unsigned i = 0; err == 0 && i < s.count; i++)
			err = delete_policy(b, s.index[i]);
	} while (err == 0 && s.count > 0);
	return err;
}

int tscf_xfrm_block_set(uint32_t mark, uint32_t mask, const int *devices, unsigned count)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	struct block b = {.mark = {.v = mark, .m = mask}, .devices = devices, .count = count};
	int err = tscf_netlink_connect(NETLINK_XFRM, &b.nl);

	if (err < 0)
		return err;
	for (size_t f = 0; err == 0 && f < sizeof(families) / sizeof(families[0]); f++) {
		err = put_policy(&b, families[f], LOOPBACK);
		for (unsigned i = 0; err == 0 && i < count; i++)
			err = put_policy(&b, families[f], devices[i]);
		if (err == 0)
			err = put_policy(&b, families[f], 0);
	}
	if (err == 0)
		err = delete_stale(&b);
	tscf_netlink_close(b.nl);
	return err;
}

int tscf_xfrm_block_clear(uint32_t mark, uint32_t mask)
{
	struct block b = {.mark = {.v = mark, .m = mask}};
	int err = tscf_netlink_connect(NETLINK_XFRM, &b.nl);

	if (err < 0)
		return err;
	err = delete_stale(&b);
	tscf_netlink_close(b.nl);
	return err;
}
