#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# redundancy-streams.sh - voice in tunnels over TCP and TLS, on a link with a round trip of 50 ms.  When 2 % are lost, the 99th percentile
# of the delay of a socket with redundancy is at most a third of that of a socket without.  A connection that stalls
# does not delay it, be it the tunnel's own.  Each packet comes once, in order.  Copies of an encrypted-only socket are never in
# clear.  When no socket has redundancy any more there is one connection.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_streams.sh"

long_link
watch_stalls

# whole NAME: each packet came once and in order.
whole() { is "$1: lost, doubled and overtaken packets" "$(last "$1" '.lost + .doubled + .overtaken')" -eq 0; }
start_capture
SERVICES="DTTE redundancy" start_server
CLIENT_CONF=('policy voice {' 'level = unencrypted' 'redundancy = auto' 'protocol = udp' 'local-port = 5000' '}'
	'policy secret {' 'level = encrypted-only' 'redundancy = 3' 'protocol = udp' 'local-port = 5002' '}')
start_client
is "one connection" "$(ways plain)" -eq 0

# --- 2 % are lost: one after the other, since what goes by the same connection would stall it more often ---
# What this machine adds to the 25 ms when nothing is lost is not the tunnel's.
thrice_copied() { last copied "3 * (.p99 - ([.calm - 25, 0] | max)) | floor"; }
bare_p99() { last bare ".p99 | ceil"; }
lossy() {
	rm -f "$T/copied.out"
	loss 2
	voice bare stranger 5010 300 0
	finish "$LAST_PID" 30
	loss 0
	voice copied library 5000 470 70
	copied=$LAST_PID
	must 10 '[ "$(ways plain)" = 1 ]' "a second connection is opened"
	check "the server shows it" eval 'server sessions | grep -q " 2 tcp "'
	must 5 '[ "$(last copied .came)" -ge 70 ]'
	loss 2
	finish "$copied" 30
	loss 0
	note "with redundancy: $(tail -n 1 "$T/copied.out")"
	note "without: $(tail -n 1 "$T/bare.out")"
	whole copied
	[ "$(thrice_copied)" -le "$(bare_p99)" ]
}
unless_stalled lossy
is "three times p99 of the delay with redundancy, less what this machine adds, in ms" "$(thrice_copied)" -le "$(bare_p99)"

# --- encrypted, and connections that stall ---
only_p99() { last only '.p99 | floor'; }
stalling() {
	voice only library 5002 400 100
	only=$LAST_PID
	must 10 '[ "$(ways encrypted)" = 2 ]' "three connections of the encrypted tunnel"
	must 5 '[ "$(ways plain)" = 0 ]' "the plain one has no other any more"
	stalled "$(outer_port encrypted 0)" 1
	stalled "$(outer_port encrypted)" 1
	finish "$only" 30
	note "encrypted: $(tail -n 1 "$T/only.out")"
	whole only
	[ "$(only_p99)" -lt 100 ]
}
unless_stalled stalling
is "p99 of the delay while connections stall" "$(only_p99)" -lt 100
must 5 '[ "$(ways encrypted)" = 0 ]' "without a socket there is one connection"
stop_capture
is "plain packets were seen in the capture" "$(in_clear M-copied)" -gt 100
is "packets of the encrypted-only socket in clear" $(($(in_clear M-only) + $(socket_in_clear udp 5002))) -eq 0
