/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_class.bpf.h - what policies give a socket by its program, owner, protocol, ports, remote and DSCP.
 *
 * Like classify() of the client, which decides in the end.  Here new sockets get levels, and levels are raised.  For
 * BPF only.
 */
#ifndef TSCF_CLIENT_GUARD_CLASS_BPF_H
#define TSCF_CLIENT_GUARD_CLASS_BPF_H

#include "tscf-client/guard/guard_maps.bpf.h"

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

enum group_state {
	GROUP_UNSEEN, /* the root that the client sees may be a container's root */
	GROUP_SEEN,
	GROUP_LAST,
};

/* Add what holds in one of the cgroups above the current process. */
GUARD_APART int add_group(const struct guard_net *net, __u64 netns, int level, struct guard_group *sum, int state)
{
	struct guard_group_key key = {.netns = netns};
	const struct guard_group *g;

	if (!net || !sum)
		return GROUP_LAST;
	key.generation = net->generation;
	key.cgroup = bpf_get_current_ancestor_cgroup_id(level);
	if (key.cgroup == 0 && state == GROUP_SEEN)
		sum->below = 0;
	if (key.cgroup == 0)
		return GROUP_LAST;
	g = bpf_map_lookup_elem(&groups, &key);
	if (!g)
		return state == GROUP_SEEN ? GROUP_LAST : GROUP_UNSEEN;
	sum->fits |= g->fits;
	sum->below = g->below;
	return g->below == 0 ? GROUP_LAST : GROUP_SEEN;
}

/* Which policies hold in the current process's cgroup, by that cgroup and those above it.  In a cgroup that the client
 * has not seen yet, any policy may hold. */
GUARD_APART int group_of_current(const struct guard_net *net, __u64 netns, struct guard_group *sum)
{
	int state = GROUP_UNSEEN;

	if (!net || !sum)
		return 0;
	sum->below = net->grouped;
	for (int level = 0; level < GUARD_LEVELS && state != GROUP_LAST; level++)
		state = add_group(net, netns, level, sum, state);
	return 0;
}

/* The numbered policies, as bits, that can hold for a socket of the current process. */
GUARD_APART __u32 subject_of_current(const struct guard_net *net, struct guard_socket *s, __u32 fits)
{
	struct guard_program here = {};

	if (!net || !s)
		return 0;
	if (offsets.task_mm != 0)
		read_program(&here);
	return subject_of(net, s->uid, &here, fits, &s->found);
}

static __always_inline void identify(const struct guard_net *net, struct guard_socket *s)
{
	struct guard_group group = {};

	if (s->generation == net->generation)
		return;
	if (net->grouped)
		group_of_current(net, s->netns, &group);
	/* Of the policies that may hold, those that say encrypted-only count as holding. */
	group.below &= net->forbids;
	group.fits |= group.below;
	s->subject = net->numbered ? subject_of_current(net, s, group.fits) : 0;
	s->generation = group.below == 0 ? net->generation : 0;
}

/* The level that tscf-run has given the current process's cgroup; the innermost one counts. */
GUARD_APART __u32 level_of_run(__u64 netns)
{
	struct guard_group_key key = {.netns = netns};
	__u32 found = 0;

	for (int level = 0; level < GUARD_LEVELS; level++) {
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

/* Apply the policies again to a socket marked with @p now, with the protocol and the ends in @p f.  @return what to do;
 * stored->wanted is the value.  A datagram socket that has sent to a remote for which a policy says encrypted-only
 * stays so. */
static __always_inline enum change reconsider(const struct guard_net *net, struct guard_socket *stored, __u32 now,
					      struct flow *f)
{
	enum change change;

	f->uid = stored->uid;
	stored->wanted = class_of(net, stored, f);
	stored->port = f->local_port;
	change = change_of(net, now, stored->wanted);
	return change == CHANGE_ASK && stored->sent && f->remote_port == 0 && is_by_rule(net, now) ? CHANGE_NONE
												   : change;
}

/* The data stored with a socket.  One that is older than the guard counts as the current process's. */
static __always_inline struct guard_socket *stored_or_new(struct bpf_sock *sk, __u64 netns)
{
	struct guard_socket fresh = {.netns = netns, .mark = sk->mark, .uid = current_owner()};

	return bpf_sk_storage_get(&sockets, sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
}

/* The same, with the policies that can hold for it. */
static __always_inline struct guard_socket *stored_of(const struct guard_net *net, struct bpf_sock *sk, __u64 netns)
{
	struct guard_socket *stored = stored_or_new(sk, netns);

	if (stored)
		identify(net, stored);
	return stored;
}

#endif
