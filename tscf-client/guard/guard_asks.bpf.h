/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_asks.bpf.h - socket options by which programs ask for redundancy and datagrams: an event tells the client, and
 * the map `asked` tells what it has made of it.  The errors are those of tsc(3).  For BPF only.
 */
#ifndef TSCF_CLIENT_GUARD_ASKS_BPF_H
#define TSCF_CLIENT_GUARD_ASKS_BPF_H

#include "tscf-client/guard/guard_tell.bpf.h"

/* What redundancy.h and datagram.h have: the largest factor, connections in turn, as much as the loss demands, the last
 * preference. */
#define FACTOR_MAX     4
#define FACTOR_BALANCE 254
#define FACTOR_AUTO    255
#define PREFERENCE_MAX 2
/* Methods of tsc.h: repair packets, connections in turn, and another name of the first. */
#define METHOD_REPAIR  0
#define METHOD_BALANCE 1
#define METHOD_FAN_OUT 2

static __always_inline int refuse(int error)
{
	bpf_set_retval(-error);
	return 0;
}

static __always_inline bool is_service_option(__u32 option)
{
	return option == GUARD_OPTION_REDUNDANCY || option == GUARD_OPTION_DATAGRAM;
}

static __always_inline bool is_internet(struct bpf_sock *sk)
{
	return sk->family == AF_INET || sk->family == AF_INET6;
}

/* The value of an option is one integer, or two. */
static __always_inline __s32 size_of(__u32 option)
{
	return option == GUARD_OPTION_REDUNDANCY ? 2 * sizeof(__u32) : sizeof(__u32);
}

/* @return 0, or what is wrong with the value of the option. */
static __always_inline int check_asked(const struct bpf_sockopt *ctx, const __u32 *value, __u32 protocol)
{
	if (ctx->optlen != size_of(ctx->optname) || (void *)(value + 1) > ctx->optval_end)
		return EINVAL;
	if (ctx->optname == GUARD_OPTION_DATAGRAM) {
		if (value[0] > PREFERENCE_MAX)
			return EINVAL;
		return protocol == IPPROTO_UDP ? 0 : EOPNOTSUPP;
	}
	if ((void *)(value + 2) > ctx->optval_end || (value[0] > FACTOR_MAX && value[0] != FACTOR_AUTO))
		return EINVAL;
	return value[1] <= METHOD_FAN_OUT ? 0 : EOPNOTSUPP;
}

/* @return what the client is told of a value that is right, as redundancy.h and datagram.h have it. */
static __always_inline __u32 asked_by(const struct bpf_sockopt *ctx, const __u32 *value)
{
	if (ctx->optname == GUARD_OPTION_REDUNDANCY && (void *)(value + 2) <= ctx->optval_end &&
	    value[1] == METHOD_BALANCE && value[0] != 0)
		return FACTOR_BALANCE;
	return value[0];
}

/* setsockopt(2).  Apart, so that its event is on the stack only when no other event is. */
static __noinline int ask(struct bpf_sockopt *ctx, __u64 netns)
{
	struct guard_event e = {.kind = GUARD_EVENT_DATAGRAM};
	const __u32 *value = ctx->optval;
	struct bpf_sock *sk = ctx->sk;
	struct guard_socket *stored;
	int error;

	if (!sk || !is_internet(sk))
		return 1;
	describe(&e, sk);
	error = check_asked(ctx, value, e.protocol);
	if (error != 0 || (void *)(value + 1) > ctx->optval_end)
		return refuse(error);
	stored = stored_or_new(sk, netns);
	if (!stored)
		return refuse(ENOBUFS);
	/* The client knows what asks by its cookie. */
	if (stored->cookie == 0)
		return refuse(ENOPROTOOPT);
	if (ctx->optname == GUARD_OPTION_REDUNDANCY)
		e.kind = GUARD_EVENT_REDUNDANCY;
	e.cookie = stored->cookie;
	e.level = asked_by(ctx, value);
	e.mark = e.mark_before = sk->mark;
	stored->asks = 1;
	if (!tell_of(netns, &e, stored->pid, stored->uid))
		return refuse(ENOPROTOOPT);
	ctx->optlen = -1; /* done; do not pass the option on, which the kernel does not know */
	return 1;
}

/* getsockopt(2). */
static __always_inline int tell_asked(struct bpf_sockopt *ctx, __u64 netns)
{
	const struct guard_socket *stored = bpf_sk_storage_get(&sockets, ctx->sk, 0, 0);
	struct guard_key key = {.netns = netns};
	const struct guard_asked *has;
	__u32 *value = ctx->optval;

	if (!stored || stored->cookie == 0)
		return 1;
	if (ctx->optlen < size_of(ctx->optname) || (void *)(value + 1) > ctx->optval_end) {
		ctx->retval = -EINVAL;
		return 1;
	}
	key.cookie = stored->cookie;
	has = bpf_map_lookup_elem(&asked, &key);
	if (ctx->optname == GUARD_OPTION_DATAGRAM) {
		value[0] = has ? has->datagram : 0;
		ctx->optlen = sizeof(__u32);
	} else if ((void *)(value + 2) <= ctx->optval_end) {
		bool balance = has && has->redundancy == FACTOR_BALANCE;

		value[0] = balance ? FACTOR_AUTO : has ? has->redundancy : 0;
		value[1] = balance ? METHOD_BALANCE : METHOD_REPAIR;
		ctx->optlen = 2 * sizeof(__u32);
	}
	/* As in tscf_getsockopt(). */
	barrier();
	ctx->retval = 0;
	return 1;
}

#endif
