#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ddt-moves.sh - media of tunnels over TCP and TLS goes by datagrams and back 500 times, with bulk on the stream beside it: nothing is lost, and
# nothing of an encrypted-only socket is in clear.  On a link that loses, the call's delay is that of datagrams.
. "$(dirname "$0")/lib.sh"

TRANSPORT=tcp SERVICES=DTTE,DDT EF=184
topology
command -v nft >/dev/null || skip "needs nft"
realtime
start_capture
echo_server
start_server
start_client

# A call that changes its DSCP with every third packet while it sends; prints what came back, and how long that took.
cat >"$T/mover.py" <<-'END'
	import select, socket, struct, sys, time
	local, port, host, moves, tos = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
	v6 = ":" in local
	s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
	s.bind((local, port))
	option = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if v6 else (socket.IPPROTO_IP, socket.IP_TOS)
	sent, came, times = 0, set(), []
	def receive(until):
	    while (left := until - time.monotonic()) > 0 and select.select([s], [], [], left)[0]:
	        number, at = struct.unpack_from("!Id", s.recv(2000))
	        times.append(time.monotonic() - at)
	        came.add(number)
	for move in range(max(moves, 1)):
	    for value in (tos, 0) if moves else (tos,):
	        s.setsockopt(*option, value)
	        for _ in range(3 if moves else int(sys.argv[6])):
	            s.sendto(struct.pack("!Id", sent, time.monotonic()) + b"M-mover " * 19, (host, 7000))
	            sent += 1
	            receive(time.monotonic() + (0.003 if moves else 0.02))
	receive(time.monotonic() + 2)
	times.sort()
	print('{"sent": %d, "lost": %d, "p50": %.1f, "p99": %.1f}' % (
	    sent, sent - len(came), 1000 * times[len(times) // 2], 1000 * times[len(times) * 99 // 100]), flush=True)
END

# media TUNNEL: the state of its media way.
media() { client_status ".$1.media.state // \"off\""; }
# media_packets DIRECTION: how many packets have gone by media ways so far.
media_packets() { client_status ".counters.$1_media"; }
# call NAME LEVEL PORT [OPTION...]: media, 50 packets a second, that comes back.
call() { program "$1" "$2" "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:$3" --to $HOST:7000 --rate 50 --size 172 --marker "M-$1 " --report 50 "${@:4}"; }
# moves TUNNEL LEVEL PORT: 500 there and back, with bulk beside it on the stream.
moves() {
	local before
	call "$1-3" "$2" "$3" --tos $EF
	program "bulk-$1" "$2" "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:$(($3 + 1))" --to $HOST:7000 --rate 300 --size 1000 --marker "M-bulk " --report 50
	must 10 "[ \"\$(media $1)\" = up ]" "$1 media goes by datagrams"
	before=$(media_packets up)
	at "$2"
	in_phone "${AT[@]}" "${REALTIME[@]}" python3 "$T/mover.py" "$PHONE_INNER" $(($3 + 2)) $HOST 500 $EF >"$T/mover.out" 2>"$T/mover.log" || fail "the mover has failed"
	note "$1: $(cat "$T/mover.out")"
	is "$1: packets of 500 moves" "$(jq .sent "$T/mover.out")" -eq 3000
	is "$1: lost in 500 moves there and back" "$(jq .lost "$T/mover.out")" -eq 0
	is "$1: half of them went by the media way" "$(($(media_packets up) - before))" -ge 1500
	kill -TERM "${PIDS[@]: -2}"
}

moves plain stranger 5010
moves encrypted encrypted-only 5030
stop_capture
is "nothing of the encrypted media was in clear" "$(($(socket_in_clear udp 5030) + $(socket_in_clear udp 5032)))" -eq 0
is "packets down by the ways" "$(media_packets down)" -gt 2000

# A bulk upload beside the call, and a link that loses one in a hundred: the call's delay is that of datagrams.
for ns in "$PHONE" "$SERVER"; do
	ip netns exec "$ns" nft -f - <<-END
		table inet loss {
			chain in { type filter hook prerouting priority raw; iifname access numgen random mod 100 < 1 drop; }
		}
	END
done
program upload stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5050" --to $HOST:7000 --rate 1500 --size 1200 --marker "M-upload " --report 50
in_phone "${REALTIME[@]}" python3 "$T/mover.py" "$PHONE_INNER" 5052 $HOST 0 0 400 >"$T/stream.out"
in_phone "${REALTIME[@]}" python3 "$T/mover.py" "$PHONE_INNER" 5054 $HOST 0 $EF 400 >"$T/media.out"
note "on the stream: $(cat "$T/stream.out")"
note "by datagrams: $(cat "$T/media.out")"
is "p99 of the call, in ms" "$(jq '.p99 | floor' "$T/media.out")" -lt 100
