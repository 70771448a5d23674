/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_class.bpf.h - what numbered policies give a socket by its program, owner, protocol, port and DSCP.
 *
 * Like classify() of the client, which decides in the end.  Here new sockets get levels, and levels are raised.  For
 * BPF only.
 */
#ifndef TSCF_CLIENT_GUARD_CLASS_BPF_H
#define TSCF_CLIENT_GUARD_CLASS_BPF_H

#include "tscf-client/guard/guard_policies.bpf.h"

/** All 0 on kernels without BTF. */
const volatile struct guard_offsets offsets = {};

/* Read any address: the kernel rejects those that it must not read. */
static __always_inline __u64 follow(__u64 from, __u32 offset)
{
	__u64 next = 0;

	bpf_probe_read_kernel(&next, sizeof(next), (void *)(from + offset));
	return next;
}

static __always_inline __u32 read_number(__u64 from, __u32 offset)
{
	__u32 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), (void *)(from + offset));
	return number;
}

/* The file that the current process runs. */
static __always_inline void read_program(struct guard_program *p)
{
	__u64 file = follow(follow(bpf_get_current_task(), offsets.task_mm), offsets.mm_file);
	__u64 entry = follow(file, offsets.file_dentry);
	__u64 inode = follow(follow(entry, offsets.dentry_parent), offsets.dentry_inode);

	p->place.inode = follow(inode, offsets.inode_number);
	p->place.device = read_number(follow(inode, offsets.inode_super), offsets.super_device);
	p->length = read_number(entry, offsets.dentry_length);
	bpf_probe_read_kernel_str(p->name, sizeof(p->name), (void *)follow(entry, offsets.dentry_name));
}

/* The owner of sockets that the current process makes. */
static __always_inline __u32 current_owner(void)
{
	if (offsets.task_cred == 0)
		return (__u32)bpf_get_current_uid_gid();
	return read_number(follow(bpf_get_current_task(), offsets.task_cred), offsets.cred_fsuid);
}

static __always_inline bool is_program(const struct guard_program *wanted, const struct guard_program *here)
{
	__u64 other = (wanted->place.inode ^ here->place.inode) | (wanted->place.device ^ here->place.device) |
		      (wanted->length ^ here->length);

	for (__u32 i = 0; i < GUARD_NAME / 8; i++)
		other |= wanted->name[i] ^ here->name[i];
	return other == 0 && wanted->place.inode != 0;
}

/* Which policies hold in the current process's cgroup, by that cgroup and those above it.  In a cgroup that the client
 * has not seen yet, any policy may hold. */
static __noinline int group_of_current(const struct guard_net *net, __u64 netns, struct guard_group *sum)
{
	struct guard_group_key key = {.netns = netns, .generation = net->generation};
	bool seen = false;

	sum->below = net->grouped;
	for (int level = 0; level < GUARD_DEPTH; level++) {
		const struct guard_group *g;

		key.cgroup = bpf_get_current_ancestor_cgroup_id(level);
		if (key.cgroup == 0 && seen)
			sum->below = 0;
		if (key.cgroup == 0)
			break;
		g = bpf_map_lookup_elem(&groups, &key);
		/* The root that the client sees may be a container's root. */
		if (!g && !seen)
			continue;
		if (!g)
			break;
		seen = true;
		sum->fits |= g->fits;
		sum->below = g->below;
		if (g->below == 0)
			break;
	}
	return 0;
}

/* The numbered policies, as bits, that can hold for a socket of the current process.  The bits are collected in a map:
 * if the verifier of Linux 6.1 knew their values, it would follow each combination separately. */
static __noinline __u32 subject_of_current(const struct guard_net *net, struct guard_socket *s,
					   struct guard_group *group)
{
	struct guard_program here = {};

	s->found = 0;
	if (offsets.task_mm != 0)
		read_program(&here);
	for (__u32 i = 0; i < GUARD_POLICIES; i++) {
		const struct guard_policy *p = &net->policies[i];

		if (i >= net->policy_count)
			break;
		if (p->number == 0 || (p->flags & GUARD_POLICY_UID && (s->uid < p->uid_low || s->uid > p->uid_high)))
			continue;
		if (p->flags & GUARD_POLICY_CGROUP && !(group->fits >> i & 1))
			continue;
		if (!(p->flags & GUARD_POLICY_PROGRAM) || is_program(&p->program, &here))
			s->found |= 1U << i;
	}
	return s->found;
}

/* Of the policies that may hold, those that say encrypted-only count as holding. */
static __noinline __u32 those_that_forbid(const struct guard_net *net, __u32 bits)
{
	__u32 left = 0;

	for (__u32 i = 0; i < GUARD_POLICIES; i++)
		if (i < net->policy_count && net->policies[i].level == ONLY)
			left |= bits & 1U << i;
	return left;
}

static __always_inline void identify(const struct guard_net *net, struct guard_socket *s)
{
	struct guard_group group = {};

	if (s->generation == net->generation)
		return;
	if (net->grouped)
		group_of_current(net, s->netns, &group);
	group.below = those_that_forbid(net, group.below);
	group.fits |= group.below;
	s->subject = net->numbered ? subject_of_current(net, s, &group) : 0;
	s->generation = group.below == 0 ? net->generation : 0;
}

/* A policy for certain remotes does not hold for a socket that sends to any remote. */
static __always_inline bool holds_for_all(const struct guard_policy *p, const struct flow *f)
{
	if (f->remote_port == 0 && (p->flags & GUARD_POLICY_REMOTE || p->remote_high != 0))
		return false;
	return holds(p, f);
}

/* The value under the mask that the first policy gives, or 0 if that policy has no number: then the kernel's rules
 * decide on each packet. */
static __noinline __u32 class_of(const struct guard_net *net, const struct guard_socket *s, const struct flow *f)
{
	__u32 dscp = (s->dscp[0] ? s->dscp[0] : s->dscp[1]) & 63;

	for (__u32 i = 0; i < GUARD_POLICIES; i++) {
		const struct guard_policy *p = &net->policies[i];

		if (i >= net->policy_count)
			break;
		if (p->number == 0 && holds_for_all(p, f))
			return 0;
		if (!(s->subject >> i & 1) || (p->dscps != 0 && !(p->dscps >> dscp & 1)))
			continue;
		if ((p->protocol == 0 || p->protocol == f->protocol) &&
		    in_range(p->local_low, p->local_high, f->local_port))
			return (__u32)p->number << 3 | p->level;
	}
	return 0;
}

/* The level that tscf-run has given the current process's cgroup; the innermost one counts. */
static __noinline __u32 level_of_run(__u64 netns)
{
	struct guard_group_key key = {.netns = netns};
	__u32 found = 0;

	for (int level = 0; level < GUARD_DEPTH; level++) {
		const struct guard_group *g;

		key.cgroup = bpf_get_current_ancestor_cgroup_id(level);
		if (key.cgroup == 0)
			break;
		g = bpf_map_lookup_elem(&groups, &key);
		if (g)
			found = g->fits & LEVEL_MASK;
	}
	return found;
}

enum change {
	CHANGE_NONE,
	CHANGE_RAISE, /* cannot cause clear packets: change at once */
	CHANGE_ASK,   /* the server must confirm first, so the client makes the change */
};

static __always_inline enum change change_of(const struct guard_net *net, __u32 now, __u32 wanted)
{
	__u32 level = wanted & LEVEL_MASK;

	if (now & EXPLICIT || now == wanted || (wanted == 0 && NUMBER(now) == 0))
		return CHANGE_NONE;
	if (level == ONLY || (level == PREFERRED && !(now & LEVEL_MASK) && net->default_level != ONLY))
		return CHANGE_RAISE;
	return CHANGE_ASK;
}

static __always_inline __u32 mark_with(const struct guard_net *net, __u32 mark, __u32 value)
{
	return (mark & ~net->mask) | value << (net->shift & 31);
}

/* Apply the policies again, with a local port, to a socket marked with @now.  @return what to do; stored->wanted is the
 * value. */
static __always_inline enum change reconsider(const struct guard_net *net, struct guard_socket *stored, __u32 now,
					      __u32 protocol, __u32 local_port)
{
	struct flow f = {.uid = stored->uid, .protocol = protocol, .local_port = local_port};

	stored->wanted = class_of(net, stored, &f);
	return change_of(net, now, stored->wanted);
}

#endif
