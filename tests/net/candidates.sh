#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# candidates.sh - a list of two servers.  The second is used while the first is dead.  Calls on it are not cut off when
# the first comes back; the client returns to the first when the tunnel is idle.  When the first dies, the second is
# used again.  Encrypted-only sockets are never in clear meanwhile.
. "$(dirname "$0")/lib.sh"

# A second tunnel server beside the first, with addresses of its own.
second() { in_server "$TSCF_SBINDIR/tscf-server" "$@" --control "$T/second.sock"; }
start_second() {
	ip netns exec "$SERVER" "$TSCF_SBINDIR/tscf-server" --foreground --control "$T/second.sock" --state-dir "$T/second" --log-level debug \
		--plain-dev tscf2 --encrypted-dev tscf3 --listen $SERVER_OUTER:3004 --pool 10.18.0.0/24 --encrypted-pool 10.19.0.0/24 \
		--route $SERVICE_NET --services DTTE >>"$T/second.log" 2>&1 &
	PIDS+=("$!")
	must 10 'second status --json' "the second server answers"
}
server_of() { client_status .plain.server; }
# candidate WAY FIELD
candidate() { client_status ".candidates[] | select(.way == \"$1\").$2"; }

topology
start_capture
echo_server
CLIENT_CONF=("return-idle = 1" "keepalive = 1" "persistence = 0" "hold-time = 500")
start_server
first_pin=$PIN
kill_server
start_second
PIN=$first_pin
start_client --server $SERVER_OUTER:3004 --transport udp --pin "$(second status --json | jq -r .pin)"
is "the first is dead: up by the second" "$(server_of)" = $SERVER_OUTER:3004
is "with an address of its pool" "${PHONE_INNER%.*}" = 10.18.0
is "which status shows" "$(candidate "udp $SERVER_OUTER:3004" state)" = used
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --marker "M-only " --report 50
only=$LAST_PID
must 10 '[ "$(last only .echoed)" -gt 20 ]' "an encrypted-only socket by the second server"

start_server
must 15 'candidate "udp $SERVER_OUTER:$PORT" reason | grep -q "another internal address"' "the first is found, and not taken while there is a call"
is "the second is still used" "$(server_of)" = $SERVER_OUTER:3004
kill "$only"
finish "$only" 5
must 30 '[ "$(server_of)" = $SERVER_OUTER:$PORT ] && plain_up' "the first is gone back to when the tunnel is idle"
PHONE_INNER=$(client_status '.plain.internal[0]' | cut -d/ -f1)
is "with an address of its pool" "${PHONE_INNER%.*}" = 10.8.0
check "which carries packets" reachable
must 5 '[ "$(second status --json | jq ".interfaces[0].plain.tunnels")" -eq 0 ]' "nothing is left at the second"
pass "nothing is left at the second"

kill_server
died=$(now)
must 15 '[ "$(server_of)" = $SERVER_OUTER:3004 ] && plain_up' "the second is used when the first dies"
note "$(elapsed "$died") ms after it was killed"
check "which carries packets" reachable
stop_capture
is "the encrypted-only socket was never in clear" "$(in_clear M-only)" -eq 0
