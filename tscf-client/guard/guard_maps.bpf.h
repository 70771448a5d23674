/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard_maps.bpf.h - what the guard's programs share: its maps, counters, events, and the mark under its mask.  For BPF
 * only. */
#ifndef TSCF_CLIENT_GUARD_MAPS_BPF_H
#define TSCF_CLIENT_GUARD_MAPS_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tscf-client/guard/guard_policies.h"

#define AF_INET          2
#define AF_INET6         10
#define SOCK_DGRAM       2
#define SOCK_RAW         3
#define SOL_SOCKET       1
#define SO_BINDTODEVICE  25
#define SO_MARK          36
#define SO_BINDTOIFINDEX 62
#define IPPROTO_IP       0
#define IP_TOS           1
#define IPV6_TCLASS      67
#define IPPROTO_ICMP     1
#define IPPROTO_TCP      6
#define IPPROTO_UDP      17
#define IPPROTO_IPV6     41
#define IPPROTO_ICMPV6   58
#define IPPROTO_UDPLITE  136
#define PAGE             4096
#define EINVAL           22
#define ENOPROTOOPT      92
#define EOPNOTSUPP       95
#define ENOBUFS          105

/** Whether BPF programs for packets can ask for the namespace; since Linux 6.15. */
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

/* The encrypted devices of namespaces. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GUARD_NETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} quick SEC(".maps");

/* Data of sockets for programs that run later: older kernels do not report the namespace of a packet. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct guard_socket);
} sockets SEC(".maps");

/* Which policies hold in cgroups. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GUARD_GROUPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_group_key);
	__type(value, struct guard_group);
} groups SEC(".maps");

/* Connections whose mark is not yet right. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GUARD_WAITING);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_key);
	__type(value, struct guard_waiting);
} waiting SEC(".maps");

/* What sockets ask for; written by the client alone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GUARD_ASKED);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_key);
	__type(value, struct guard_asked);
} asked SEC(".maps");

/* One ring per namespace, for events to its client. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, GUARD_NETS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__array(
	    values, struct {
		    __uint(type, BPF_MAP_TYPE_RINGBUF);
		    __uint(max_entries, 4096); /* each may have its own size */
	    });
} rings SEC(".maps");

static __always_inline void count(__u64 netns, enum guard_counter which)
{
	struct guard_counts *c = bpf_map_lookup_elem(&counts, &netns);

	if (c)
		__sync_fetch_and_add(&c->of[which], 1);
}

static __always_inline __u32 value_of(const struct guard_net *net, __u32 mark)
{
	return (mark & net->mask) >> (net->shift & 31);
}

static __always_inline bool tell_of(__u64 netns, struct guard_event *e, __u32 pid, __u32 uid)
{
	void *ring = bpf_map_lookup_elem(&rings, &netns);

	if (!ring)
		return false;
	e->pid = pid;
	e->uid = uid;
	if (bpf_ringbuf_output(ring, e, sizeof(*e), 0) == 0)
		return true;
	count(netns, guard_events_lost);
	return false;
}

/* Send an event about the current process.  @return whether the client will get it. */
static __always_inline bool tell(__u64 netns, struct guard_event *e)
{
	return tell_of(netns, e, bpf_get_current_pid_tgid() >> 32, (__u32)bpf_get_current_uid_gid());
}

/* The remote of an event, IPv4 mapped into IPv6. */
static __always_inline void remote_of(const struct guard_event *e, __u32 out[4])
{
	bool four = e->family == AF_INET;

	out[0] = four ? 0 : e->remote[0];
	out[1] = four ? 0 : e->remote[1];
	out[2] = four ? bpf_htonl(0xffff) : e->remote[2];
	out[3] = four ? e->remote[0] : e->remote[3];
}

/* Whether a mark that BPF sets reaches the packets.  The flows of an MPTCP connection get only the marks that the
 * client sets, by setsockopt(2); the connection itself sends nothing.  Others do not obey marks at all; see
 * tscf_socket_obeys_mark(). */
static __always_inline bool takes_mark(const struct bpf_sock *sk)
{
	__u32 type = sk->type, protocol = sk->protocol;

	/* The verifier allows only loads from the structure itself. */
	barrier();
	return type == SOCK_RAW || protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static __always_inline __u32 mark_with(const struct guard_net *net, __u32 mark, __u32 value)
{
	return (mark & ~net->mask) | value << (net->shift & 31);
}

#endif
