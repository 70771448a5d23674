/* SPDX-License-Identifier: GPL-3.0-or-later */
/* foreign.bpf.c - another product's programs at the same cgroup: they drop datagrams to one port, and see every socket.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PORT 7999

SEC("cgroup_skb/egress")
int foreign_egress(struct __sk_buff *skb)
{
	unsigned char first = 0, protocol = 0;
	unsigned short port = 0;

	if (bpf_skb_load_bytes(skb, 0, &first, 1) < 0 || first >> 4 != 4 ||
	    bpf_skb_load_bytes(skb, 9, &protocol, 1) < 0 || protocol != 17 ||
	    bpf_skb_load_bytes(skb, (first & 15) * 4 + 2, &port, 2) < 0)
		return 1;
	return port != bpf_htons(PORT);
}

SEC("cgroup/sock_create")
int foreign_create(struct bpf_sock *sk)
{
	/* Its own marks, outside of the bits of levels. */
	sk->mark |= 0x10;
	return 1;
}

char _license[] SEC("license") = "GPL";
