#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# reload-interfaces.sh - a reload of the server adds and removes address ranges and interfaces while calls run.  A full
# pool gets a second range.  A range that is removed is not given to new clients, and a client that has an address of it
# keeps it.  A new interface starts, with encrypted tunnels.  An interface that is disabled or removed accepts no new
# tunnel, while existing ones go on.  If a new interface cannot listen, nothing changes.
. "$(dirname "$0")/lib.sh"

GUESTS=3004

# interface NAME PORT STATE RANGES ENCRYPTED_RANGES: ranges separated by spaces.
interface() {
	cat <<-END
		tscf-interface "$1" {
			assigned-services = "DTTE"
			state = $3
			tscf-port { address = "$SERVER_OUTER" port = $2 }
			tscf-address-pool { range = { "${4// /\", \"}" } encrypted-range = { "${5// /\", \"}" } }
		}
	END
}
configure() { { cat; echo "route = \"$SERVICE_NET\""; } >"$T/server.conf"; }
of() { server_status ".interfaces[] | select(.name == \"$1\") | $2"; }
# ranges INTERFACE KIND: the ranges from which it gives addresses.
ranges() { of "$1" "[.$2.pools[] | select(.retired | not) | .range] | join(\" \")"; }
second() { in_phone2 "$TSCF_SBINDIR/tscf-client" "$@" --control "$T/second.sock"; }
second_status() { second status --json | jq -r "$1"; }
net_of() { cut -d. -f1-3 <<<"$1"; }
start_second() {
	PORT=$1 start_second_client second "$PHONE2" || return
	SECOND=$LAST_PID
}
stop_second() {
	kill -TERM "$SECOND"
	finish "$SECOND" 10
}
# secret_call NAME: a flow of the second phone in its encrypted tunnel; returns when packets have come back.
secret_call() {
	in_phone2 timeout 15 "$TSCF_BINDIR/tscf-run" --control "$T/second.sock" --level encrypted-only -- \
		"$TSCF_TOOLS/flow" --to $HOST:7000 --count 500 --until-echoed 5 >"$T/$1.out"
	last "$1" .echoed
}
# refused_at PORT COUNTER: the second phone gets no tunnel there.
refused_at() {
	local before pid
	before=$(server_counter "$2")
	background refused "$PHONE2" "$TSCF_SBINDIR/tscf-client" --foreground --server "$SERVER_OUTER:$1" --pin "$PIN" --transport udp \
		--control "$T/refused.sock" --state-dir "$T/refused"
	pid=$LAST_PID
	must 10 "[ \"\$(server_counter $2)\" -gt $before ]" "no tunnel at port $1"
	kill -TERM "$pid"
	finish "$pid" 10
}

topology
topology_phone2
echo_server
interface office $PORT enabled 10.8.0.0/30 10.9.0.0/30 | configure
start_server_bare --config "$T/server.conf"
start_client
program flow encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 50
must 10 'encrypted_up && [ "$(last flow .echoed)" -gt 20 ]' "a call in the encrypted tunnel"
is "the only address of the pool" "$PHONE_INNER" = 10.8.0.2

# --- a second range ---
refused_at $PORT refused_address
interface office $PORT enabled "10.8.0.0/30 10.8.1.0/24" "10.9.0.0/30 10.9.1.0/24" | configure
check "reload" server reload
is "it gives addresses of both ranges" "$(ranges office plain), $(ranges office encrypted)" = \
	"10.8.0.0/30 10.8.1.0/24, 10.9.0.0/30 10.9.1.0/24"
start_second $PORT || fail "no tunnel after the reload"
is "the second phone has an address of the new range" "$(net_of "$(second_status '.plain.internal[0]')")" = 10.8.1
is "and speaks encrypted" "$(secret_call first)" -ge 5
is "with an address of the other new range" "$(net_of "$(second_status '.encrypted.internal[0]')")" = 10.9.1
stop_second

# --- the first range is removed ---
interface office $PORT enabled 10.8.1.0/24 10.9.1.0/24 | configure
check "reload" server reload
is "the first range is given no more" "$(ranges office plain)" = 10.8.1.0/24
is "but it is in use" "$(of office '.plain.pools[] | select(.retired) | .used')" -eq 1
grows flow .echoed 50 "the call goes on"
is "with its address" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = 10.8.0.2
is "in the same tunnel" "$(client_status .counters.encrypted_reconnects)" -eq 0
stop_client
start_client
is "the next tunnel has an address of the second" "$(net_of "$PHONE_INNER")" = 10.8.1
must 10 'encrypted_up' "the call is encrypted again"
interface office $PORT enabled 10.8.0.0/16 10.9.1.0/24 | configure
check "a larger range in place of those" server reload
check "waits for the next start" grep -q "warning: interface office cannot have addresses of 10.8.0.0/16 until the server is restarted" \
	"$T/server.log"
is "and until then there is what there was" "$(ranges office plain)" = 10.8.1.0/24

# --- another interface ---
office=$(interface office $PORT enabled 10.8.1.0/24 10.9.1.0/24)
{ echo "$office"; interface guests $GUESTS enabled 10.10.0.0/24 10.11.0.0/24; } | configure
check "reload" server reload
is "there are two" "$(server_status '[.interfaces[].name] | join(" ")')" = "office guests"
start_second $GUESTS || fail "no tunnel at the new interface"
is "a guest has an address of its pool" "$(net_of "$(second_status '.plain.internal[0]')")" = 10.10.0
is "and speaks encrypted" "$(secret_call second)" -ge 5

# --- an interface that cannot listen ---
background occupied "$SERVER" "$TSCF_TOOLS/flow" --bind "$SERVER_OUTER:5005" --echo --report 1000
occupied=$LAST_PID
must 5 '[ -s "$T/occupied.out" ]' "a port is in use"
{
	echo "$office"
	interface guests $GUESTS disabled 10.10.0.0/24 10.11.0.0/24
	interface third 5004 enabled 10.12.0.0/24 10.13.0.0/24
} | configure
check "a reload that cannot be is refused" eval '! server reload 2>/dev/null'
check "the log says why" grep -q "error: interface third: cannot listen on DTLS $SERVER_OUTER:5005: Address already in use" "$T/server.log"
is "nothing has changed" "$(server_status '[.interfaces[] | "\(.name) \(.state)"] | join(", ")')" = "office enabled, guests enabled"
check "its addresses are gone" eval '! in_server ip -4 address | grep -q "10\.1[23]\."'
check "its other ports are free" eval '! in_server ss -Hlnu | grep -q ":5004 "'
kill "$occupied"
finish "$occupied" 5
check "with the port free" server reload
is "it begins" "$(server_status '[.interfaces[] | "\(.name) \(.state)"] | join(", ")')" = "office enabled, guests disabled, third enabled"

# --- disabled, and enabled again ---
is "the guest's tunnel goes on" "$(secret_call third)" -ge 5
stop_second
refused_at $GUESTS refused_limit
echo "$office" | configure
check "both are gone from the configuration" server reload
is "which is as disabled" "$(server_status '[.interfaces[].state] | join(" ")')" = "enabled disabled disabled"
refused_at 5004 refused_limit
{ echo "$office"; interface guests $GUESTS enabled 10.10.0.0/24 10.11.0.0/24; } | configure
check "reload" server reload
start_second $GUESTS || fail "no tunnel at the interface that is enabled again"
is "the guest speaks encrypted" "$(secret_call fourth)" -ge 5
grows flow .echoed 50 "the call in the office has gone on"
