#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shortage.sh - when the server has no encrypted tunnel left, a client with encrypted-only sockets soon gets one, and a
# client with encrypted-preferred sockets gives its own up for it: these go on in clear without the loss of a packet, and
# go back when there is room.  A client that does not answer loses its tunnel.  One whose socket becomes encrypted-only
# while it is to yield keeps its tunnel, and another one yields.  Nothing of an encrypted-only socket is in clear.
# Preferred sockets push nobody out.
. "$(dirname "$0")/lib.sh"

PHONE3=tscf-$$-phone3
third_phone() {
	make_namespace "$PHONE3"
	ip -n "$PHONE3" link add access type veth peer name access3 netns "$SERVER"
	ip -n "$SERVER" link set access3 master bridge up
	ip -n "$PHONE3" link set access up
	access_addresses "$PHONE3" access 4
	default_route "$PHONE3"
}
# Three phones: NUMBER is 1, 2 or 3.
namespace() { case $1 in 1) echo "$PHONE" ;; 2) echo "$PHONE2" ;; 3) echo "$PHONE3" ;; esac; }
phone() { ip netns exec "$(namespace "$1")" "$TSCF_SBINDIR/tscf-client" "${@:2}" --control "$T/client$1.sock"; }
status_of() { phone "$1" status --json | jq -r "$2"; }
# start_phone NUMBER: CLIENT holds its process id.
start_phone() {
	echo "persistence = 0" >"$T/client.conf"
	background "client$1" "$(namespace "$1")" "$TSCF_SBINDIR/tscf-client" --config "$T/client.conf" --foreground --server "$SERVER_OUTER:$PORT" \
		--pin "$PIN" --transport "$TRANSPORT" --control "$T/client$1.sock" --state-dir "$T/phone$1" --log-level debug
	CLIENT=$LAST_PID
	must 15 "[ \"\$(status_of $1 .plain.state)\" = up ]" "phone $1 has a plain tunnel"
}
# call NAME NUMBER LEVEL: a flow in that phone, on port 5004.
call() {
	background "$1" "$(namespace "$2")" "$TSCF_BINDIR/tscf-run" --control "$T/client$2.sock" --level "$3" -- \
		"$TSCF_TOOLS/flow" --bind "$ANY:5004" --to "$HOST:7000" --rate 100 --marker "M-$1 " --report 50
}
# goes NUMBER TUNNEL: the socket of that phone is in that tunnel.
goes() { [ "$(phone "$1" sockets --json | jq -r '[.[] | select(.local | endswith(":5004"))][0].tunnel')" = "$2" ]; }
# ends NAME PROCESS: the flow ends, and has lost nothing.
ends() {
	kill "$2"
	must 30 "[ \"\$(last $1 .done)\" = true ]" "$1 ends"
	is "$1: nothing is lost" "$(last "$1" .lost)" -eq 0
	is "$1: every send succeeded" "$(last "$1" .errors)" -eq 0
}
# sent_in_clear FROM TO: clear packets from the last phone's socket.
sent_in_clear() { wire flows --from "$1" --to "$2" | awk -v from="$inner:5004" '$3 == from { count += $1 } END { print count + 0 }'; }
# outwards NUMBER drop|pass: what that phone sends encrypted.
outwards() {
	if [ "$2" = drop ]; then
		ip netns exec "$(namespace "$1")" nft -f - <<-END
			table inet silence {
				chain out { type filter hook output priority 0; meta l4proto { udp, tcp } th dport $((PORT + 1)) drop; }
			}
		END
	else
		ip netns exec "$(namespace "$1")" nft delete table inet silence
	fi
}

topology
topology_phone2
third_phone
start_capture bridge
echo_server
cat >"$T/server.conf" <<-END
	workers = 5
	keepalive-timer = 0
	tscf-interface "access" {
		assigned-services = DTTE
		max-encrypted-tunnels = 2
		tscf-port { address = "$SERVER_LINK" port = $PORT transport-protocol = udp }
		tscf-port { address = "$SERVER_LINK" port = $PORT transport-protocol = tcp }
		tscf-address-pool { range = "$PLAIN_POOL" encrypted-range = "$ENCRYPTED_POOL" }
	}
	route = { "$SERVICE_NET" }
END
start_server_bare --config "$T/server.conf"
start_phone 1
start_phone 2
start_phone 3
third=$CLIENT
is "they are at three workers" "$(server sessions --json | jq '[.[].worker] | unique | length')" -eq 3

# --- two tunnels, both with preferred sockets ---
call first 1 encrypted-preferred
first=$LAST_PID
must 10 'goes 1 encrypted' "the first phone has an encrypted tunnel"
call last 3 encrypted-preferred
last=$LAST_PID
must 10 'goes 3 encrypted' "so has the last one"
is "the server knows what they are for" "$(server sessions --json | jq -r '[.[] | select(.kind == "encrypted") | .need] | join(" ")')" = \
	"encrypted-preferred encrypted-preferred"
grows first .echoed 50
grows last .echoed 50

# --- an encrypted-only socket ---
from=$(now)
call only 2 encrypted-only
only=$LAST_PID
must 5 '[ "$(last only ".echoed // 0")" -gt 0 ]' "the encrypted-only socket has its tunnel"
is "soon" "$(elapsed "$from")" -lt 4000
must 5 'goes 3 plain' "the newest of the others is plain now"
plain_from=$(now)
check "its client says so" test "$(status_of 3 .yields)" = true
check "status shows it to a person" eval 'phone 3 status | grep -q "^encrypted-preferred sockets: plain, since the server needs"'
is "counted there" "$(status_of 3 .counters.encrypted_yielded)" -eq 1
check "in its log" grep -q "encrypted-preferred sockets (1) are in the plain tunnel now: the server needs the encrypted tunnel for others" "$T/client3.log"
check "the first one is not affected" goes 1 encrypted
is "asked at the server" "$(server_counter yields_asked)" -eq 1
is "yielded" "$(server_counter encrypted_yielded)" -eq 1
is "none was forced" "$(server_counter yields_forced)" -eq 0
is "the phone was told to ask again" "$(server_counter busy)" -ge 1
check "the server's log says so" grep -q "encrypted tunnel of .* ends: its place was needed for encrypted-only sockets of another client" "$T/server.log"
grows last .echoed 50
must 15 '[ "$(status_of 3 .encrypted.state)" = failed ]' "it asks again, and is refused"
is "preferred sockets push nobody out" "$(server_counter yields_asked)" -eq 1
plain_to=$(now)
ends only "$only"
must 60 'goes 3 encrypted' "with room it is encrypted again"
encrypted_from=$(now)
grows last .echoed 50
encrypted_to=$(now)

# --- a socket becomes encrypted-only while its client is to yield ---
asked=$(server_counter yields_asked)
outwards 3 drop
call only 2 encrypted-only
only=$LAST_PID
must 10 '[ "$(status_of 3 .yields)" = true ]' "the last phone is to yield"
# The command waits for the server.
background level "$PHONE3" "$TSCF_SBINDIR/tscf-client" level encrypted-only --port 5004 --control "$T/client3.sock"
must 5 '[ "$(phone 3 sockets --json | jq -r ".[0].level")" = encrypted-only ]' "its socket becomes encrypted-only"
raised=$(now)
inner=$(status_of 3 '.plain.internal[0]' | cut -d/ -f1)
outwards 3 pass
must 15 'goes 3 encrypted && [ "$(status_of 3 .encrypted.state)" = up ]' "it has an encrypted tunnel"
must 15 'goes 1 plain' "the first phone yields instead"
must 10 '[ "$(last only ".echoed // 0")" -gt 0 ]' "the other encrypted-only socket has its tunnel"
must 10 '[ "$(server sessions --json | jq "[.[] | select(.kind == \"encrypted\") | .levels[\"encrypted-only\"]] | add")" -eq 2 ]' "the server knows both"
# Clear packets down are in transit for a moment.
grows last .echoed 50
strict_from=$(now)
is "two were asked" "$(server_counter yields_asked)" -eq $((asked + 2))
grows last .echoed 50
ends only "$only"
must 60 'goes 1 encrypted' "the first phone is encrypted again"
kill "$last"
must 30 '[ "$(last last .done)" = true ]' "the socket is closed"
strict_to=$(now)

# --- a client that does not answer ---
call last2 3 encrypted-preferred
last=$LAST_PID
must 40 'goes 3 encrypted' "a new socket has an encrypted tunnel"
must 20 '[ "$(server sessions --json | jq "[.[] | select(.need == \"encrypted-preferred\")] | length")" -eq 2 ]' "both clients could do without"
grows last2 .echoed 20
kill -STOP "$third"
forced=$(server_counter yields_forced)
from=$(now)
call only 2 encrypted-only
only=$LAST_PID
must 10 '[ "$(last only ".echoed // 0")" -gt 0 ]' "the encrypted-only socket has its tunnel"
is "the tunnel was taken away" "$(server_counter yields_forced)" -eq $((forced + 1))
kill -CONT "$third"
must 20 'goes 3 plain' "that client's socket is plain"
grows last2 .echoed 20
kill "$last"
ends only "$only"
ends first "$first"
stop_capture
is "encrypted-only: never in clear" "$(in_clear M-only)" -eq 0
is "the last phone: in clear while it had yielded" "$(($(in_clear M-last "$plain_from" "$plain_to") > 50))" -eq 1
is "and not afterwards" "$(in_clear M-last "$encrypted_from" "$encrypted_to")" -eq 0
is "nor when it was encrypted-only" "$(in_clear M-last "$strict_from" "$strict_to")" -eq 0
is "it has sent nothing in clear from the change on" "$(sent_in_clear "$raised" "$strict_to")" -eq 0
is "only before that" "$(($(sent_in_clear "$plain_from" "$plain_to") > 20))" -eq 1
