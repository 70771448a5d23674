/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_option.bpf.h - socket options that change the level of a socket: its mark, its DSCP, and the option of the
 * guard itself.  For BPF only.
 */
#ifndef TSCF_CLIENT_GUARD_OPTION_BPF_H
#define TSCF_CLIENT_GUARD_OPTION_BPF_H

#include "tscf-client/guard/guard_asks.bpf.h"

/* A program that sets a mark of its own knows nothing of our bits, so they stay as they are.  Only the client takes a
 * socket out of its tunnels. */
static __always_inline void keep_bits(struct bpf_sockopt *ctx, const struct guard_net *net, __u64 netns)
{
	__u32 *mark = ctx->optval;
	__u32 now, kept;

	if (!ctx->sk || ctx->optlen < 4 || (void *)(mark + 1) > ctx->optval_end)
		return;
	now = ctx->sk->mark & net->mask;
	kept = now != 0 || value_of(net, *mark) == OUTER ? now : *mark & net->mask;
	if (kept == (*mark & net->mask))
		return;
	*mark = (*mark & ~net->mask) | kept;
	count(netns, guard_marks_kept);
}

/* The client's mark settles what policies give the socket, for a socket that is never bound, too. */
static __always_inline void remember_mark(struct bpf_sockopt *ctx, const struct guard_net *net, __u64 netns,
					  bool by_client)
{
	const __u32 *mark = ctx->optval;
	struct guard_socket *stored;

	if (!ctx->sk || (void *)(mark + 1) > ctx->optval_end)
		return;
	stored = stored_or_new(ctx->sk, netns);
	if (!stored)
		return;
	stored->mark = *mark;
	if (by_client)
		stored->wanted = value_of(net, *mark);
	else if (value_of(net, *mark) != value_of(net, ctx->sk->mark))
		tell_look(net, netns, 0);
}

static __always_inline bool knows_token(struct bpf_sockopt *ctx, const struct guard_net *net)
{
	__u8 *token = ctx->optval;

	if (ctx->optlen != (int)sizeof(net->token) || (void *)(token + sizeof(net->token)) > ctx->optval_end)
		return false;
	for (__u32 i = 0; i < sizeof(net->token); i++)
		if (token[i] != net->token[i])
			return false;
	return true;
}

/* The kernel may set a level by itself only if that cannot cause clear packets. */
static __always_inline bool is_raise(const struct guard_net *net, __u32 now, __u32 level)
{
	return level == ONLY || (level == PREFERRED && (now & LEVEL_MASK) != ONLY && net->policy_count == 0 &&
				 net->default_level != ONLY);
}

/* Apart for the same reason as apply_dscp(). */
static __noinline int set_level(struct bpf_sockopt *ctx, const struct guard_net *net, __u64 netns)
{
	struct guard_event e = {.kind = GUARD_EVENT_LEVEL};
	struct bpf_sock *sk = ctx->sk;
	__u32 *level = ctx->optval, now, next;
	struct guard_socket *stored;

	if (!sk || !is_internet(sk))
		return 1;
	if (ctx->optlen != 4 || (void *)(level + 1) > ctx->optval_end || *level > PREFERRED)
		return refuse(EINVAL);
	stored = stored_or_new(sk, netns);
	if (!stored)
		return refuse(ENOBUFS);
	e.cookie = stored->cookie;
	e.level = *level;
	e.mark = e.mark_before = sk->mark;
	describe(&e, sk);
	now = value_of(net, e.mark);
	next = *level ? EXPLICIT | *level : 0;
	if (now != next && is_encrypted(next) && !takes_mark(sk))
		return refuse(EOPNOTSUPP);
	if (now != next && is_raise(net, now, *level)) {
		e.mark = mark_with(net, e.mark, next);
		if (bpf_setsockopt(sk, SOL_SOCKET, SO_MARK, &e.mark, sizeof(e.mark)) < 0)
			return refuse(ENOPROTOOPT);
		stored->mark = e.mark;
		tell(netns, &e);
	} else if (now != next) {
		/* The server must confirm before anything goes out in clear. */
		e.kind = GUARD_EVENT_ASKS;
		e.asked = stored->asked = bpf_ktime_get_ns();
		if (!tell(netns, &e))
			return refuse(ENOPROTOOPT);
	}
	ctx->optlen = -1; /* done; do not pass the option on, which the kernel does not know */
	return 1;
}

static __always_inline int introduce(struct bpf_sockopt *ctx, struct guard_net *net)
{
	if (!knows_token(ctx, net))
		return 1;
	net->client = bpf_get_current_pid_tgid() >> 32;
	ctx->optlen = -1;
	return 1;
}

/* Apply the policies to a socket whose DSCP becomes that of @p tos.  A function of its own, so that its event is on the
 * stack only when no other event is: a program has 512 bytes with all that it calls. */
static __noinline int apply_dscp(struct bpf_sockopt *ctx, const struct guard_net *net, struct guard_socket *stored,
				 bool six, __u32 tos)
{
	struct guard_event e = {.kind = GUARD_EVENT_LEVEL};
	struct bpf_sock *sk = ctx->sk;
	struct flow f = {};
	enum change change;

	if (!sk)
		return 1;
	describe(&e, sk);
	e.cookie = stored->cookie;
	e.mark = e.mark_before = sk->mark;
	f.protocol = e.protocol;
	f.local_port = e.local_port;
	f.remote_port = e.remote_port;
	remote_of(&e, f.remote);
	change = reconsider(net, stored, value_of(net, e.mark), &f);
	if (change == CHANGE_RAISE && !takes_mark(sk))
		return refuse(EOPNOTSUPP);
	if (change == CHANGE_RAISE) {
		e.mark = mark_with(net, e.mark, stored->wanted);
		if (bpf_setsockopt(sk, SOL_SOCKET, SO_MARK, &e.mark, sizeof(e.mark)) < 0)
			return refuse(ENOBUFS);
		stored->mark = e.mark;
		tell(stored->netns, &e);
	} else if (change == CHANGE_ASK) {
		/* Set it now: the client will read it from the socket. */
		bpf_setsockopt(sk, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos));
		e.kind = GUARD_EVENT_CLASS;
		e.asked = stored->asked = bpf_ktime_get_ns();
		tell(stored->netns, &e);
	}
	return 1;
}

/* The program sets a DSCP: remember it for policies to come, and apply the present ones before anything is sent with
 * it. */
static __always_inline int set_dscp(struct bpf_sockopt *ctx, const struct guard_net *net, __u64 netns, bool six)
{
	struct guard_socket *stored;
	__u8 *byte = ctx->optval;
	__u32 tos;

	if (!ctx->sk || ctx->optlen < 1 || (void *)(byte + 1) > ctx->optval_end)
		return 1;
	tos = *byte;
	if (ctx->optlen >= 4 && (void *)(byte + 4) <= ctx->optval_end)
		tos = *(__s32 *)byte == -1 ? 0 : *(__u32 *)byte & 255;
	stored = stored_or_new(ctx->sk, netns);
	if (!stored)
		return refuse(ENOBUFS);
	stored->dscp[six] = tos >> 2;
	if (!net->numbered)
		return 1;
	identify(net, stored);
	return apply_dscp(ctx, net, stored, six, tos);
}

static __always_inline bool is_dscp(__u32 level, __u32 option)
{
	return (level == IPPROTO_IP && option == IP_TOS) || (level == IPPROTO_IPV6 && option == IPV6_TCLASS);
}

static __always_inline bool is_ours(__u32 level, __u32 option)
{
	if (is_dscp(level, option))
		return true;
	return level == SOL_SOCKET &&
	       (option == SO_MARK || option == GUARD_OPTION_LEVEL || option == GUARD_OPTION_CLIENT ||
		option == SO_BINDTODEVICE || option == SO_BINDTOIFINDEX || is_service_option(option));
}

#endif
