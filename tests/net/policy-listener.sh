#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# policy-listener.sh - a socket that only waits is encrypted-only by a policy, for all users or for one.  The first
# clear packet for it is not delivered, and the server is told at once.  The same port of another user, for whom there
# is no policy, gets its packets.
. "$(dirname "$0")/lib.sh"

# The guard hears of a bind; this is without it.
CLIENT_CONF=("guard = off" "policy owned { protocol = udp local-port = 5062-5063 uid = 0 level = encrypted-only }"
	"policy all { protocol = udp local-port = 5064 level = encrypted-only }"
	"policy served { protocol = tcp local-port = 5066 uid = 0 level = encrypted-only }")

topology
watch_stalls
start_capture
start_server
start_client
chmod 755 "$T"
for port in 5062 5063 5064; do
	background "caller-$port" "$SERVICE" "$TSCF_TOOLS/flow" --bind "$HOST:$((port + 2000))" --to "$PHONE_INNER:$port" --rate 100 --marker "M-$port " --report 50
	grows "caller-$port" .sent 20
done
# waits NAME PORT [COMMAND...]: a program without the library binds the port and sends nothing; BOUND is the time.
waits() {
	BOUND=$(now)
	program "$1" stranger "${@:3}" "$TSCF_TOOLS/flow" --bind "$ANY:$2" --report 10
	grows "$1" .foreign 50 "$1: reached"
}
waits owned 5062
owned=$BOUND
waits all 5064
all=$BOUND
is "both are known" "$(client sockets --json | jq -r '[.[] | select(.policy) | .policy] | sort | unique | join(" ")')" = "all owned"
waits other 5063 setpriv --reuid 65534 --regid 65534 --clear-groups
is "another user's is plain" "$(client sockets --json | jq -r '[.[] | select(.local | endswith(":5063"))] | length')" -eq 0
background served "$PHONE" "$TSCF_TOOLS/tcp" --serve "$ANY:5066"
must 5 "[ -s '$T/served.out' ]"
tcp=$(now)
in_service "$TSCF_TOOLS/tcp" --to "$PHONE_INNER:5066" --bytes 20000 --marker M-tcp >"$T/tcp.out" 2>&1
is "TCP: carried" $? -eq 0
stop_capture
stall=$(stood_still "$owned")
is "for one user: clear packets" "$(in_clear "M-5062 " "$owned")" -le 30
is "for one user: the last after, in ms" "$(elapsed "$owned" "$(wire last udp 5062)")" -le $((400 + stall))
is "for everybody: clear packets" "$(in_clear "M-5064 " "$all")" -le 30
is "for everybody: the last after, in ms" "$(elapsed "$all" "$(wire last udp 5064)")" -le $((400 + stall))
is "TCP: in clear" "$(in_clear M-tcp "$tcp")" -eq 0
