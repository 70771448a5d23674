# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# lib_streams.sh - voice in tunnels over TCP, on a link with a round trip of 50 ms that loses what a test says, and connections that stall.
# Sourced by the tests of redundancy on streams after lib.sh; then call long_link.

TRANSPORT=tcp
realtime

# slow NAMESPACE NAME DESTINATION: what goes there takes 25 ms.
slow() {
	ip netns exec "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.access.rp_filter=0
	background "$2" "$1" "${REALTIME[@]}" env LOSE="$T/lose" python3 "$TSCF_SRC/tests/net/slow_link.py" slow access "$3" 25
	must 5 "[ -s '$T/$2.out' ]" "the slow link"
}
# long_link: the topology, with that link, and a host of the service network that sends voice back.
long_link() {
	[ "$TSCF_OUTER" = 4 ] || skip "for IPv4 links"
	topology
	command -v nft >/dev/null || skip "needs nft"
	slow "$PHONE" slow-up "$SERVER_LINK"
	slow "$SERVER" slow-down "$PHONE_OUTER"
	background echo "$SERVICE" "${REALTIME[@]}" python3 "$T/echo.py" $HOST
	must 5 '[ -s "$T/echo.out" ]'
}
loss() { echo "$1" >"$T/lose"; }

# Voice that comes back; prints p99 of the delays there and back, in ms: of packets 30 to FIRST, calm, and of those after them.  And what was lost and
# doubled; and of the packets after FIRST, how many were overtaken, how many of the delays were more than 100 ms, late, and p99 of the others, usual.
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
	    "doubled": len(came) - len(set(came)), "overtaken": sum(a > b >= first for a, b in zip(came, came[1:])),
	    "late": sum(d > 100 for d in delays), "usual": percentile([d for d in delays if d <= 100])}), flush=True)
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

# voice NAME LEVEL PORT PACKETS FIRST
voice() { program "$1" "$2" "${REALTIME[@]}" python3 "$T/voice.py" "$PHONE_INNER" "$3" $HOST "$4" "M-$1 " "$5"; }
# ways TUNNEL: how many copy ways it has, at both ends.
ways() {
	local there
	there=$(server sessions --json | jq "[.[] | select(.kind == \"$1\" and .state == \"up\")][0].copy_ways | length")
	[ "$(client_status "[.$1.copy_ways[] | select(.state == \"up\")] | length")" = "$there" ] && echo "$there"
}
# stalled PORT SECONDS: nothing comes by the phone's connection with that port, at either end.
stalled() {
	local ns
	for ns in "$PHONE dport" "$SERVER sport"; do
		ip netns exec "${ns% *}" nft -f - <<-END
			table inet stall {
				chain in { type filter hook prerouting priority raw; iifname access tcp ${ns#* } $1 drop; }
			}
		END
	done
	command sleep "$2"
	for ns in "$PHONE" "$SERVER"; do ip netns exec "$ns" nft delete table inet stall; done
}
# outer_port TUNNEL [WHICH]: the phone's port of its own connection, or of that one of its copy ways.
outer_port() {
	server sessions --json | jq -r "[.[] | select(.kind == \"$1\" and .state == \"up\")][0]${2:+.copy_ways[$2]}.outer | split(\":\")[-1]"
}
