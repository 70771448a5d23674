#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# redundancy-streams.sh - voice in tunnels over TCP and TLS, on a link with a round trip of 50 ms.  When 2 % are lost, the 99th percentile
# of the delay of a socket with redundancy is at most a third of that of a socket without.  A connection that stalls
# does not delay it, be it the tunnel's own.  Each packet comes once, in order.  Copies of an encrypted-only socket are never in
# clear.  When no socket has redundancy any more there is one connection.
. "$(dirname "$0")/lib.sh"

TRANSPORT=tcp
[ "$TSCF_OUTER" = 4 ] || skip "for IPv4 links"
topology
command -v nft >/dev/null || skip "needs nft"

# A busy machine must not delay what is measured.
REALTIME=(chrt --fifo 10)
"${REALTIME[@]}" true 2>/dev/null || REALTIME=(env)
CLIENT_AS=("${REALTIME[@]}") SERVER_AS=("${REALTIME[@]}")

# slow NAMESPACE NAME DESTINATION: what goes there takes 25 ms.
slow() {
	ip netns exec "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.access.rp_filter=0
	background "$2" "$1" "${REALTIME[@]}" env LOSE="$T/lose" python3 "$TSCF_SRC/tests/net/slow_link.py" slow access "$3" 25
	must 5 "[ -s '$T/$2.out' ]" "the slow link"
}
loss() { echo "$1" >"$T/lose"; }
slow "$PHONE" slow-up "$SERVER_LINK"
slow "$SERVER" slow-down "$PHONE_OUTER"

# Voice that comes back; prints p99 of the delays there and back, in ms: of packets 30 to FIRST, calm, and of those after them.  And what was lost and
# doubled, and which of the latter were overtaken.
cat >"$T/voice.py" <<-'END'
	import json, select, socket, struct, sys, time
	local, port, host, count, text, first = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5], int(sys.argv[6])
	s = socket.socket(socket.AF_INET6 if ":" in local else socket.AF_INET, socket.SOCK_DGRAM)
	s.bind((local, port))
	came, calm, delays = [], [], []
	def receive(until):
	    while (left := until - time.monotonic()) > 0 and select.select([s], [], [], left)[0]:
	        number, sent, there = struct.unpack_from("!Idd", s.recv(2000))
	        came.append(number)
	        if number >= 30 or not first:
	            (calm if number < first else delays).extend((1000 * (there - sent), 1000 * (time.monotonic() - there)))
	def percentile(values):
	    return round(sorted(values)[len(values) * 99 // 100], 1) if values else 0
	begin = time.monotonic()
	for number in range(count):
	    s.sendto(struct.pack("!Idd", number, time.monotonic(), 0) + (text * 19).encode()[:152], (host, 7001))
	    receive(begin + 0.02 * (number + 1))
	    if number % 10 == 9:
	        print(json.dumps({"came": len(came)}), flush=True)
	receive(time.monotonic() + 1.5)
	print(json.dumps({"came": len(came), "calm": percentile(calm), "p99": percentile(delays), "lost": count - len(set(came)),
	    "doubled": len(came) - len(set(came)), "overtaken": sum(a > b >= first for a, b in zip(came, came[1:]))}), flush=True)
END
cat >"$T/echo.py" <<-'END'
	import socket, struct, sys, time
	s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
	s.bind((sys.argv[1], 7001))
	print("ready", flush=True)
	while True:
	    data, peer = s.recvfrom(2000)
	    s.sendto(data[:12] + struct.pack("!d", time.monotonic()) + data[20:], peer)
END
background echo "$SERVICE" "${REALTIME[@]}" python3 "$T/echo.py" $HOST
must 5 '[ -s "$T/echo.out" ]'

# voice NAME LEVEL PORT PACKETS FIRST
voice() { program "$1" "$2" "${REALTIME[@]}" python3 "$T/voice.py" "$PHONE_INNER" "$3" $HOST "$4" "M-$1 " "$5"; }
# ways TUNNEL: how many copy ways it has, at both ends.
ways() {
	local there
	there=$(server sessions --json | jq "[.[] | select(.kind == \"$1\" and .state == \"up\")][0].copy_ways | length")
	[ "$(client_status "[.$1.copy_ways[] | select(.state == \"up\")] | length")" = "$there" ] && echo "$there"
}
# whole NAME: each packet came once and in order.
whole() { is "$1: lost, doubled and overtaken packets" "$(last "$1" '.lost + .doubled + .overtaken')" -eq 0; }
# stalled PORT SECONDS: nothing comes from the phone's connection with that port, or gets there.
stalled() {
	in_server nft -f - <<-END
		table inet stall {
			chain in { type filter hook prerouting priority raw; iifname access tcp sport $1 drop; }
			chain out { type filter hook output priority 0; tcp dport $1 drop; }
		}
	END
	command sleep "$2"
	in_server nft delete table inet stall
}

start_capture
SERVICES="DTTE redundancy" start_server
CLIENT_CONF=('policy voice {' 'level = unencrypted' 'redundancy = auto' 'protocol = udp' 'local-port = 5000' '}'
	'policy secret {' 'level = encrypted-only' 'redundancy = 3' 'protocol = udp' 'local-port = 5002' '}')
start_client
is "one connection" "$(ways plain)" -eq 0

# --- 2 % are lost: one after the other, since what goes by the same connection would stall it more often ---
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
# What this machine adds to the 25 ms when nothing is lost is not the tunnel's.
is "three times p99 of the delay with redundancy, less what this machine adds, in ms" \
	"$(last copied "3 * (.p99 - ([.calm - 25, 0] | max)) | floor")" -le "$(last bare ".p99 | ceil")"
whole copied

# --- encrypted, and connections that stall ---
voice only library 5002 400 100
only=$LAST_PID
must 10 '[ "$(ways encrypted)" = 2 ]' "three connections of the encrypted tunnel"
must 5 '[ "$(ways plain)" = 0 ]' "the plain one has no other any more"
for which in .copy_ways[0].outer .outer; do
	port=$(server sessions --json | jq -r "[.[] | select(.kind == \"encrypted\" and .state == \"up\")][0]$which | split(\":\")[-1]")
	stalled "$port" 1
done
finish "$only" 30
note "encrypted: $(tail -n 1 "$T/only.out")"
whole only
is "p99 of the delay while connections stall" "$(last only '.p99 | floor')" -lt 100
must 5 '[ "$(ways encrypted)" = 0 ]' "without a socket there is one connection"
stop_capture
is "plain packets were seen in the capture" "$(in_clear M-copied)" -gt 100
is "packets of the encrypted-only socket in clear" $(($(in_clear M-only) + $(socket_in_clear udp 5002))) -eq 0
