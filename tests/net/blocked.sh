#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# blocked.sh - what never ends does not stop packets: a log that nobody reads, and a FIFO in place of the configuration
# file.  A command says at once that a daemon which a signal has stopped does not answer.
. "$(dirname "$0")/lib.sh"

# Standard error is a full pipe soon: its reader is the process itself, which does not read.
cat >"$T/unread.py" <<'END'
import fcntl, os, sys
r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
os.dup2(r, 9, inheritable=True)
os.dup2(w, 2)
os.execvp(sys.argv[1], sys.argv[1:])
END
UNREAD=(python3 "$T/unread.py")
# say PID: read what the process has logged.
say() { timeout 2 cat "/proc/$1/fd/9" 2>/dev/null; }

topology
echo_server
SERVER_AS=("${UNREAD[@]}")
start_server
CLIENT_AS=("${UNREAD[@]}")
start_client
program flow encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 100 --report 20
must 10 'encrypted_up && [ "$(last flow .echoed)" -gt 20 ]'

# --- the log ---
for _ in {1..60}; do
	timeout 5 ip netns exec "$PHONE" "$TSCF_SBINDIR/tscf-client" reload --control "$CLIENT_CONTROL" || die "the client hangs"
	timeout 5 ip netns exec "$SERVER" "$TSCF_SBINDIR/tscf-server" reload --control "$SERVER_CONTROL" || die "the server hangs"
done
grows flow .echoed 50 "packets pass, and nobody reads the logs"
note "longest gap: $(last flow .max_gap_ms) ms"

# --- the configuration file ---
say "$CLIENT_PID" >"$T/before.log"
say "$SERVER_PID" >"$T/before.log"
rm "$T/client.conf" "$T/server.conf"
mkfifo "$T/client.conf" "$T/server.conf"
from=$(now)
check "a reload by the client is refused" eval '! client reload 2>/dev/null'
check "a reload by the server is refused" eval '! server reload 2>/dev/null'
is "at once: ms" "$(elapsed "$from")" -lt 3000
say "$CLIENT_PID" >"$T/client.log"
say "$SERVER_PID" >"$T/server.log"
check "the client's log says why" grep -q "client.conf: not an ordinary file" "$T/client.log"
check "the server's log says why" grep -q "server.conf: not an ordinary file" "$T/server.log"
grows flow .echoed 50 "packets pass"

# --- a daemon that has been stopped ---
for daemon in client server; do
	pid=$CLIENT_PID
	[ $daemon = client ] || pid=$SERVER_PID
	kill -STOP "$pid"
	must 5 "grep -q '^State:.*stopped' /proc/$pid/status"
	from=$(now)
	check "status of a $daemon that is stopped fails" eval "! $daemon status 2>'$T/said'"
	is "at once: ms" "$(elapsed "$from")" -lt 3000
	kill -CONT "$pid"
	check "it says why" grep -q "tscf-$daemon does not answer at .*: its process $pid is stopped by a signal" "$T/said"
	check "$daemon: goes on" $daemon status --json >"$T/status.json"
done
from=$(last flow .echoed)
must 10 "[ \"\$(last flow .echoed)\" -gt $((from + 20)) ]" "packets pass"

# --- the end ---
for _ in {1..60}; do client reload 2>/dev/null && fail "the FIFO was read"; done
stop_client
is "the client stops, and nobody reads its log: exit status" $? -eq 0
