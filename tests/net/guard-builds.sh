#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-builds.sh - programs of another build's guard are attached, and their entry for a network namespace is longer
# than ours.  A client starts and flushes beside them, and removes the entries of namespaces that are gone.
. "$(dirname "$0")/lib.sh"

command -v bpftool >/dev/null || skip "needs bpftool"
command -v clang >/dev/null || skip "needs clang"
ROOT=$(cgroup_root) || skip "needs cgroup v2"
cat >"$T/other.c" <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct entry { char bytes[30000]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct entry);
} tscf_other SEC(".maps");
SEC("cgroup_skb/egress") int tscf_egress(struct __sk_buff *skb)
{
	__u64 none = 0;
	bpf_map_lookup_elem(&tscf_other, &none);
	return 1;
}
char _license[] SEC("license") = "GPL";
END
clang -O2 -g -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$T/other.c" -o "$T/other.o" || skip "clang makes no BPF here"
mkdir "$T/bpf"
mount -t bpf bpf "$T/bpf" || skip "no bpffs here"
leave() {
	bpftool cgroup detach "$ROOT" cgroup_inet_egress pinned "$T/bpf/other" multi 2>/dev/null
	umount -l "$T/bpf"
}
trap 'leave; cleanup' EXIT
bpftool prog load "$T/other.o" "$T/bpf/other" type cgroup/skb || skip "BPF programs cannot be loaded here"
map=$(bpftool -j prog show pinned "$T/bpf/other" | jq '.map_ids[0]')
# An entry of a namespace that is gone: no namespace has this number.
left() { bpftool -j map dump id "$map" | jq length; }
# shellcheck disable=SC2046 # a word for each byte
bpftool map update id "$map" key 1 0 0 0 0 0 0 0 value $(yes 1 | head -n 30000) && bpftool cgroup attach "$ROOT" cgroup_inet_egress pinned "$T/bpf/other" multi ||
	skip "BPF programs cannot be attached here"

topology
start_server
launch_client
wait_until 10 plain_up
is "the client starts beside it" "$(client_status .plain.state)" = up
is "entries of namespaces that are gone" "$(left)" -eq 0
stop_client
in_phone "$TSCF_SBINDIR/tscf-client" flush --config /dev/null --control "$CLIENT_CONTROL"
is "exit status of flush" $? -eq 0
