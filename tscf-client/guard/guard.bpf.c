/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard.bpf.c - what the kernel itself keeps from passing; tscf(7), "GUARD".
 *
 * Every program asks first whose network namespace it runs in, and leaves everything in the others as it is.  User space API
 * alone, no kernel structures: the same object is loaded by every kernel from 6.1 on.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "tscf-client/guard/guard_map.h"

#define LOOPBACK 1 /* its index in every namespace */
#define PASS     1
#define DROP     0

#define AF_INET     2
#define AF_INET6    10
#define SOCK_RAW    3
#define SOL_SOCKET  1
#define SO_MARK     36
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define PAGE        4096

/* The mark under its mask, as in level.h. */
#define LEVEL_MASK  3U
#define UNENCRYPTED 1U
#define ONLY        2U
#define PREFERRED   3U
#define EXPLICIT    4U
#define OUTER       EXPLICIT
#define NUMBER(v)   ((v) >> 3)

/** Whether programs that see packets are told the namespace; since Linux 6.15. */
const volatile bool skb_has_netns = false;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GUARD_NETS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct guard_net);
} nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GUARD_NETS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct guard_counts);
} counts SEC(".maps");

/* The namespace of a socket, for kernels that do not tell it with a packet. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, __u64);
} netns_of SEC(".maps");

struct flow {
	__u32 local[4], remote[4];
	__u32 local_port, remote_port;
	__u32 uid;
	__u32 protocol;
};

static __always_inline void count(__u64 netns, enum guard_counter which)
{
	struct guard_counts *c = bpf_map_lookup_elem(&counts, &netns);

	if (c)
		__sync_fetch_and_add(&c->of[which], 1);
}

static __always_inline __u64 netns_of_packet(struct __sk_buff *skb, struct bpf_sock *sk)
{
	__u64 *stored;

	if (skb_has_netns)
		return bpf_get_netns_cookie(skb);
	stored = bpf_sk_storage_get(&netns_of, sk, 0, 0);
	return stored ? *stored : 0;
}

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

/* The ends of a packet as its socket sees them.  What has no ports of its own to read has those of the socket. */
static __always_inline bool read_flow(struct __sk_buff *skb, struct bpf_sock *sk, bool out, struct flow *f)
{
	__u8 first, next = 0;
	__u32 offset, source[4] = {}, destination[4] = {};
	__u16 ports[2];

	if (bpf_skb_load_bytes(skb, 0, &first, 1) < 0)
		return false;
	if (first >> 4 == 4) {
		source[2] = destination[2] = bpf_htonl(0xffff);
		if (bpf_skb_load_bytes(skb, 12, &source[3], 4) < 0 || bpf_skb_load_bytes(skb, 16, &destination[3], 4) < 0 ||
		    bpf_skb_load_bytes(skb, 9, &next, 1) < 0)
			return false;
		offset = (first & 15) * 4;
	} else {
		if (bpf_skb_load_bytes(skb, 8, source, 16) < 0 || bpf_skb_load_bytes(skb, 24, destination, 16) < 0 ||
		    bpf_skb_load_bytes(skb, 6, &next, 1) < 0)
			return false;
		offset = 40;
	}
	__builtin_memcpy(f->local, out ? source : destination, sizeof(f->local));
	__builtin_memcpy(f->remote, out ? destination : source, sizeof(f->remote));
	f->protocol = sk->type == SOCK_RAW ? next : sk->protocol;
	f->local_port = sk->src_port;
	f->remote_port = bpf_ntohs(sk->dst_port);
	if ((next == IPPROTO_TCP || next == IPPROTO_UDP) && bpf_skb_load_bytes(skb, offset, ports, 4) == 0) {
		f->local_port = bpf_ntohs(out ? ports[0] : ports[1]);
		f->remote_port = bpf_ntohs(out ? ports[1] : ports[0]);
	}
	return true;
}

static __always_inline bool holds(const struct guard_policy *p, const struct flow *f)
{
	if (p->protocol != 0 && p->protocol != f->protocol)
		return false;
	if (p->flags & GUARD_POLICY_UID && (f->uid < p->uid_low || f->uid > p->uid_high))
		return false;
	if (!in_range(p->local_low, p->local_high, f->local_port) || !in_range(p->remote_low, p->remote_high, f->remote_port))
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

/* Whether a packet that does not travel in the encrypted tunnel may pass, and if not, why. */
static __always_inline int judge(const struct guard_net *net, const struct flow *f, __u32 value, __u32 device,
				 enum guard_counter *why)
{
	__u32 level = value & LEVEL_MASK;
	bool given = value & EXPLICIT, by_policy = false;

	if (net->has_native && (same(f->local, net->native[0]) || same(f->local, net->native[1]))) {
		*why = guard_out_native;
		return DROP;
	}
	if (!given) {
		__u32 policy = level_of_policies(net, f, NUMBER(value));

		by_policy = policy != 0;
		if (by_policy)
			level = policy;
	}
	if (level == 0 && net->default_level != 0) {
		/* The default level is one of the service network alone. */
		by_policy = true;
		level = is_service(net, f) ? net->default_level : UNENCRYPTED;
	}
	*why = by_policy ? guard_out_policy : level == ONLY ? guard_out_only : guard_out_preferred;
	if (level == ONLY)
		return DROP;
	/* What a preferred socket sends by the plain device, being bound to that, the client turns into the encrypted tunnel. */
	return level == PREFERRED && net->preferred && device != net->plain && is_service(net, f) ? DROP : PASS;
}

static __always_inline __u32 value_of(const struct guard_net *net, __u32 mark)
{
	return (mark & net->mask) >> (net->shift & 31);
}

static __always_inline int look(struct __sk_buff *skb, bool out)
{
	struct bpf_sock *sk = skb->sk;
	const struct guard_net *net;
	enum guard_counter why;
	struct flow f = {};
	__u32 value;
	__u64 netns;

	if (skb->ifindex == LOOPBACK || !sk)
		return PASS;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return PASS;
	netns = netns_of_packet(skb, sk);
	net = bpf_map_lookup_elem(&nets, &netns);
	if (!net || skb->ifindex == net->encrypted)
		return PASS;
	value = value_of(net, sk->mark);
	/* A mark that a rule of the firewall has set, or a message of the program, is as good as one on the socket. */
	if (out && value == 0)
		value = value_of(net, skb->mark);
	if (value == OUTER || (!out && skb->ifindex == net->plain))
		return PASS;
	if (!read_flow(skb, sk, out, &f))
		return PASS;
	f.uid = bpf_get_socket_uid(skb);
	if (judge(net, &f, value, skb->ifindex, &why) == PASS)
		return PASS;
	count(netns, out ? why : why + (guard_in_only - guard_out_only));
	return DROP;
}

SEC("cgroup_skb/egress")
int tscf_egress(struct __sk_buff *skb)
{
	return look(skb, true);
}

SEC("cgroup_skb/ingress")
int tscf_ingress(struct __sk_buff *skb)
{
	return look(skb, false);
}

static __always_inline void remember_netns(struct bpf_sock *sk, __u64 netns)
{
	if (!skb_has_netns && sk)
		bpf_sk_storage_get(&netns_of, sk, &netns, BPF_SK_STORAGE_GET_F_CREATE);
}

SEC("cgroup/sock_create")
int tscf_create(struct bpf_sock *sk)
{
	__u64 netns = bpf_get_netns_cookie(sk);

	if (bpf_map_lookup_elem(&nets, &netns))
		remember_netns(sk, netns);
	return 1;
}

/* A program that sets a mark of its own knows nothing of our bits: they stay as they are.  Nobody but the client takes a socket
 * out of its tunnels. */
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

SEC("cgroup/setsockopt")
int tscf_setsockopt(struct bpf_sockopt *ctx)
{
	__u64 netns;
	struct guard_net *net;
	__u32 caller;

	/* The kernel refuses longer ones that we have not let go by this. */
	if (ctx->optlen > PAGE)
		ctx->optlen = 0;
	if (ctx->level != SOL_SOCKET || (ctx->optname != SO_MARK && ctx->optname != GUARD_OPTION_CLIENT))
		return 1;
	netns = bpf_get_netns_cookie(ctx);
	net = bpf_map_lookup_elem(&nets, &netns);
	if (!net)
		return 1;
	caller = bpf_get_current_pid_tgid() >> 32;
	if (ctx->optname == SO_MARK && net->client != caller)
		keep_bits(ctx, net, netns);
	if (ctx->optname == GUARD_OPTION_CLIENT && knows_token(ctx, net)) {
		net->client = caller;
		ctx->optlen = -1; /* done; the kernel knows no such option */
	}
	return 1;
}

char _license[] SEC("license") = "GPL";
