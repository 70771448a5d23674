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
#define EINVAL      22
#define ENOPROTOOPT 92
#define ENOBUFS     105

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

/* What later programs are not told: older kernels do not say with a packet whose namespace it is in. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct guard_socket);
} sockets SEC(".maps");

/* Of each namespace, to its client. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, GUARD_NETS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, GUARD_RING);
	});
} rings SEC(".maps");

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
	struct guard_socket *stored;

	if (skb_has_netns)
		return bpf_get_netns_cookie(skb);
	stored = bpf_sk_storage_get(&sockets, sk, 0, 0);
	return stored ? stored->netns : 0;
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

SEC("cgroup/sock_create")
int tscf_create(struct bpf_sock *sk)
{
	struct guard_socket fresh = {.netns = bpf_get_netns_cookie(sk), .cookie = bpf_get_socket_cookie(sk)};

	if (bpf_map_lookup_elem(&nets, &fresh.netns))
		bpf_sk_storage_get(&sockets, sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	return 1;
}

/* @return whether the client will hear of it. */
static __always_inline bool tell(__u64 netns, struct guard_event *e)
{
	void *ring = bpf_map_lookup_elem(&rings, &netns);

	if (!ring)
		return false;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->uid = (__u32)bpf_get_current_uid_gid();
	return bpf_ringbuf_output(ring, e, sizeof(*e), 0) == 0;
}

static __always_inline void describe(struct guard_event *e, struct bpf_sock *sk)
{
	e->family = sk->family;
	e->type = sk->type;
	e->protocol = sk->protocol;
	e->device = sk->bound_dev_if;
	e->local_port = sk->src_port;
	e->remote_port = bpf_ntohs(sk->dst_port);
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

/* Whether it is of interest that this socket has a port: somebody may want to send to it. */
static __always_inline bool wants_encryption(const struct guard_net *net, __u32 mark)
{
	__u32 level = value_of(net, mark) & LEVEL_MASK;

	return level == ONLY || level == PREFERRED || (level == 0 && net->policy_count > 0);
}

/* @return whether to tell of it; what it is bound to is for the caller, since a program of one family cannot read the other's. */
static __always_inline bool bound(struct bpf_sock *sk, __u64 *netns, struct guard_event *e)
{
	const struct guard_net *net;
	const struct guard_socket *stored;

	*netns = bpf_get_netns_cookie(sk);
	net = bpf_map_lookup_elem(&nets, netns);
	stored = net ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	if (!net || !stored || !wants_encryption(net, stored->mark))
		return false;
	e->cookie = stored->cookie;
	e->mark = e->mark_before = stored->mark;
	e->family = sk->family;
	e->type = sk->type;
	e->protocol = sk->protocol;
	e->local_port = sk->src_port;
	return true;
}

SEC("cgroup/post_bind4")
int tscf_bound4(struct bpf_sock *sk)
{
	struct guard_event e = {.kind = GUARD_EVENT_BOUND};
	__u64 netns;

	if (!bound(sk, &netns, &e))
		return 1;
	e.local[0] = sk->src_ip4;
	tell(netns, &e);
	return 1;
}

SEC("cgroup/post_bind6")
int tscf_bound6(struct bpf_sock *sk)
{
	struct guard_event e = {.kind = GUARD_EVENT_BOUND};
	__u64 netns;

	if (!bound(sk, &netns, &e))
		return 1;
	e.local[0] = sk->src_ip6[0], e.local[1] = sk->src_ip6[1];
	e.local[2] = sk->src_ip6[2], e.local[3] = sk->src_ip6[3];
	tell(netns, &e);
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

static __always_inline void remember_mark(struct bpf_sockopt *ctx, __u64 netns)
{
	struct guard_socket fresh = {.netns = netns}, *stored;
	const __u32 *mark = ctx->optval;

	if (!ctx->sk || (void *)(mark + 1) > ctx->optval_end)
		return;
	stored = bpf_sk_storage_get(&sockets, ctx->sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (stored)
		stored->mark = *mark;
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

static __always_inline int refuse(int error)
{
	bpf_set_retval(-error);
	return 0;
}

/* A level that the kernel may give by itself is one that nothing in clear can come of. */
static __always_inline bool is_raise(const struct guard_net *net, __u32 now, __u32 level)
{
	return level == ONLY ||
	       (level == PREFERRED && (now & LEVEL_MASK) != ONLY && net->policy_count == 0 && net->default_level != ONLY);
}

static __always_inline int set_level(struct bpf_sockopt *ctx, const struct guard_net *net, __u64 netns)
{
	struct guard_event e = {.kind = GUARD_EVENT_LEVEL};
	struct bpf_sock *sk = ctx->sk;
	__u32 *level = ctx->optval, now, next;
	struct guard_socket *stored, fresh = {.netns = netns};

	if (!sk || (sk->family != AF_INET && sk->family != AF_INET6))
		return 1;
	if (ctx->optlen != 4 || (void *)(level + 1) > ctx->optval_end || *level > PREFERRED)
		return refuse(EINVAL);
	stored = bpf_sk_storage_get(&sockets, sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (!stored)
		return refuse(ENOBUFS);
	e.cookie = stored->cookie;
	e.level = *level;
	e.mark = e.mark_before = sk->mark;
	describe(&e, sk);
	now = value_of(net, e.mark);
	next = *level ? EXPLICIT | *level : 0;
	if (now != next && is_raise(net, now, *level)) {
		e.mark = (e.mark & ~net->mask) | next << (net->shift & 31);
		if (bpf_setsockopt(sk, SOL_SOCKET, SO_MARK, &e.mark, sizeof(e.mark)) < 0)
			return refuse(ENOPROTOOPT);
		stored->mark = e.mark;
		tell(netns, &e);
	} else if (now != next) {
		/* The server must have confirmed before anything goes out in clear. */
		e.kind = GUARD_EVENT_ASKS;
		e.asked = stored->asked = bpf_ktime_get_ns();
		if (!tell(netns, &e))
			return refuse(ENOPROTOOPT);
	}
	ctx->optlen = -1; /* done; the kernel knows no such option */
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

static __always_inline bool is_ours(__u32 level, __u32 option)
{
	return level == SOL_SOCKET && (option == SO_MARK || option == GUARD_OPTION_LEVEL || option == GUARD_OPTION_CLIENT);
}

SEC("cgroup/setsockopt")
int tscf_setsockopt(struct bpf_sockopt *ctx)
{
	__u64 netns;
	struct guard_net *net;

	/* The kernel refuses longer ones that we have not let go by this. */
	if (ctx->optlen > PAGE)
		ctx->optlen = 0;
	if (!is_ours(ctx->level, ctx->optname))
		return 1;
	netns = bpf_get_netns_cookie(ctx);
	net = bpf_map_lookup_elem(&nets, &netns);
	if (!net)
		return 1;
	if (ctx->optname == GUARD_OPTION_LEVEL)
		return set_level(ctx, net, netns);
	if (ctx->optname == GUARD_OPTION_CLIENT)
		return introduce(ctx, net);
	if (net->client != bpf_get_current_pid_tgid() >> 32)
		keep_bits(ctx, net, netns);
	remember_mark(ctx, netns);
	return 1;
}

SEC("cgroup/getsockopt")
int tscf_getsockopt(struct bpf_sockopt *ctx)
{
	__u32 *level = ctx->optval;
	const struct guard_net *net;
	__u64 netns;

	if (ctx->optlen > PAGE)
		ctx->optlen = 0;
	if (ctx->level != SOL_SOCKET || ctx->optname != GUARD_OPTION_LEVEL || !ctx->sk)
		return 1;
	netns = bpf_get_netns_cookie(ctx);
	net = bpf_map_lookup_elem(&nets, &netns);
	if (!net || (ctx->sk->family != AF_INET && ctx->sk->family != AF_INET6))
		return 1;
	if (ctx->optlen < 4 || (void *)(level + 1) > ctx->optval_end)
		return 1;
	*level = value_of(net, ctx->sk->mark) & LEVEL_MASK;
	ctx->optlen = 4;
	/* One store for both would be refused by the verifier. */
	barrier();
	ctx->retval = 0;
	return 1;
}

char _license[] SEC("license") = "GPL";
