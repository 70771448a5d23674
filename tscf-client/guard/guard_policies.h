/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_policies.h - which policy holds for a packet or a socket: pure functions on the entry of a namespace.
 *
 * The BPF programs and a unit test, which compares them with policy.h, compile the same text.  So it uses only the
 * kernel's own types, loops have fixed bounds, and what is done with each policy is a function marked GUARD_APART.
 *
 * The verifier follows each path through a program.  It follows such a function once, whatever the arguments, and not
 * with each state of each caller, which is most of the time that loading the programs takes.  So these functions have
 * external linkage, and must not rely on the pointers that they get.
 */
#ifndef TSCF_CLIENT_GUARD_POLICIES_H
#define TSCF_CLIENT_GUARD_POLICIES_H

#include "tscf-client/guard/guard_map.h"

#include <stdbool.h>

#ifdef __bpf__
#define GUARD_APART  __attribute__((noinline))
#define GUARD_WITHIN static __attribute__((always_inline)) inline
#else
#define GUARD_APART  static inline
#define GUARD_WITHIN static inline
#endif

/* The mark under its mask, as in level.h. */
#define LEVEL_MASK  3U
#define UNENCRYPTED 1U
#define ONLY        2U
#define PREFERRED   3U
#define EXPLICIT    4U
#define OUTER       EXPLICIT
#define NUMBER(v)   ((v) >> 3)

/** Whether this value under the mask asks for the encrypted tunnel. */
GUARD_WITHIN bool is_encrypted(__u32 value)
{
	return (value & LEVEL_MASK) >= ONLY;
}

/** The two ends of a packet or of a socket, and the socket's owner.  Of a socket that is not connected, the remote port
 * is 0. */
struct flow {
	__u32 local[4], remote[4];
	__u32 local_port, remote_port;
	__u32 uid;
	__u32 protocol;
};

GUARD_WITHIN bool within(const struct guard_prefix *p, const __u32 a[4])
{
	return (((a[0] & p->mask[0]) ^ p->addr[0]) | ((a[1] & p->mask[1]) ^ p->addr[1]) |
		((a[2] & p->mask[2]) ^ p->addr[2]) | ((a[3] & p->mask[3]) ^ p->addr[3])) == 0;
}

GUARD_WITHIN bool same(const __u32 a[4], const __u32 b[4])
{
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
}

GUARD_WITHIN bool in_range(__u32 low, __u32 high, __u32 port)
{
	return high == 0 || (port >= low && port <= high);
}

/* Whether a policy without a number holds for packets to some remote. */
GUARD_APART bool may_hold(const struct guard_policy *p, const struct flow *f)
{
	if (!p || !f)
		return true;
	if (p->protocol != 0 && p->protocol != f->protocol)
		return false;
	if (p->flags & GUARD_POLICY_UID && (f->uid < p->uid_low || f->uid > p->uid_high))
		return false;
	return in_range(p->local_low, p->local_high, f->local_port);
}

/* Whether it holds for a packet. */
GUARD_APART bool holds(const struct guard_policy *p, const struct flow *f)
{
	if (!p || !f)
		return true;
	if (!may_hold(p, f) || !in_range(p->remote_low, p->remote_high, f->remote_port))
		return false;
	return !(p->flags & GUARD_POLICY_REMOTE) || within(&p->remote, f->remote);
}

/* Whether it gives a packet its level; @p number: the one in the mark. */
GUARD_APART bool decides(const struct guard_policy *p, const struct flow *f, __u32 number)
{
	if (!p || !f)
		return true;
	return p->number != 0 ? p->number == number : holds(p, f);
}

/* The level that the first policy gives a packet, or 0. */
GUARD_APART __u32 level_of_policies(const struct guard_net *net, const struct flow *f, __u32 number)
{
	if (!net || !f)
		return ONLY;
	for (__u32 i = 0; i < GUARD_POLICIES; i++) {
		if (i >= net->policy_count)
			break;
		if (decides(&net->policies[i], f, number))
			return net->policies[i].level;
	}
	return 0;
}

GUARD_APART bool leads_to(const struct guard_prefix *p, const struct flow *f)
{
	return !p || !f || within(p, f->remote);
}

GUARD_APART bool is_service(const struct guard_net *net, const struct flow *f)
{
	if (!net || !f)
		return true;
	for (__u32 i = 0; i < GUARD_ROUTES; i++) {
		if (i >= net->route_count)
			break;
		if (leads_to(&net->routes[i], f))
			return true;
	}
	return false;
}

GUARD_WITHIN bool is_program(const struct guard_program *wanted, const struct guard_program *here)
{
	__u64 other = (wanted->place.inode ^ here->place.inode) | (wanted->place.device ^ here->place.device) |
		      (wanted->length ^ here->length);

	for (__u32 i = 0; i < GUARD_NAME / 8; i++)
		other |= wanted->name[i] ^ here->name[i];
	return other == 0 && wanted->place.inode != 0;
}

/* Whether a numbered policy can hold for a socket of the program @p here.  @p fits: its pattern matches the cgroup. */
GUARD_APART bool can_hold(const struct guard_policy *p, __u32 uid, const struct guard_program *here, bool fits)
{
	if (!p || !here)
		return true;
	if (p->number == 0 || (p->flags & GUARD_POLICY_UID && (uid < p->uid_low || uid > p->uid_high)))
		return false;
	if (p->flags & GUARD_POLICY_CGROUP && !fits)
		return false;
	return !(p->flags & GUARD_POLICY_PROGRAM) || is_program(&p->program, here);
}

/* The numbered policies, as bits, that can hold for a socket of the program @p here.  @p fits: those whose pattern the
 * cgroup matches.  The bits are collected at @p found, in a map: if the verifier of Linux 6.1 knew their values, it
 * would follow each combination separately. */
GUARD_APART __u32 subject_of(const struct guard_net *net, __u32 uid, const struct guard_program *here, __u32 fits,
			     __u32 *found)
{
	if (!net || !here || !found)
		return 0;
	*found = 0;
	for (__u32 i = 0; i < GUARD_POLICIES; i++) {
		if (i >= net->policy_count)
			break;
		*found |= (__u32)can_hold(&net->policies[i], uid, here, fits >> i & 1) << i;
	}
	return *found;
}

GUARD_WITHIN bool names_remote(const struct guard_policy *p)
{
	return p->flags & GUARD_POLICY_REMOTE || p->remote_high != 0;
}

/* What a policy says of a socket. */
#define HOLDS  1U
#define VARIES 2U /* it holds for packets to some remotes, and does not forbid clear ones */

/* @p bit: the policy's bit in guard_socket.subject. */
GUARD_APART __u32 verdict_of(const struct guard_policy *p, const struct guard_socket *s, const struct flow *f,
			     __u32 bit)
{
	__u32 dscp;

	if (!p || !s || !f)
		return HOLDS;
	if (p->number == 0 && f->remote_port == 0 && names_remote(p))
		return p->level != ONLY && may_hold(p, f) ? VARIES : 0;
	if (p->number == 0)
		return holds(p, f) ? HOLDS : 0;
	dscp = (s->dscp[0] ? s->dscp[0] : s->dscp[1]) & 63;
	if (!(s->subject & bit) || (p->dscps != 0 && !(p->dscps >> dscp & 1)))
		return 0;
	return (p->protocol == 0 || p->protocol == f->protocol) && in_range(p->local_low, p->local_high, f->local_port)
		   ? HOLDS
		   : 0;
}

/* The value under the mask that the first policy gives a socket, or 0 if none holds.  As policies_value() of the
 * client. */
GUARD_APART __u32 class_of(const struct guard_net *net, const struct guard_socket *s, const struct flow *f)
{
	__u32 said = 0;

	if (!net || !s || !f)
		return ONLY;
	for (__u32 i = 0; i < GUARD_POLICIES; i++) {
		const struct guard_policy *p = &net->policies[i];

		if (i >= net->policy_count)
			break;
		said |= verdict_of(p, s, f, 1U << i);
		if (!(said & HOLDS))
			continue;
		if (p->number != 0)
			return (__u32)p->number << 3 | p->level;
		return said & VARIES && p->level == ONLY ? 0 : net->rule_number << 3 | p->level;
	}
	return 0;
}

enum change {
	CHANGE_NONE,
	CHANGE_RAISE, /* cannot cause clear packets: change at once */
	CHANGE_ASK,   /* the server must confirm first, so the client makes the change */
};

/* Whether a policy without a number has given this value. */
GUARD_WITHIN bool is_by_rule(const struct guard_net *net, __u32 value)
{
	return !(value & EXPLICIT) && value != 0 && NUMBER(value) == net->rule_number;
}

/* What to do about a socket that is marked with @p now and that policies give @p wanted. */
GUARD_WITHIN enum change change_of(const struct guard_net *net, __u32 now, __u32 wanted)
{
	__u32 level = wanted & LEVEL_MASK;

	if (now & EXPLICIT || now == wanted || (wanted == 0 && NUMBER(now) == 0))
		return CHANGE_NONE;
	if (level == ONLY || (level == PREFERRED && !(now & LEVEL_MASK) && net->default_level != ONLY))
		return CHANGE_RAISE;
	return CHANGE_ASK;
}

#endif
