#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-builds.sh - programs of another build's guard are attached, and their entry for a network namespace is longer
# than ours.  A client starts and flushes beside them, and removes the entries of namespaces that are gone.  From the
# maps of its own build it also removes what belongs to no namespace that is guarded.
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

# --- its own maps, of which another build removes a namespace from the first only ---
own_map() {
	local id
	for id in $(grep -h '^map_id:' /proc/"$CLIENT_PID"/fdinfo/* | awk '{ print $2 }' | sort -u); do
		bpftool -j map show id "$id" | jq --arg name "$1" 'select(.name | test("^" + $name + "$")) | .id'
	done
}
size() { bpftool -j map show id "$1" | jq ".bytes_$2"; }
# strays MAP: entries of the namespace that no namespace has.
strays() { bpftool -j map dump id "$1" | jq '[.[] | select(.key[0] == "0x01" and (.key[1:8] | all(. == "0x00")))] | length'; }
OWN=("counts $(own_map counts)" "groups $(own_map groups)" "waiting $(own_map waiting)")
for entry in "${OWN[@]}"; do
	map=${entry#* }
	# shellcheck disable=SC2046 # a word for each byte
	bpftool map update id "$map" key 1 $(yes 0 | head -n $(($(size "$map" key) - 1))) value $(yes 1 | head -n "$(size "$map" value)") || die "${entry% *} cannot be written"
	is "what another client has left: ${entry% *}" "$(strays "$map")" -eq 1
done
kill_client
launch_client
must 10 plain_up
for entry in "${OWN[@]}"; do must 10 "[ \"\$(strays ${entry#* })\" -eq 0 ]" "${entry% *}: removed"; done
is "its own entry is there" "$(bpftool -j map dump id "$(own_map 'tscf_[0-9a-f]{10}')" | jq length)" -ge 1
is "and the guard" "$(client_status .guard.state)" = on
# The words of all namespaces, as guard_quick_word() has them: other clients of this host may be among them.
quick() { bpftool -j map dump id "$(own_map quick)" | jq -r '.[].value | map(ltrimstr("0x")) | reverse | join("") | select(test("[1-9a-f]")) | .[0:6]'; }
device=$(printf %06x "$(in_phone cat /sys/class/net/tscf1/ifindex)")
check "packets of its encrypted device need no search" grep -qx "$device" <<<"$(quick)"
stop_client
in_phone "$TSCF_SBINDIR/tscf-client" flush --config /dev/null --control "$CLIENT_CONTROL"
is "exit status of flush" $? -eq 0
