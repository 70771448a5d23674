/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard.bpf.c - the part of the guard that runs in the kernel and drops packets; tscf(7), "GUARD".
 *
 * Every BPF program first looks up the network namespace it runs in, and does nothing in namespaces without a client.
 * It uses only the stable user space API, except for the few offsets that the client finds (guard_kernel.h).  So every
 * kernel from 6.1 on loads the same object.
 */
#include "tscf-client/guard/guard_connect.bpf.h"
#include "tscf-client/guard/guard_option.bpf.h"

#include <linux/in6.h>

#define IP_OPTION_ROUTER_ALERT 148 /* IPOPT_RA */

#define LOOPBACK 1 /* its index in every namespace */
#define PASS     1
#define DROP     0

static __always_inline __u64 netns_of_packet(struct __sk_buff *skb, struct bpf_sock *sk)
{
	struct guard_socket *stored;

	if (skb_has_netns)
		return bpf_get_netns_cookie(skb);
	stored = bpf_sk_storage_get(&sockets, sk, 0, 0);
	return stored ? stored->netns : 0;
}

/* The ends of a packet as its socket sees them.  A packet without readable ports gets the ports of the socket. */
static __always_inline bool read_flow(struct __sk_buff *skb, struct bpf_sock *sk, bool out, struct flow *f)
{
	__u8 first, next = 0;
	__u32 offset, source[4] = {}, destination[4] = {};
	__u16 ports[2];

	if (bpf_skb_load_bytes(skb, 0, &first, 1) < 0)
		return false;
	if (first >> 4 == 4) {
		source[2] = destination[2] = bpf_htonl(0xffff);
		if (bpf_skb_load_bytes(skb, 12, &source[3], 4) < 0 ||
		    bpf_skb_load_bytes(skb, 16, &destination[3], 4) < 0 || bpf_skb_load_bytes(skb, 9, &next, 1) < 0)
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
		/* The default level applies to the service network only. */
		by_policy = true;
		level = is_service(net, f) ? net->default_level : UNENCRYPTED;
	}
	*why = by_policy ? guard_out_policy : level == ONLY ? guard_out_only : guard_out_preferred;
	if (level == ONLY)
		return DROP;
	/* A preferred socket that is bound to the plain device sends through that.  The client diverts its packets to
	 * the encrypted tunnel. */
	return level == PREFERRED && net->preferred && device != net->plain && is_service(net, f) ? DROP : PASS;
}

/* Report once a socket that was made in a cgroup which the client did not know then. */
static __always_inline void tell_stranger(struct guard_socket *stored)
{
	struct guard_event e = {.kind = GUARD_EVENT_CLASS};

	if (stored->asked != 0)
		return;
	/* The client compares the two, so they must be the same before it gets the event. */
	e.asked = stored->asked = bpf_ktime_get_ns();
	if (!tell_of(stored->netns, &e, stored->pid, stored->uid))
		stored->asked = 0;
}

/* The value for a socket that policies make encrypted-only, and that the client has not marked yet. */
static __always_inline __u32 value_wanted(const struct guard_net *net, struct bpf_sock *sk, __u32 value)
{
	struct guard_socket *stored;

	if (!net->policy_count || value & EXPLICIT)
		return value;
	stored = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!stored)
		return value;
	if (stored->generation == 0 && stored->pid != 0)
		tell_stranger(stored);
	if ((stored->generation != net->generation && stored->generation != 0) || (stored->wanted & LEVEL_MASK) != ONLY)
		return value;
	return stored->wanted;
}

/* The policies are newer than the socket, and here nobody knows its program.  Those that say encrypted-only count as
 * holding for that program until the client has looked. */
static __always_inline void outdate(const struct guard_net *net, struct guard_socket *stored)
{
	stored->subject = net->forbids;
	stored->generation = 0;
	stored->wanted = 0;
}

/* The value for a socket to which the kernel has given a port without bind(2): when it connected, or sent its first
 * packet.  Only here is that port known.  If policies say encrypted-only by it, the packet is not sent in clear.  The
 * client sets the mark, if it is of a higher level. */
static __always_inline __u32 value_of_port(const struct guard_net *net, struct bpf_sock *sk, struct flow *f,
					   __u32 value)
{
	struct guard_event e = {.kind = GUARD_EVENT_CLASS};
	__u32 remote_port = f->remote_port, wanted, without;
	struct guard_socket *stored;
	bool outdated;

	if (!net->numbered || value & EXPLICIT || sk->type == SOCK_RAW)
		return value;
	stored = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!stored || stored->port == sk->src_port || (stored->pid == 0 && stored->generation != net->generation))
		return value;
	outdated = stored->generation != net->generation && stored->generation != 0;
	if (outdated)
		outdate(net, stored);
	/* What it sends to, without a connection, does not decide. */
	if (sk->dst_port == 0)
		f->remote_port = 0;
	f->local_port = 0;
	without = class_of(net, stored, f);
	stored->port = f->local_port = sk->src_port;
	wanted = class_of(net, stored, f);
	f->remote_port = remote_port;
	/* If the port changes nothing, the socket has what it should have since its birth. */
	if ((wanted == without && !outdated) || change_of(net, value, wanted) != CHANGE_RAISE)
		return value;
	stored->wanted = wanted;
	e.local_port = sk->src_port;
	e.asked = stored->asked = bpf_ktime_get_ns();
	tell_of(stored->netns, &e, stored->pid, stored->uid);
	return (wanted & LEVEL_MASK) == ONLY ? wanted : value;
}

/* The value for a connection that began before its listening socket was marked. */
static __always_inline __u32 value_waiting(struct __sk_buff *skb, __u64 netns, __u32 value)
{
	struct guard_key key = {.netns = netns, .cookie = bpf_get_socket_cookie(skb)};
	const struct guard_waiting *w = bpf_map_lookup_elem(&waiting, &key);

	return w && w->was == value ? w->value : value;
}

/* Whether the packet does not come from, or go to, the encrypted tunnel's own address. */
static __always_inline bool is_foreign(struct __sk_buff *skb, const struct guard_net *net, bool out)
{
	__u32 own[4] = {};
	__u8 first;

	if (!net->has_native)
		return true;
	if (bpf_skb_load_bytes(skb, 0, &first, 1) < 0)
		return false;
	if (first >> 4 == 4) {
		own[2] = bpf_htonl(0xffff);
		if (bpf_skb_load_bytes(skb, out ? 12 : 16, &own[3], 4) < 0)
			return false;
	} else if (bpf_skb_load_bytes(skb, out ? 8 : 24, own, 16) < 0) {
		return false;
	}
	return !same(own, net->native[0]) && !same(own, net->native[1]);
}

/* Whether a packet may have another destination than its IP header names, by a source route (RFC 791) or a routing
 * header (RFC 8200).  Of options, only the alert to routers (RFC 2113) by itself, which IGMP needs, surely has none; of
 * IPv6, the header behind the first extension is looked at, too. */
static __always_inline bool hides_destination(struct __sk_buff *skb)
{
	__u8 first, next;

	if (bpf_skb_load_bytes(skb, 0, &first, 1) < 0)
		return true;
	if (first >> 4 == 4)
		return (first & 15) != 5 && ((first & 15) != 6 || bpf_skb_load_bytes(skb, 20, &next, 1) < 0 ||
					     next != IP_OPTION_ROUTER_ALERT);
	if (bpf_skb_load_bytes(skb, 6, &next, 1) < 0)
		return true;
	if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS)
		return next == IPPROTO_ROUTING;
	return bpf_skb_load_bytes(skb, 40, &next, 1) < 0 || next == IPPROTO_ROUTING || next == IPPROTO_HOPOPTS ||
	       next == IPPROTO_DSTOPTS;
}

/* Whether a policy or the default level, which go by the destination, would have to judge such a packet. */
static __always_inline bool is_beyond_judgement(const struct guard_net *net, struct __sk_buff *skb, __u32 value)
{
	bool by_policy = net->policy_count && !(value & EXPLICIT);
	bool by_default = net->default_level == ONLY && !(value & LEVEL_MASK);

	return (by_policy || by_default) && hides_destination(skb);
}

/* Most packets: nothing is forbidden here, for whatever socket, but what its mark says. */
static __always_inline bool is_plain_net(const struct guard_net *net)
{
	return !net->policy_count && !net->default_level && !net->waiting;
}

/* Whether the packet travels by the encrypted device of its namespace: most packets of calls, so this is fast. */
static __always_inline bool is_quick(__u64 netns, __u32 device)
{
	__u32 slot = GUARD_QUICK_SLOT(netns);
	__u64 word = guard_quick_word(netns, device);
	const __u64 *there = bpf_map_lookup_elem(&quick, &slot);

	return there && word != 0 && *there == word;
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
	netns = netns_of_packet(skb, sk);
	if (is_quick(netns, skb->ifindex))
		return PASS;
	net = bpf_map_lookup_elem(&nets, &netns);
	if (!net || skb->ifindex == net->encrypted)
		return PASS;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return PASS;
	value = value_of(net, sk->mark);
	/* A mark set by a firewall rule, or by the program for one message, counts like one on the socket. */
	if (out && value == 0)
		value = value_of(net, skb->mark);
	if (is_plain_net(net) && (value & LEVEL_MASK) <= UNENCRYPTED &&
	    (value == OUTER || (!out && skb->ifindex == net->plain) || is_foreign(skb, net, out)))
		return PASS;
	value = value_wanted(net, sk, value);
	if (net->waiting && sk->protocol == IPPROTO_TCP)
		value = value_waiting(skb, netns, value);
	if (value == OUTER || (!out && skb->ifindex == net->plain))
		return PASS;
	if (!read_flow(skb, sk, out, &f))
		return PASS;
	f.uid = bpf_get_socket_uid(skb);
	if (out)
		value = value_of_port(net, sk, &f, value);
	why = guard_out_policy;
	if (!(out && is_beyond_judgement(net, skb, value)) && judge(net, &f, value, skb->ifindex, &why) == PASS)
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

/* Without stored data the socket could not be judged later, so refuse to make it.  Refuse MPTCP, too, if it must be
 * encrypted: such programs use TCP then. */
SEC("cgroup/sock_create")
int tscf_create(struct bpf_sock *sk)
{
	struct guard_socket fresh = {.netns = bpf_get_netns_cookie(sk)}, *stored;
	const struct guard_net *net = bpf_map_lookup_elem(&nets, &fresh.netns);
	struct guard_event e = {.kind = GUARD_EVENT_GROUP};
	__u32 value;

	if (!net)
		return 1;
	fresh.cookie = bpf_get_socket_cookie(sk);
	/* There may be policies later. */
	fresh.uid = current_owner();
	stored = bpf_sk_storage_get(&sockets, sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	if (!stored)
		return 0;
	if (net->policy_count) {
		struct flow f = {.protocol = sk->protocol};

		stored->pid = bpf_get_current_pid_tgid() >> 32;
		identify(net, stored);
		/* The socket has no port, has sent nothing and is not yet known to anyone: it may get any level. */
		reconsider(net, stored, 0, &f);
	}
	value = stored->wanted;
	if (value == 0 && net->runs)
		value = level_of_run(fresh.netns);
	if (!takes_mark(sk) && is_encrypted(value))
		return 0;
	if (value != 0 && takes_mark(sk))
		sk->mark = stored->mark = mark_with(net, sk->mark, value);
	if (net->grouped && stored->generation == 0)
		tell(fresh.netns, &e);
	/* It may never be bound. */
	if (sk->type == SOCK_RAW && is_of_interest(net, stored, value << (net->shift & 31))) {
		e.kind = GUARD_EVENT_LOOK;
		tell(fresh.netns, &e);
	}
	return 1;
}

/* At bind(2): the port is known, and nothing has been sent from it. */
static __always_inline int binds(struct bpf_sock_addr *ctx)
{
	__u64 netns = bpf_get_netns_cookie(ctx);
	const struct guard_net *net = bpf_map_lookup_elem(&nets, &netns);
	struct flow f = {.protocol = ctx->protocol, .local_port = bpf_ntohs(ctx->user_port)};
	struct bpf_sock *sk = ctx->sk;
	struct guard_socket *stored;
	enum change change;
	__u32 mark;

	if (!net || !sk)
		return 1;
	stored = stored_or_new(sk, netns);
	if (!stored)
		return 0;
	/* What runs after the bind cannot read these. */
	stored->cookie = bpf_get_socket_cookie(ctx);
	stored->device = sk->bound_dev_if;
	stored->ipv6_only = ipv6_only(sk);
	if (!net->policy_count)
		return 1;
	identify(net, stored);
	mark = sk->mark;
	change = reconsider(net, stored, value_of(net, mark), &f);
	if (change == CHANGE_NONE || (change == CHANGE_ASK && !is_by_rule(net, stored->wanted)))
		return 1;
	mark = mark_with(net, mark, stored->wanted);
	if (bpf_setsockopt(ctx, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return 0;
	stored->mark = mark;
	return 1;
}

SEC("cgroup/bind4")
int tscf_bind4(struct bpf_sock_addr *ctx)
{
	return binds(ctx);
}

SEC("cgroup/bind6")
int tscf_bind6(struct bpf_sock_addr *ctx)
{
	return binds(ctx);
}

/* @return whether to send the event @e.  The caller adds the local address, since a BPF program for one family cannot
 * read the other's. */
static __always_inline bool bound(struct bpf_sock *sk, __u64 *netns, struct guard_event *e)
{
	struct flow f = {.protocol = sk->protocol, .local_port = sk->src_port};
	const struct guard_net *net;
	struct guard_socket *stored;

	*netns = bpf_get_netns_cookie(sk);
	net = bpf_map_lookup_elem(&nets, netns);
	stored = net ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	if (!net || !stored)
		return false;
	e->cookie = stored->cookie;
	e->mark = e->mark_before = stored->mark;
	e->family = sk->family;
	e->type = sk->type;
	e->protocol = sk->protocol;
	e->local_port = sk->src_port;
	e->device = stored->device;
	e->ipv6_only = stored->ipv6_only;
	e->uid = stored->uid;
	/* The kernel has chosen the port, or the port takes a level away. */
	if (net->policy_count && reconsider(net, stored, value_of(net, stored->mark), &f) != CHANGE_NONE) {
		e->kind = GUARD_EVENT_CLASS;
		e->asked = stored->asked = bpf_ktime_get_ns();
		/* The rules apply a policy without a number to each packet, whatever the mark. */
		e->level = is_by_rule(net, stored->wanted) ? 0 : stored->wanted & LEVEL_MASK;
		return true;
	}
	return is_of_interest(net, stored, stored->mark);
}

/* If policies make a socket encrypted-only by a port that the kernel has chosen, the client must get the event.
 * Otherwise the bind fails, and the program may try again. */
static __always_inline int tell_bound(__u64 netns, struct guard_event *e)
{
	return tell_of(netns, e, bpf_get_current_pid_tgid() >> 32, e->uid) || e->kind != GUARD_EVENT_CLASS ||
	       e->level != ONLY;
}

SEC("cgroup/post_bind4")
int tscf_bound4(struct bpf_sock *sk)
{
	struct guard_event e = {.kind = GUARD_EVENT_BOUND};
	__u64 netns;

	if (!bound(sk, &netns, &e))
		return 1;
	e.local[0] = sk->src_ip4;
	return tell_bound(netns, &e);
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
	return tell_bound(netns, &e);
}

/* TCP sockets get a port here, too, without bind(2). */
SEC("sockops")
int tscf_tcp(struct bpf_sock_ops *ctx)
{
	__u32 op = ctx->op;

	if (op == BPF_SOCK_OPS_TCP_CONNECT_CB || op == BPF_SOCK_OPS_TCP_LISTEN_CB ||
	    op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		tell_tcp(ctx, op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB);
	/* The kernel's own values for what it asks. */
	ctx->reply = -1;
	return 1;
}

SEC("cgroup/setsockopt")
int tscf_setsockopt(struct bpf_sockopt *ctx)
{
	__u64 netns;
	struct guard_net *net;
	bool by_client;

	/* Let longer options pass untouched: the kernel fails them otherwise. */
	if (ctx->optlen > PAGE)
		ctx->optlen = 0;
	if (!is_ours(ctx->level, ctx->optname))
		return 1;
	netns = bpf_get_netns_cookie(ctx);
	net = bpf_map_lookup_elem(&nets, &netns);
	if (!net)
		return 1;
	if (ctx->level != SOL_SOCKET)
		return set_dscp(ctx, net, netns, ctx->level == IPPROTO_IPV6);
	if (ctx->optname == GUARD_OPTION_LEVEL)
		return set_level(ctx, net, netns);
	if (ctx->optname == GUARD_OPTION_CLIENT)
		return introduce(ctx, net);
	if (is_service_option(ctx->optname))
		return ask(ctx, netns);
	if (ctx->optname != SO_MARK) {
		tell_look(net, netns, 0);
		return 1;
	}
	by_client = net->client == bpf_get_current_pid_tgid() >> 32;
	if (!by_client)
		keep_bits(ctx, net, netns);
	remember_mark(ctx, net, netns, by_client);
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
	if (ctx->level != SOL_SOCKET || !ctx->sk ||
	    (ctx->optname != GUARD_OPTION_LEVEL && ctx->optname != GUARD_OPTION_RUN &&
	     !is_service_option(ctx->optname)))
		return 1;
	netns = bpf_get_netns_cookie(ctx);
	net = bpf_map_lookup_elem(&nets, &netns);
	if (!net || !is_internet(ctx->sk))
		return 1;
	if (is_service_option(ctx->optname))
		return tell_asked(ctx, netns);
	if (ctx->optlen < 4 || (void *)(level + 1) > ctx->optval_end)
		return 1;
	*level = ctx->optname == GUARD_OPTION_RUN ? level_of_run(netns) : value_of(net, ctx->sk->mark) & LEVEL_MASK;
	ctx->optlen = 4;
	/* The verifier would refuse one store for both. */
	barrier();
	ctx->retval = 0;
	return 1;
}

char _license[] SEC("license") = "GPL";
