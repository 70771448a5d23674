/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_connect.bpf.h - the level of a socket by the remote that it connects or sends to.
 *
 * The kernel's rules apply a policy that names a remote to each packet.  Here the mark follows, before the first
 * packet, so that the socket keeps its level if another program flushes the rules, and a program that asks for the
 * level gets it.  For BPF only.
 */
#ifndef TSCF_CLIENT_GUARD_CONNECT_BPF_H
#define TSCF_CLIENT_GUARD_CONNECT_BPF_H

#include "tscf-client/guard/guard_tell.bpf.h"

static __always_inline int set_mark_of(struct bpf_sock_addr *ctx, struct guard_socket *stored, __u32 mark)
{
	int err = bpf_setsockopt(ctx, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));

	if (err == 0)
		stored->mark = mark;
	return err;
}

/* Whether the mark may get the value now, even if that is a lower level: nothing was sent from the socket, or the rules
 * apply the policy to all packets of this connection anyway. */
static __always_inline bool may_follow(const struct guard_net *net, __u32 wanted, __u32 local_port)
{
	return wanted != 0 && (local_port == 0 || is_by_rule(net, wanted));
}

/* At connect(2): the remote is known, and nothing has been sent to it. */
static __always_inline int connects(struct bpf_sock_addr *ctx, struct flow *f)
{
	struct guard_event e = {.kind = GUARD_EVENT_LEVEL};
	__u64 netns = bpf_get_netns_cookie(ctx);
	const struct guard_net *net = bpf_map_lookup_elem(&nets, &netns);
	struct bpf_sock *sk = ctx->sk;
	struct guard_socket *stored;
	enum change change;

	if (!net || !net->policy_count || !sk)
		return 1;
	stored = stored_of(net, sk, netns);
	if (!stored)
		return 0;
	f->protocol = ctx->protocol;
	f->local_port = sk->src_port;
	f->remote_port = bpf_ntohs(ctx->user_port);
	describe(&e, sk);
	e.cookie = stored->cookie;
	e.mark = e.mark_before = sk->mark;
	change = reconsider(net, stored, value_of(net, e.mark), f);
	if (change == CHANGE_NONE)
		return 1;
	if (change == CHANGE_RAISE || may_follow(net, stored->wanted, f->local_port)) {
		e.mark = mark_with(net, e.mark, stored->wanted);
		if (set_mark_of(ctx, stored, e.mark) < 0)
			return 0;
	} else {
		e.kind = GUARD_EVENT_CLASS;
		e.asked = stored->asked = bpf_ktime_get_ns();
	}
	tell(netns, &e);
	return 1;
}

/* A datagram to a remote for which a policy says encrypted-only makes its socket so: the answers cannot be told from
 * the other packets that it receives. */
static __always_inline int sends(struct bpf_sock_addr *ctx, const struct guard_net *net, __u64 netns, struct flow *f)
{
	struct guard_event e = {.kind = GUARD_EVENT_LEVEL};
	struct bpf_sock *sk = ctx->sk;
	struct guard_socket *stored = stored_of(net, sk, netns);
	__u32 wanted;

	if (!stored)
		return 0;
	f->protocol = ctx->protocol;
	f->local_port = sk->src_port;
	f->remote_port = bpf_ntohs(ctx->user_port);
	f->uid = stored->uid;
	wanted = class_of(net, stored, f);
	if ((wanted & LEVEL_MASK) != ONLY)
		return 1;
	stored->sent |= is_by_rule(net, wanted);
	describe(&e, sk);
	e.cookie = stored->cookie;
	e.mark = e.mark_before = sk->mark;
	if (value_of(net, e.mark) & EXPLICIT || (value_of(net, e.mark) & LEVEL_MASK) == ONLY)
		return 1;
	e.mark = mark_with(net, e.mark, stored->wanted = wanted);
	if (set_mark_of(ctx, stored, e.mark) < 0)
		return 0;
	tell(netns, &e);
	return 1;
}

/* Most sends end here: each datagram of a socket that is not connected comes this way. */
static __always_inline const struct guard_net *net_with_remotes(struct bpf_sock_addr *ctx, __u64 *netns)
{
	const struct guard_net *net;

	*netns = bpf_get_netns_cookie(ctx);
	net = bpf_map_lookup_elem(&nets, netns);
	return net && net->remotes && ctx->sk ? net : 0;
}

static __always_inline void read_remote4(struct bpf_sock_addr *ctx, struct flow *f)
{
	f->remote[2] = bpf_htonl(0xffff);
	f->remote[3] = ctx->user_ip4;
}

static __always_inline void read_remote6(struct bpf_sock_addr *ctx, struct flow *f)
{
	f->remote[0] = ctx->user_ip6[0];
	f->remote[1] = ctx->user_ip6[1];
	f->remote[2] = ctx->user_ip6[2];
	f->remote[3] = ctx->user_ip6[3];
}

SEC("cgroup/connect4")
int tscf_connect4(struct bpf_sock_addr *ctx)
{
	struct flow f = {};

	read_remote4(ctx, &f);
	return connects(ctx, &f) && tell_connect(ctx);
}

SEC("cgroup/connect6")
int tscf_connect6(struct bpf_sock_addr *ctx)
{
	struct flow f = {};

	read_remote6(ctx, &f);
	return connects(ctx, &f) && tell_connect(ctx);
}

SEC("cgroup/sendmsg4")
int tscf_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct flow f = {};
	__u64 netns;
	const struct guard_net *net = net_with_remotes(ctx, &netns);

	if (!net)
		return 1;
	read_remote4(ctx, &f);
	return sends(ctx, net, netns, &f);
}

SEC("cgroup/sendmsg6")
int tscf_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct flow f = {};
	__u64 netns;
	const struct guard_net *net = net_with_remotes(ctx, &netns);

	if (!net)
		return 1;
	read_remote6(ctx, &f);
	return sends(ctx, net, netns, &f);
}

#endif
