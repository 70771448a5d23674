#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# live-level.sh - `tscf-client level` moves sockets of programs that were started without the library: by protocol and
# port, and by process, UDP and established TCP, to the encrypted tunnel and back, without loss.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
start_server
start_client
program udp stranger "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 200 --marker "M-udp " --report 50
udp=$LAST_PID
program tcp stranger "$TSCF_TOOLS/tcp" --to $HOST:7000 --rate 200000 --seconds 8 --marker M-tcp --report 50
tcp=$LAST_PID
program bystander stranger "$TSCF_TOOLS/flow" --bind $ANY:5006 --to $HOST:7000 --rate 50 --marker "M-bystander " --report 50
bystander=$LAST_PID
must 5 '[ "$(last udp .echoed)" -gt 100 ] && [ "$(last tcp .received)" -gt 50000 ]'
is "no library is loaded" "$(grep -c libtscf /proc/"$udp"/maps)" -eq 0

check "level by protocol and port" level encrypted-only --proto udp --port 5004
check "level by process" level encrypted-only --pid "$tcp"
must 10 '[ "$(tunnel_of udp 5004)" = encrypted ]' "the UDP socket is shown as encrypted"
grows udp .echoed 140
from=$(now)
grows udp .echoed 200
to=$(now)
check "level back to unencrypted" level unencrypted --proto udp --port 5004
check "level of the process back to unencrypted" level unencrypted --pid "$tcp"
must 5 '[ "$(tunnel_of udp 5004)" = plain ]' "the UDP socket is shown as plain"
grows udp .echoed 100
finish "$tcp" 15
check "TCP: the transfer ended well" [ $? -eq 0 ]
kill "$udp" "$bystander"
finish "$udp"
finish "$bystander"
is "TCP: byte for byte" "$(last tcp .exact)" = true
is "UDP: none was lost" "$(last udp .lost)" -eq 0
is "UDP: no errors" "$(last udp .errors)" -eq 0

# --- a port alone ---
program both stranger "$TSCF_TOOLS/flow" --bind $ANY:5008 --to $HOST:7000 --rate 50 --report 50
both=$LAST_PID
must 5 '[ "$(last both .echoed)" -gt 10 ]'
check "a port alone, of one socket" level encrypted-only --port 5008
must 10 '[ "$(tunnel_of udp 5008)" = encrypted ]' "its socket is meant"
background listener "$PHONE" python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 5008))
time.sleep(100)'
must 5 '[ -n "$(ip netns exec "$PHONE" ss -Htln "sport = 5008")" ]' "another program listens there"
check "a port alone, of two protocols, is refused" eval '! level unencrypted --port 5008 2>"$T/said"'
check "and its sockets are named" grep -qE "^  udp .*:5008.*, process $both, flow$" "$T/said"
check "each of them" grep -qE "^  tcp 127.0.0.1:5008, process $LAST_PID, python3$" "$T/said"
kill "$LAST_PID" "$both"
finish "$both"
check "no such socket is an error" eval '! level encrypted-only --proto udp --port 1 2>"$T/said"'
check "and it says so" grep -q "^No socket has the local port 1.$" "$T/said"
check "no such socket is an error, by port alone" eval '! level encrypted-only --port 1 2>"$T/said"'
check "which says just that" [ "$(cat "$T/said")" = "tscf-client: error: no socket has the local port 1" ]

# --- an address that the tunnel does not carry ---
if [ "$TSCF_INNER" = 6 ]; then strange="[2001:db8:1::2]"; else strange=$PHONE_OUTER; fi
program wrong stranger "$TSCF_TOOLS/flow" --bind "$strange:5010" --to $HOST:7000 --rate 50 --report 50
wrong=$LAST_PID
said="flow (process $wrong) sends from the wrong address $strange:5010: its packets are dropped; it must be bound to"
must 10 'grep -qF "$said ${PHONE_INNER%/*}, or" "$T/client.log"' \
	"the log names a program that sends from a wrong address, and the right one"
check "a level for it" level unencrypted --port 5010
is "the list of sockets shows it" \
	"$(client sockets --json | jq '.[] | select(.local | endswith(":5010")) | .wrong_source')" = true
check "and says so" eval 'client sockets | grep -q "^wrong source address: flow at "'
kill "$wrong"
finish "$wrong"
is "it is said once" "$(grep -c "wrong address" "$T/client.log")" -eq 1
check "no such process is an error" eval '! level encrypted-only --pid 999999999 2>/dev/null'
stop_capture
is "in clear before" "$(($(in_clear M-udp 0 "$from") > 0 && $(in_clear M-tcp 0 "$from") > 0))" -eq 1
is "UDP: not in clear while encrypted-only" "$(in_clear M-udp "$from" "$to")" -eq 0
is "TCP: not in clear while encrypted-only" "$(in_clear M-tcp "$from" "$to")" -eq 0
is "in clear afterwards" "$(($(in_clear M-udp "$to") > 0))" -eq 1
is "another program stayed plain all the time" "$(in_clear M-bystander)" -eq "$((2 * $(last bystander .sent)))"
