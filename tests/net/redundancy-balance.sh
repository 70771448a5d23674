#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# redundancy-balance.sh - voice with the redundancy "balance" in tunnels over TCP and TLS, on a link with a round trip of 50 ms.  Each packet
# goes once, by one of four connections.  One that stalls, be it the tunnel's own, delays only its share; the others are as fast as before.
# It costs hardly more bytes than one connection.  Moves between levels lose nothing, and nothing of an encrypted-only socket is in clear.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_streams.sh"

long_link

link_bytes() { in_server cat /sys/class/net/access/statistics/rx_bytes /sys/class/net/access/statistics/tx_bytes | jq -s add; }
# cost NAME LEVEL PORT: sets COST to how many bytes of the link each packet of voice takes, there and back.
cost() {
	local before
	before=$(link_bytes)
	voice "$1" "$2" "$3" 250 0
	finish "$LAST_PID" 30
	COST=$((($(link_bytes) - before) / 250))
}
# spoken NAME PORT FIRST: voice, and beside it, in copies, a witness: what is late there is so by this machine.
spoken() {
	voice "$1" library "$2" 600 "$3"
	SPOKEN=$LAST_PID
	voice "witness-$1" library $(($2 + 4)) 600 "$3"
	WITNESS=$LAST_PID
}
# share NAME STALLS: so many stalls of a second have delayed less than the share of a connection; nothing is lost, and the rest is as before.
share() {
	finish "$SPOKEN" 30
	finish "$WITNESS" 30
	note "$1: $(tail -n 1 "$T/$1.out"), in copies: $(tail -n 1 "$T/witness-$1.out")"
	is "$1: lost and doubled packets" "$(last "$1" '.lost + .doubled')" -eq 0
	# A connection that was away for a second goes on after two at the latest, by TCP's timer.  A quarter would be its share; it
	# has less than half of that, since it loses its turn within the first quarter of a second.
	is "$1: late, there and back, of $((100 * 2 * $2)) that went meanwhile" \
		$(($(last "$1" .late) - $(last "witness-$1" .late))) -le $((25 * $2))
	is "$1: p99 of the others, in ms" "$(last "$1" '.usual | floor')" -le \
		$(($(last "$1" '.calm | ceil') + $(last "witness-$1" '[.usual - 25, 0] | max | ceil') + 10))
}

start_capture
echo_server
SERVICES="DTTE redundancy" start_server
CLIENT_CONF=('policy voice {' 'level = unencrypted' 'redundancy = balance' 'protocol = udp' 'local-port = 5000' '}'
	'policy copies {' 'level = unencrypted' 'redundancy = 2' 'protocol = udp' 'local-port = 5004' '}'
	'policy mover {' 'level = unencrypted' 'redundancy = balance' 'protocol = udp' 'local-port = 5008' '}'
	'policy secret {' 'level = encrypted-only' 'redundancy = balance' 'protocol = udp' 'local-port = 5002' '}'
	'policy secret-copies {' 'level = encrypted-only' 'redundancy = 2' 'protocol = udp' 'local-port = 5006' '}')
start_client

# --- what it costs ---
cost bare stranger 5010
bare=$COST
cost copies library 5004
copies=$COST
cost balanced library 5000
note "bytes of the link for a packet there and back: $bare by one connection, $COST in turn by four, $copies in two copies"
# Four connections acknowledge more by packets of their own.
is "bytes with balance, in percent of those without" $((100 * COST / bare)) -le 160

# --- plain, and a connection that stalls ---
spoken spread 5000 150
must 10 '[ "$(ways plain)" = 3 ]' "four connections"
is "the client shows it" "$(client sockets --json | jq -r '[.[] | select(.local | endswith(":5000"))][0].redundancy_in_force')" = balance
must 10 '[ "$(last spread .came)" -ge 200 ]'
stalled "$(outer_port plain 1)" 1
share spread 1
is "packets that have taken their turns" "$(($(client_status .counters.balanced) + $(server_counter balanced)))" -gt 1000
is "turns that the stalled one has lost" "$(($(client_status .counters.balance_skipped) + $(server_counter balance_skipped)))" -gt 10

# --- encrypted, and each stalls once ---
spoken only 5002 100
must 10 '[ "$(ways encrypted)" = 3 ]' "four connections of the encrypted tunnel"
must 10 '[ "$(last only .came)" -ge 100 ]'
stalled "$(outer_port encrypted 0)" 1
grows only .came 75
stalled "$(outer_port encrypted)" 1
share only 2

# --- moves between the levels ---
program load library "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5008" --to $HOST:7000 --rate 250 --count 2500 --marker "M-load " --report 50 \
	--level-at 1000:encrypted-only --level-at 1750:unencrypted
must 5 '[ "$(ways plain)" = 3 ]' "four connections of the plain tunnel"
finish "$LAST_PID" 30
is "moves: both levels were set" "$(last load .levels_set)" -eq 2
is "moves: lost and doubled packets" "$(last load '.lost + .duplicates')" -eq 0
note "moves: $(last load .reordered) packets out of order"
set_at=$(last load '.level_times[0]') back_at=$(last load '.level_times[1]')
# Packets may be under way in clear for 250 ms, and for as long as this machine stood still meanwhile.
settled=$(awk -v t="$set_at" -v stall="$(last load .max_gap_ms)" 'BEGIN { printf "%.6f", t + 0.35 + stall / 1000 }')
stop_capture
is "moves: in clear before" "$(in_clear M-load 0 "$set_at")" -gt 1000
is "moves: in clear once moved" "$(in_clear M-load "$settled" "$(awk -v t="$back_at" 'BEGIN { printf "%.6f", t - 0.1 }')")" -eq 0
is "packets of the encrypted-only socket in clear" $(($(in_clear M-only) + $(socket_in_clear udp 5002))) -eq 0
