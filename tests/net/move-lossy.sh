#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# move-lossy.sh - a socket becomes encrypted-only on a link that loses 15 % and has a round trip of 20 ms, while the far
# end sends.  Clear packets down end within 50 ms after setsockopt has returned, since the server is told again before a
# loss is known.
. "$(dirname "$0")/lib.sh"

MOVES=40 LIMIT=50 LOSS=15

topology
realtime
start_capture
echo_server
start_server
background delay "$PHONE" "${REALTIME[@]}" python3 "$TSCF_SRC/tests/net/delay.py" 10 3004 "$SERVER_LINK" $PORT 3005 "$SERVER_LINK" $((PORT + 1))
must 5 '[ -s "$T/delay.out" ]' "the long way is there"
SERVER_OUTER=127.0.0.1 PORT=3004 start_client
program hold encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 10 --marker "M-hold " --report 50
must 10 encrypted_up
background down "$SERVICE" "${REALTIME[@]}" "$TSCF_TOOLS/flow" --bind $HOST:7001 --to "$PHONE_INNER:5004" --rate 500 --marker "M-down " --report 50
for ns in "$PHONE" "$SERVER"; do
	ip netns exec "$ns" nft -f - <<-END
		table inet loss {
			chain in { type filter hook prerouting priority raw; iifname access numgen random mod 100 < $LOSS drop; }
		}
	END
done
# Each line: when the level was set, and when it is about to be taken back.
cat >"$T/mover.py" <<-'END'
	import socket, sys, time
	s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
	s.bind((sys.argv[1], 5004))
	for _ in range(int(sys.argv[2])):
	    s.setsockopt(socket.SOL_SOCKET, 0x7453, 2)
	    begin = time.time()
	    time.sleep(0.2)
	    print("%.6f %.6f" % (begin, time.time()), flush=True)
	    try:
	        s.setsockopt(socket.SOL_SOCKET, 0x7453, 1)
	    except OSError:
	        pass  # not answered in time: it comes about later
	    time.sleep(0.03)
END
at library
in_phone "${AT[@]}" "${REALTIME[@]}" python3 "$T/mover.py" "$PHONE_INNER" $MOVES >"$T/moves" || fail "the program could not set a level"
in_phone nft delete table inet loss
ip netns exec "$SERVER" nft delete table inet loss
stop_capture
is "moves" "$(wc -l <"$T/moves")" -eq $MOVES
clear=0 late=0 worst=0
while read -r begin end; do
	last=$(wire last udp 5004 --from "$begin" --to "$end")
	[ "$last" != 0 ] || continue
	ms=$(elapsed "$begin" "$last") clear=$((clear + 1))
	[ "$ms" -le "$worst" ] || worst=$ms
	[ "$ms" -lt $LIMIT ] || late=$((late + 1))
done <"$T/moves"
pass "after $clear of $MOVES moves something came in clear, at the latest $worst ms after"
# Packets in transit must show some milliseconds at each move, or this test measures nothing.
is "it looks at the right packets" $((clear > MOVES / 2)) -eq 1
# A busy machine may delay one in forty.
is "moves after which it lasted longer than $LIMIT ms" "$late" -le 1
is "the worst, in milliseconds" "$worst" -lt $((4 * LIMIT))
