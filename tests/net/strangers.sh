#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# strangers.sh - programs that never heard of tunnels are unharmed by the library: same results and errno, threads that open sockets while
# another forks, 200 short-lived processes, nothing hangs, no descriptor leaks here or in the daemon, with and without a daemon.  States what the
# library costs at start-up.
. "$(dirname "$0")/lib.sh"

descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
# Milliseconds for 200 runs of a program.
two_hundred() {
	local from
	from=$(now)
	in_phone bash -c 'for ((i = 0; i < 200; i++)); do "$@" || exit 1; done' bash "$@" || return 1
	elapsed "$from"
}

topology
echo_server
start_server
start_client
must 5 reachable
before=$(descriptors "$CLIENT_PID")

bare=$(two_hundred /bin/true)
at encrypted-preferred
with=$(two_hundred "${AT[@]}" /bin/true) || fail "200 short-lived processes"
library=$(LD_PRELOAD=$TSCF_PRELOAD two_hundred /bin/true) || fail "200 short-lived processes with the library alone"
note "200 x true: $bare ms bare, $library ms with the library in them and in the shell, $with ms under tscf-run"
is "start-up cost of the library, microseconds per process" "$(((library - bare) * 5))" -le 3000

# What a program prints does not depend on the library.
script='import socket, subprocess
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); s.sendto(b"x", s.getsockname()); print(s.recv(9))
u = socket.socket(socket.AF_UNIX); print(u.connect_ex("/nonexistent"))
n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); n.bind((0, 0)); print("netlink")
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
for f, t, p in ((-1, 1, 0), (2, 99, 0), (2, 2, 6), (10, 1, 17)):
    try: socket.socket(f, t, p)
    except OSError as e: print(e.errno)
print(subprocess.run(["/bin/echo", "child"], capture_output=True).stdout)'
expected=$(in_phone python3 -c "$script")
for level in library unencrypted encrypted-only encrypted-preferred; do
	is "python, $level" "$(run $level python3 -c "$script" 2>&1)" = "$expected"
done
tscf_run -- bash -c 'exit 7'
is "exit status passes through" $? -eq 7
is "arguments pass through" "$(tscf_run printf '%s|' 'a b' -- '*')" = "$(printf '%s|' 'a b' -- '*')"

for level in library unencrypted encrypted-only encrypted-preferred; do
	at $level
	timeout 60 ip netns exec "$PHONE" "${AT[@]}" "$TSCF_TOOLS/hammer" --threads 4 --forks 60 >"$T/hammer.out" 2>"$T/hammer.log"
	is "threads and forks, level $level: status ($(cat "$T/hammer.out"))" $? -eq 0
done
must 5 "[ \"\$(descriptors $CLIENT_PID)\" -le $((before + 2)) ]" "the daemon has closed what it was given"
is "descriptors of the daemon before and after" "$(($(descriptors "$CLIENT_PID") - before))" -le 2
check "the daemon answers" client status --json >/dev/null

# --- without a daemon ---
stop_client
for level in library unencrypted encrypted-preferred; do
	is "no daemon: python, $level" "$(run $level python3 -c "$script" 2>/dev/null)" = "$expected"
done
at encrypted-preferred
timeout 60 ip netns exec "$PHONE" "${AT[@]}" "$TSCF_TOOLS/hammer" --threads 4 --forks 60 >"$T/hammer.out" 2>"$T/hammer.log"
is "no daemon: threads and forks: status" $? -eq 0
run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 1 --linger 0 >"$T/refused.out" 2>/dev/null
is "no daemon, encrypted-only: socket() fails" "$(last refused '.failed + " " + .error')" = "socket EACCES"
