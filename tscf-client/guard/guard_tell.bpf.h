/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_tell.bpf.h - what the guard tells the client of a socket that has a port now, or is about to change.
 *
 * So the client need not list the sockets (registry.h).  For BPF only.
 */
#ifndef TSCF_CLIENT_GUARD_TELL_BPF_H
#define TSCF_CLIENT_GUARD_TELL_BPF_H

#include "tscf-client/guard/guard_class.bpf.h"

/* Whether the client counts such a socket, or registers it with the server. */
static __always_inline bool is_of_interest(const struct guard_net *net, const struct guard_socket *stored, __u32 mark)
{
	return (value_of(net, mark) & LEVEL_MASK) != 0 || net->policy_count > net->numbered || (stored && stored->asks);
}

/* Whether an IPv6 socket receives no IPv4: IPV6_V6ONLY.  The verifier allows no arithmetic with @p sk, but the kernel
 * may read the stack. */
static __always_inline __u32 ipv6_only(struct bpf_sock *sk)
{
	struct bpf_sock *const volatile pointer = sk;
	__u64 at = 0;
	__u8 byte = 0;

	if (offsets.sock_ipv6_only == 0)
		return GUARD_UNKNOWN;
	bpf_probe_read_kernel(&at, sizeof(at), (const void *)&pointer);
	bpf_probe_read_kernel(&byte, sizeof(byte), (const void *)(at + offsets.sock_ipv6_only / 8));
	return byte >> (offsets.sock_ipv6_only & 7) & 1;
}

static __always_inline void describe(struct guard_event *e, struct bpf_sock *sk)
{
	e->family = sk->family;
	e->type = sk->type;
	e->protocol = sk->protocol;
	e->device = sk->bound_dev_if;
	e->local_port = sk->src_port;
	e->remote_port = bpf_ntohs(sk->dst_port);
	if (sk->family == AF_INET6)
		e->ipv6_only = ipv6_only(sk);
	if (sk->family == AF_INET) {
		e->local[0] = sk->src_ip4;
		e->remote[0] = sk->dst_ip4;
		return;
	}
	e->local[0] = sk->src_ip6[0], e->local[1] = sk->src_ip6[1];
	e->local[2] = sk->src_ip6[2], e->local[3] = sk->src_ip6[3];
	e->remote[0] = sk->dst_ip6[0], e->remote[1] = sk->dst_ip6[1];
	e->remote[2] = sk->dst_ip6[2], e->remote[3] = sk->dst_ip6[3];
}

/* What a listing alone shows of the socket is about to change; @p cookie as in the event. */
static __always_inline void tell_look(const struct guard_net *net, __u64 netns, __u64 cookie)
{
	struct guard_event e = {.kind = GUARD_EVENT_LOOK, .cookie = cookie};

	if (net->client != bpf_get_current_pid_tgid() >> 32)
		tell(netns, &e);
}

/* A TCP socket begins to connect or to listen, or a listening socket has a new connection. */
static __always_inline void tell_tcp(struct bpf_sock_ops *ctx, bool accepted)
{
	struct guard_event e = {.kind = GUARD_EVENT_BOUND};
	__u64 netns = bpf_get_netns_cookie(ctx);
	const struct guard_net *net = bpf_map_lookup_elem(&nets, &netns);
	struct bpf_sock *sk = ctx->sk;
	struct guard_socket *stored;

	if (!net || !sk)
		return;
	stored = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!is_of_interest(net, stored, sk->mark))
		return;
	e.cookie = bpf_get_socket_cookie(ctx);
	/* The data of a new connection are a copy of the listening socket's. */
	if (stored && accepted)
		stored->cookie = e.cookie;
	describe(&e, sk);
	e.mark = e.mark_before = sk->mark;
	tell_of(netns, &e, stored ? stored->pid : 0, stored ? stored->uid : 0);
}

static __always_inline bool has_address(struct bpf_sock *sk)
{
	if (sk->family == AF_INET)
		return sk->src_ip4 != 0;
	return (sk->src_ip6[0] | sk->src_ip6[1] | sk->src_ip6[2] | sk->src_ip6[3]) != 0;
}

/* connect(2) gives a datagram socket a port and an address, but only after this.  Not static: so the verifier looks at
 * it once, and not with each state of its caller. */
__noinline int tell_connect(struct bpf_sock_addr *ctx)
{
	__u64 netns = bpf_get_netns_cookie(ctx);
	const struct guard_net *net = bpf_map_lookup_elem(&nets, &netns);
	struct bpf_sock *sk = ctx->sk;
	const struct guard_socket *stored;

	if (!net || !sk || sk->type != SOCK_DGRAM || (sk->src_port != 0 && has_address(sk)))
		return 1;
	stored = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (is_of_interest(net, stored, sk->mark))
		tell_look(net, netns, stored ? stored->cookie : 0);
	return 1;
}

#endif
