#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# client-limits.sh - a client gets what its line in client-limits allows, and no more, at all workers together: tunnels,
# encrypted tunnels, packets in a second.  What is refused is in the log and counters of the server, and in the log and
# status of the client.  Nothing that a limit refuses is in clear.
. "$(dirname "$0")/lib.sh"

limits() { printf '%s\n' "$@" >"$T/limits"; }
status2() { in_phone2 "$TSCF_SBINDIR/tscf-client" status --json --control "$T/phone2.sock" | jq -r "$1"; }

topology
topology_phone2
start_capture
echo_server
(umask 077 && printf 'alice:%032d\n' 7 >"$T/keys")
limits "* tunnels=5" "alice tunnels=1 encrypted-tunnels=1"
SERVER_CONF=("workers = 4" "client-limits = \"$T/limits\"")
start_server --psk-file "$T/keys"

# --- tunnels: one for both phones, which are at two workers ---
start_client --psk-file "$T/keys"
background phone2 "$PHONE2" "$TSCF_SBINDIR/tscf-client" --foreground --server $SERVER_OUTER:$PORT --pin "$PIN" --psk-file "$T/keys" \
	--control "$T/phone2.sock" --state-dir "$T/phone2" --log-level debug
must 10 'status2 .plain.reason | grep -q "no more tunnels for this client (tunnels in client-limits)"' "the second phone's status says why it has none"
check "so does its log" grep -q "no more tunnels for this client" "$T/phone2.log"
is "it has none" "$(status2 .plain.state)" = connecting
check "the server's log names it" grep -q "refused: plain tunnel of $PHONE2_OUTER:[0-9]*, psk alice: no more tunnels" "$T/server.log"
is "counted" "$(server_counter refused_client_limit)" -ge 1
limits "alice tunnels=2 encrypted-tunnels=1"
server reload >/dev/null || fail "reload"
must 15 '[ "$(status2 .plain.state)" = up ]' "with another limit it gets one"
is "the phones are at two workers" "$(server sessions --json | jq '[.[].worker] | unique | length')" -eq 2

# --- encrypted tunnels ---
program first encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --marker "M-first " --report 50
first=$LAST_PID
grows first .echoed 10 "the first phone has an encrypted tunnel"
background second "$PHONE2" "$TSCF_BINDIR/tscf-run" --control "$T/phone2.sock" --level encrypted-only -- \
	"$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --marker "M-second " --report 50
must 10 'status2 .encrypted.reason | grep -q "no more encrypted tunnels for this client"' "the second one has none, and its status says why"
must 10 '[ "$(last second ".send_errors.EACCES // 0")" -gt 0 ]' "its encrypted-only socket is refused"
check "the server's log says so" grep -q "refused: encrypted tunnel of $PHONE2_OUTER:[0-9]*, psk alice: no more encrypted tunnels" "$T/server.log"
is "nothing came back" "$(last second ".echoed // 0")" -eq 0

# --- packets in a second ---
over() { server sessions --json | jq '[.[].over_rate] | add'; }
is "nothing was over a rate" "$(over)" -eq 0
limits "* packets-per-second=5" "alice tunnels=2 encrypted-tunnels=1"
server reload >/dev/null || fail "reload"
must 15 '[ "$(over)" -ge 20 ]' "packets over the rate are dropped"
is "counted" "$(server_counter over_rate)" -ge 20
check "the server's log says so" grep -q "psk alice: packets .* it are dropped: its limit of packets-per-second is reached" "$T/server.log"
must 5 '[ "$(client_status .encrypted.limit)" = "packets over packets-per-second are dropped" ]' "the client's status says so"
check "and its log" grep -q "encrypted tunnel: a limit of the server is reached: packets over packets-per-second are dropped" "$T/client.log"
echo "alice tunels=2" >"$T/limits"
check "a file with an error is refused" eval '! server reload >/dev/null 2>&1'
check "the log names the line" grep -q "client-limits: $T/limits:1: \"tunels=2\": expected IDENTITY KEY=NUMBER" "$T/server.log"
limits "# none"
must 10 '[ "$(grep -o -e "changed limits of clients are in use" -e tunels "$T/server.log" | tail -1)" != tunels ]' "a changed file is taken without a reload"
before=$(over)
grows first .echoed 100 "without limits packets come back"
is "and none is over a rate" "$(over)" -eq "$before"
kill "$first" "$LAST_PID"
stop_capture
is "not in clear: M-first" "$(in_clear M-first)" -eq 0
is "not in clear: M-second" "$(in_clear M-second)" -eq 0
