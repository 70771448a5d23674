#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# offline.sh - a host is without a network for a long time.  The client goes on searching, logs each fault once and at
# the end how often it failed, takes next to no processor time, and is up soon afterwards.
. "$(dirname "$0")/lib.sh"

failures() { client_status .plain.failures; }
lines() { wc -l <"$T/client.log"; }
# Hundredths of seconds of the processor.
ticks() { awk '{ print $14 + $15 }' "/proc/$CLIENT_PID/stat"; }
# offline WHAT FAILURES: what happens while that many attempts fail.
offline() {
	must 10 '! plain_up' "$1: the tunnel is lost"
	local before ticks
	before=$(lines) ticks=$(ticks)
	must 90 "[ \"\$(failures)\" -ge $2 ]" "$1: $2 attempts fail"
	is "$1: lines in the log meanwhile" "$(($(lines) - before))" -le 8
	is "$1: milliseconds of the processor" "$((10 * ($(ticks) - ticks)))" -le 500
}
swallow() {
	in_server nft -f - <<-END
		table inet hole { chain in { type filter hook prerouting priority -400; iifname access meta l4proto { tcp, udp } drop; }; }
	END
}

topology
start_server
CLIENT_CONF=("keepalive = 1")
TRANSPORT=auto start_client --log-level info
program only encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 5 --report 200
must 10 encrypted_up

ip -n "$PHONE" link set access down
offline "no link" 20
is "of each way status says how often" "$(client_status '[.candidates[] | select(.failures > 1 and .reason != null)] | length')" -eq 4
# Another fault is logged.  There is no moment without any.
swallow
ip -n "$PHONE" link set access up
ip -n "$PHONE" route replace default via 198.51.100.1
offline "swallowed" 30
in_server nft delete table inet hole
from=$(now)
must 10 plain_up "up again"
is "up again: milliseconds" "$(elapsed "$from")" -le 5000
is "said once" "$(grep -Ec "is used, after [0-9]+ attempts in vain in " "$T/client.log")" -eq 1
