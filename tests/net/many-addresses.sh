#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# many-addresses.sh - the server's name has more than thirty addresses of both families.  All but one drop what is sent
# to them, or refuse it.  The client finds the right one within ten seconds, at any place in the list and with any
# transport, and tries it first when the tunnel is lost.
. "$(dirname "$0")/lib.sh"

ALIVE=203.0.113.1
# names before|after: the addresses, the one that is alive first or last.
names() {
	local i
	{
		[ "$1" = after ] || echo $ALIVE
		for i in {1..10}; do printf '%s\n' 2001:db8:dead::$i 203.0.113.$((100 + i)) 203.0.113.$((200 + i)); done
		[ "$1" = before ] || echo $ALIVE
	} | sed 's/$/ server.example/' >"$T/hosts"
}
# found WHAT MILLISECONDS: a new client finds the right address in that time.
found() {
	from=$(now)
	SERVER_OUTER=server.example launch_client
	must 30 plain_up "$1: up"
	is "$1: milliseconds" "$(elapsed "$from")" -le "$2"
	check "$1: packets go" reachable
}
# The families of the UDP candidates' addresses, in order.
families() { client_status '[.candidates[].way | select(startswith("udp")) | if contains("[") then 6 else 4 end] | .[0:6] | map(tostring) | join("")'; }

topology
echo_server
private_names
add_address "$PHONE" access 2001:db8:1::2/64
add_address "$SERVER" access 2001:db8:1::1/64
ip -n "$PHONE" route add default via 2001:db8:1::1
ip -n "$SERVER" addr add $ALIVE/32 dev lo
# Ten addresses refuse; at the others packets are dropped.
for i in {1..10}; do ip -n "$SERVER" addr add 203.0.113.$((200 + i))/32 dev lo; done
start_server_bare --listen $ALIVE:$PORT --pool $PLAIN_POOL --encrypted-pool $ENCRYPTED_POOL --route $SERVICE_NET --services DTTE
TRANSPORT=auto

names before
found "the first" 2000
stop_client

names after
found "the last" 10000
is "candidates" "$(client_status '.candidates | length')" -eq 124
check "the families have turns" grep -Eq '^(464646|646464)$' <(families)
used=$(client_status .plain.server)
is "the one that is alive" "$used" = $ALIVE:$PORT

# The name server answers in another order: nothing changes.
names before
ip -n "$PHONE" addr add 198.51.100.9/24 dev access
check "the tunnel stays" reachable
kill_server
must 10 '! plain_up' "its end is noticed"
start_server_bare --listen $ALIVE:$PORT --pool $PLAIN_POOL --encrypted-pool $ENCRYPTED_POOL --route $SERVICE_NET --services DTTE
from=$(now)
must 10 plain_up "up again"
is "the one that was used last is tried first: milliseconds" "$(elapsed "$from")" -le 1500
stop_client

# Only the last address works, and there only TLS.
names after
filter tls
found "the last of all by TLS" 10000
is "by" "$(client_status .plain.transport)" = tls
