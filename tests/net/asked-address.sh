#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# asked-address.sh - a server that listens on all its addresses answers from the address that was asked, over UDP and
# DTLS, IPv4 and IPv6.  That holds for single packets, for bursts that the kernel joins and splits, and for the first
# packets of a server that was started again.
. "$(dirname "$0")/lib.sh"

topology
echo_server
ip -n "$SERVER" addr add 198.51.100.50/24 dev access
ip -n "$SERVER" addr add 203.0.113.1/32 dev lo
for ns in $PHONE $SERVER; do ipv6_on $ns access; done
add_address $PHONE access 2001:db8:1::2/64
add_address $SERVER access 2001:db8:1::1/64
ip -n "$SERVER" addr add 2001:db8:1::50/64 dev access nodad

listen=
start_listening() {
	printf '%s\n' "${SERVER_CONF[@]}" "workers = 2" >"$T/server.conf"
	start_server_bare --config "$T/server.conf" --listen "$listen" --pool $PLAIN_POOL --encrypted-pool $ENCRYPTED_POOL --route $SERVICE_NET --services DTTE
}
# burst LEVEL
burst() {
	run "$1" "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 3000000 >"$T/tcp.out" 2>&1
	is "$SERVER_OUTER, $1: bytes back" "$(tail -n1 "$T/tcp.out" | jq .received)" -eq 3000000
}
reconnects() { client_status '.counters.plain_reconnects // 0'; }
try() {
	local before from away
	start_client
	burst library
	burst encrypted-only
	is "$SERVER_OUTER: transports" "$(plain_by) $(encrypted_by)" = "udp dtls"
	program going library "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 100 --report 50
	grows going .echoed 20
	# From a server that is away for long, on a busy machine, the client rightly makes a new connection.
	for _ in 1 2 3 4 5; do
		before=$(reconnects) from=$(now)
		stop_server
		start_listening
		away=$(elapsed "$from")
		grows going .echoed 50 "$SERVER_OUTER: the flow goes on with a server that was started again"
		[ "$away" -ge 1000 ] || break
	done
	if [ "$away" -lt 1000 ]; then
		is "$SERVER_OUTER: without a new connection" "$(reconnects)" -eq "$before"
	else
		note "$SERVER_OUTER: a server that is away for $away ms shows nothing of its first packets"
	fi
	kill "$LAST_PID"
	stop_client
}
listen=0.0.0.0:$PORT
start_listening
for SERVER_OUTER in 198.51.100.50 203.0.113.1; do try; done
stop_server
listen="[::]:$PORT"
start_listening
for SERVER_OUTER in "[2001:db8:1::1]" "[2001:db8:1::50]"; do try; done
