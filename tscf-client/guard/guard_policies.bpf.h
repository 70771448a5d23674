/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard_policies.bpf.h - which policy holds for a packet.  For BPF only. */
#ifndef TSCF_CLIENT_GUARD_POLICIES_BPF_H
#define TSCF_CLIENT_GUARD_POLICIES_BPF_H

#include "tscf-client/guard/guard_maps.bpf.h"

struct flow {
	__u32 local[4], remote[4];
	__u32 local_port, remote_port;
	__u32 uid;
	__u32 protocol;
};

static __always_inline bool within(const struct guard_prefix *p, const __u32 a[4])
{
	return ((a[0] & p->mask[0]) ^ p->addr[0]) == 0 && ((a[1] & p->mask[1]) ^ p->addr[1]) == 0 &&
	       ((a[2] & p->mask[2]) ^ p->addr[2]) == 0 && ((a[3] & p->mask[3]) ^ p->addr[3]) == 0;
}

static __always_inline bool same(const __u32 a[4], const __u32 b[4])
{
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
}

static __always_inline bool in_range(__u32 low, __u32 high, __u32 port)
{
	return high == 0 || (port >= low && port <= high);
}

static __always_inline bool holds(const struct guard_policy *p, const struct flow *f)
{
	if (p->protocol != 0 && p->protocol != f->protocol)
		return false;
	if (p->flags & GUARD_POLICY_UID && (f->uid < p->uid_low || f->uid > p->uid_high))
		return false;
	if (!in_range(p->local_low, p->local_high, f->local_port) ||
	    !in_range(p->remote_low, p->remote_high, f->remote_port))
		return false;
	return !(p->flags & GUARD_POLICY_REMOTE) || within(&p->remote, f->remote);
}

/* The level that the first policy gives, or 0. */
static __noinline __u32 level_of_policies(const struct guard_net *net, const struct flow *f, __u32 number)
{
	for (__u32 i = 0; i < GUARD_POLICIES; i++) {
		const struct guard_policy *p = &net->policies[i];

		if (i >= net->policy_count)
			break;
		if (p->number != 0 ? p->number == number : holds(p, f))
			return p->level;
	}
	return 0;
}

static __noinline bool is_service(const struct guard_net *net, const struct flow *f)
{
	for (__u32 i = 0; i < GUARD_ROUTES; i++) {
		if (i >= net->route_count)
			break;
		if (within(&net->routes[i], f->remote))
			return true;
	}
	return false;
}

#endif
