#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-beside.sh - the guard is not alone on the host.  Two network namespaces with a client each do not affect each
# other, nor one without a client.  BPF programs of another product, attached to the same cgroup before and after ours,
# still do their work, and so does the guard.
. "$(dirname "$0")/lib.sh"

FOREIGN_PORT=7999

# foreign before|after: attach a set of that name.  Its pins are in a bpffs of this test's own.
foreign() {
	bpftool prog loadall "$T/foreign.o" "$T/bpf/$1" && bpftool cgroup attach "$ROOT" cgroup_inet_egress pinned "$T/bpf/$1/foreign_egress" multi &&
		bpftool cgroup attach "$ROOT" cgroup_inet_sock_create pinned "$T/bpf/$1/foreign_create" multi
}
foreign_gone() {
	local set
	for set in before after; do
		bpftool cgroup detach "$ROOT" cgroup_inet_egress pinned "$T/bpf/$set/foreign_egress"
		bpftool cgroup detach "$ROOT" cgroup_inet_sock_create pinned "$T/bpf/$set/foreign_create"
	done
	umount "$T/bpf"
} 2>/dev/null

topology
topology_phone2
ROOT=$(cgroup_root) || skip "cgroup v2 is not mounted"
command -v clang >/dev/null && command -v bpftool >/dev/null || skip "needs clang and bpftool"
clang -O2 -g -target bpf -I/usr/include/"$(uname -m)"-linux-gnu -c -o "$T/foreign.o" "$TSCF_SRC/tests/net/guard/foreign.bpf.c" || die "the other product cannot be built"
mkdir "$T/bpf"
mount -t bpf bpf "$T/bpf" || skip "no bpffs"
trap 'status=$?; foreign_gone; (exit $status); cleanup' EXIT
foreign before || skip "BPF programs cannot be attached"

start_capture bridge
echo_server
start_server
start_guarded_client
# Its policy for all sockets applies to its own namespace only.
echo "policy any { protocol = udp level = encrypted-only }" >"$T/second.conf"
start_second_client second "$PHONE2" --config "$T/second.conf"
SECOND_PID=$LAST_PID
foreign after || die "the other product is not attached a second time"

FLOW=("$TSCF_TOOLS/flow" --to "$HOST:7000" --rate 100 --report 20)
program only encrypted-only "${FLOW[@]}" --bind "$ANY:5004" --marker "M-only "
program plain stranger "${FLOW[@]}" --bind "$ANY:5006" --marker "M-plain "
background second-only "$PHONE2" "$TSCF_BINDIR/tscf-run" --control "$T/second.sock" --level encrypted-only -- "${FLOW[@]}" --bind "$ANY:5004" --marker "M-second "
must 10 encrypted_up
for flow in only plain second-only; do grows $flow .echoed 20; done

# --- a namespace without a client ---
MARKED='
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x02000000)
print(s.sendto(b"M-marked", (sys.argv[1], 9)), end=" ")
try: s.setsockopt(socket.SOL_SOCKET, 0x7453, 2)
except OSError as e: print(e.errno)'
is "a namespace without a client: a mark like ours, and the option" "$(in_service python3 -c "$MARKED" "$SERVICE_GATEWAY")" = "8 92"

# --- one client is killed and flushed ---
flush_all() {
	in_phone ip rule flush
	in_phone ip rule add priority 32766 lookup main
	in_phone ip xfrm policy flush
}
kill_client
flush_all
grows only .send_errors.EPERM 20 "the guard of one works"
grows second-only .echoed 50 "and the other does not notice"
is "nor had an error" "$(last second-only .errors)" = 0
start_client
must 10 encrypted_up
grows only .echoed 20 "the first goes on"

# --- the other stops; the first goes on ---
kill -TERM "$SECOND_PID"
finish "$SECOND_PID" 10
is "the guard of the one that is left" "$(client_status .guard.state)" = on
flush_all
grows only .echoed 50 "it goes on"

# --- the other product ---
is "its programs drop what they do not like" "$(in_phone "$TSCF_TOOLS/flow" --to "$HOST:$FOREIGN_PORT" --count 3 --linger 0 | jq -c .send_errors)" = '{"EPERM":3}'
is "its mark and ours are on one socket" "$(in_phone python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 0x7453, 2)
print(hex(s.getsockopt(socket.SOL_SOCKET, socket.SO_MARK)), s.getsockopt(socket.SOL_SOCKET, 0x7453))')" = "0x6000010 2"
foreign_gone
grows only .echoed 20 "without it all goes on"
is "and the guard is there" "$(client_status .guard.state)" = on
stop_client
stop_capture
for marker in M-only M-second; do is "in clear: $marker" "$(in_clear "$marker ")" -eq 0; done
is "in clear: of one that is default" "$(in_clear "M-plain ")" -gt 20
