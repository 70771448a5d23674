#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# strangers.sh - the library does not harm programs that do not use tunnels: same results and errno, threads that open
# sockets while another forks, 200 short-lived processes.  Nothing hangs, and no descriptor leaks here or in the daemon,
# with and without a daemon.
. "$(dirname "$0")/lib.sh"

descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
# Each opens one internet socket, of which the client is told.
opens=(bash -c 'exec 3<>/dev/udp/127.0.0.1/9')
# two_hundred LEVEL: as many processes, one after the other; false if one fails or hangs.
two_hundred() {
	at "$1"
	in_phone timeout 60 bash -c 'for ((i = 0; i < 200; i++)); do "$@" || exit 1; done' bash "${AT[@]}" "${opens[@]}"
}
# no_leak WHAT: the daemon has as many descriptors as before there was a stranger, when its encrypted tunnel is gone.
no_leak() {
	wait_until 15 '[ "$(descriptors "$CLIENT_PID")" -eq "$before" ]'
	is "$1: descriptors of the daemon before and after" "$(descriptors "$CLIENT_PID")" -eq "$before"
}

topology
echo_server
CLIENT_CONF=("persistence = 0")
start_server
start_client
must 5 reachable
before=$(descriptors "$CLIENT_PID")

for level in library unencrypted encrypted-only encrypted-preferred; do
	check "200 short-lived processes, level $level" two_hundred $level
done
no_leak "short-lived processes"

# The output of a program does not depend on the library.
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
	is "threads and forks, level $level: status" $? -eq 0
done
no_leak "threads and forks"
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
check "and so for the short-lived ones" eval '! run encrypted-only "${opens[@]}" 2>/dev/null'
