#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# dual-stack.sh - one client with an address of each family, over IPv4 and then over IPv6 outside, at one server that
# listens on both.  An IPv6 socket that carries both families is encrypted in both, up and down, moves in both at once,
# and leaves a tombstone for both.  One that sends nothing is bound in both as well.  The outer packet has the DSCP of
# the inner one in every combination of families.
export TSCF_INNER=6
. "$(dirname "$0")/lib.sh"

HOST4=192.0.2.10
topology
add_address "$SERVER" service 192.0.2.1/24
add_address "$SERVICE" service $HOST4/24
ip -n "$SERVICE" route add default via 192.0.2.1
start_capture
echo_server
udp_echo $HOST4 7004
CLIENT_CONF=("persistence = 0")

# both.py: one IPv6 socket at the port given that sends to a host of each family in turn, and counts what comes back from each.
cat >"$T/both.py" <<'END'
import select, socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", int(sys.argv[4])))
hosts = {"::ffff:" + sys.argv[1]: 7004, sys.argv[2]: 7000}
sent, got, refused = 0, {4: 0, 6: 0}, 0
while True:
    for host, port in hosts.items():
        try:
            s.sendto(sys.argv[3].encode(), (host, port))
            sent += 1
        except PermissionError:
            refused += 1
    time.sleep(0.005)
    while select.select([s], [], [], 0)[0]:
        got[4 if "." in s.recvfrom(2000)[1][0] else 6] += 1
    print('{"sent": %d, "refused": %d, "v4": %d, "v6": %d}' % (sent, refused, got[4], got[6]), flush=True)
END
both() { program "$1" "$2" python3 "$T/both.py" $HOST4 $HOST "$3 " "$port"; }

start_server --listen "[2001:db8:1::1]:$PORT" --pool 10.8.0.0/24 --encrypted-pool 10.9.0.0/24 --route 192.0.2.0/24
is "the server listens on both" "$(server_status '.interfaces[0].listen | length')" -eq 2
for outer in $SERVER_OUTER "[2001:db8:1::1]"; do
	if [ "$outer" = "$SERVER_OUTER" ]; then name=over-ipv4 port=5004; else name=over-ipv6 port=5014 SERVER_OUTER=$outer; fi
	# The client has the same addresses again, and the former ports have tombstones.
	silent_port=$((port + 2))
	start_client
	is "$name: the plain tunnel has an address of each family" "$(client_status '.plain.internal | map(contains(":")) | tojson')" = \
		"[false,true]"
	PHONE4=$(client_status '.plain.internal[0]') PHONE6=$(client_status '.plain.internal[1]')
	both "$name" library "M-$name"
	both=$LAST_PID
	must 10 "[ \"\$(last $name .v4)\" -gt 20 ] && [ \"\$(last $name .v6)\" -gt 20 ]" "$name: both families in the plain tunnel"
	is "$name: in clear" "$(in_clear "M-$name")" -gt 40

	level encrypted-only --pid "$both" >/dev/null || fail "$name: level"
	must 5 encrypted_up
	background "$name-down4" "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST4:7100 --to "$PHONE4:$port" --rate 100 --marker "M-$name-down " --report 50
	down4=$LAST_PID
	background "$name-down6" "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7100 --to "$PHONE6:$port" --rate 100 \
		--marker "M-$name-down " --report 50
	down6=$LAST_PID
	grows "$name" .v4 100
	grows "$name" .v6 100
	settled=$(now)
	grows "$name" .v4 50
	grows "$name" .v6 50
	is "$name: none was refused" "$(last "$name" .refused)" -eq 0
	is "$name: the server has a binding of each" "$(server sessions --json |
		jq '[.[] | select(.transport == "dtls") | .bindings[] | select((.local | endswith(":'$port'")) and .level == "encrypted-only") | .local] | unique | length')" -eq 2
	is "$name: the socket is listed as encrypted" "$(tunnel_of udp $port)" = encrypted

	in_phone "$TSCF_TOOLS/flow" --to $HOST:7000 --tos 184 --count 20 --until-echoed 20 >/dev/null
	in_phone "$TSCF_TOOLS/flow" --to $HOST4:7004 --tos 184 --count 20 --until-echoed 20 >/dev/null

	# --- a socket that sends nothing is bound in both families as well ---
	program "$name-silent" encrypted-only "$TSCF_TOOLS/flow" --bind "[::]:$silent_port" --report 50
	silent=$LAST_PID
	bound=$(now)
	must 5 "[ \"\$(server sessions --json | jq '[.[].bindings[] | select(.local | endswith(\":$silent_port\")) | .local] | unique | length')\" -eq 2 ]" \
		"$name: the server knows the silent socket in both families"
	background "$name-silent4" "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST4:7106 --to "$PHONE4:$silent_port" --rate 100 --linger 0 \
		--marker "M-silent " --report 50
	silent4=$LAST_PID
	grows "$name-silent" .foreign 50
	kill "$silent4" "$silent"
	is "$name: nothing for the silent socket in clear" "$(in_clear M-silent "$bound")" -eq 0

	# --- back, and away again, as one socket ---
	back=$(now)
	level unencrypted --pid "$both" >/dev/null || fail "$name: level, back"
	grows "$name" .v4 50
	grows "$name" .v6 50
	is "$name: in clear again" "$(in_clear "M-$name " "$back")" -gt 40
	is "$name: not in clear while it was moved" "$(in_clear "M-$name " "$settled" "$back")" -eq 0
	level encrypted-only --pid "$both" >/dev/null || fail "$name: level, away again"
	grows "$name" .v4 50
	grows "$name" .v6 50
	settled=$(now)
	kill "$both"
	wait "$both" 2>/dev/null
	grows "$name-down4" .sent 100
	grows "$name-down6" .sent 100
	is "$name: nothing in clear after it was closed" "$(in_clear "M-$name" "$settled")" -eq 0
	kill "$down4" "$down6"
	wait "$down4" "$down6" 2>/dev/null
	must 10 '[ "$(encrypted_state)" = idle ]'
	stop_client
done

stop_capture
# The outer byte is the inner one in every combination of families, in all of 40 packets up; packets down have no
# mark.
for family in ip ip6; do
	marked=$(tcpdump -vnr "$PCAP" "$family and udp dst port $PORT" 2>/dev/null | grep -cE 'tos 0xb8|class 0xb8')
	is "voice is marked as such over $family" "$marked" -ge 40
done
