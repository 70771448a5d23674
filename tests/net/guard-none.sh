#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-none.sh - the guard cannot be had: it is switched off, or there are no rights, no bpf(), or no cgroup v2.  The
# client works as without a guard, the status says why there is none, and the kernel does not know the socket option.
# With guard = required the client does not start, and says why.
. "$(dirname "$0")/lib.sh"

CC=${CC:-cc}
topology
$CC -static -o "$T/confine" "$TSCF_SRC/tests/net/guard/confine.c" || die "confine cannot be built"
$CC -static -o "$T/static" "$TSCF_SRC/tests/net/guard/program.c" || die "a static program cannot be built"
start_capture
echo_server
start_server
start_guarded_client
stop_client

# without WHAT REASON COMMAND...: start the client by COMMAND, and check.
without() {
	local what=$1 reason=$2 required
	CLIENT_AS=("${@:3}")
	CLIENT_CONF=("guard = auto")
	[ "$what" != off ] || CLIENT_CONF=("guard = off")
	start_client
	is "$what: the status" "$(client_status '.guard | "\(.state): \(.reason)"')" = "off: $reason"
	check "$what: it is said to people" grep -qF "$reason" <<<"$(client status)"
	run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --rate 50 --linger 5000 --until-echoed 5 --marker "M-$what " >"$T/$what.out"
	is "$what: the library's programs get through" "$(last "$what" .echoed)" -eq 5
	is "$what: the option, for others" "$(in_phone "$T/static" udp $HOST 7000 "M-static-$what" 1 --level 2)" = "level=-92 back=0 error=setsockopt:ENOPROTOOPT"
	stop_client
	[ "$what" != off ] || return
	CLIENT_CONF=("guard = required")
	launch_client
	finish "$CLIENT_PID" 10
	required=$?
	is "$what, but required: the client's exit status" $required -eq 1
	check "$what, but required: the reason" grep -qF "guard: $reason (guard = required)" "$T/client.log"
}
without off "switched off"
without rights "cgroup v2: Operation not permitted" setpriv --bounding-set -sys_admin,-bpf
without bpf "looking for BPF programs: Operation not permitted" "$T/confine" --refuse bpf
without cgroup "cgroup v2: Operation not permitted" "$T/confine" --refuse fsopen
stop_capture
for what in off rights bpf cgroup; do is "in clear: M-$what" "$(in_clear "M-$what ")" -eq 0; done
