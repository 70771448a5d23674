#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# redundancy.sh - voice on a link that loses packets.  Sockets with redundancy, in the plain and in the encrypted tunnel,
# lose almost nothing in either direction, where others lose 5 % each way.  Repair packets begin within 500 ms of the
# loss and end after it; on a clean path there are none.  Those of an encrypted-only socket are never in clear, also
# when it moves.
. "$(dirname "$0")/lib.sh"

# loss WHICH: those packets of the tunnels are dropped where they arrive, at both ends.
loss() {
	local ns
	for ns in "$PHONE" "$SERVER"; do
		ip netns exec "$ns" nft -f - <<-END
			table inet loss
			delete table inet loss
			table inet loss {
				chain in { type filter hook prerouting priority raw; iifname access udp sport { $PORT, $((PORT + 1)) } numgen $1 drop
					iifname access udp dport { $PORT, $((PORT + 1)) } numgen $1 drop; }
			}
		END
	done
}
no_loss() { for ns in "$PHONE" "$SERVER"; do ip netns exec "$ns" nft delete table inet loss; done; }
# in_clear: packets of redundancy in the plain tunnel so far, both ways.
in_clear() { in_server nft -j list counter inet seen repairs | jq '.nftables[1].counter.packets'; }
repaired() { echo $(($(client_status .counters.repaired) + $(server_counter repaired))); }
repairs() { echo $(($(client_status .counters.repairs_sent) + $(server_counter repairs_sent))); }
# media NAME LEVEL PORT [ARGUMENT...]: voice that comes back.
media() { program "$1" "$2" "$TSCF_TOOLS/flow" --kind rtp --bind "0.0.0.0:$3" --to $HOST:7000 --rate 50 --marker "M-$1 " --report 50 "${@:4}"; }
topology
watch_stalls
echo_server
SERVICES="DTTE redundancy" start_server
CLIENT_CONF=('policy voice {' 'level = unencrypted' 'redundancy = auto' 'protocol = udp' 'local-port = 5000' '}'
	'policy secret {' 'level = encrypted-only' 'redundancy = auto' 'protocol = udp' 'local-port = 5002' '}')
start_client
in_server nft -f - <<-END
	table inet seen {
		counter repairs { }
		chain in { type filter hook prerouting priority -400; udp dport $PORT @th,64,4 5 counter name repairs; }
		chain out { type filter hook output priority 0; udp sport $PORT @th,64,4 5 counter name repairs; }
	}
END

# --- a clean path ---
media plain library 5000
PLAIN=$LAST_PID
media bare library 5010
for f in plain bare; do grows $f .echoed 100; done
is "repair packets on a clean path" "$(repairs)" -eq 0
is "packets of redundancy on a clean path" "$(in_clear)" -eq 0

# --- the loss begins: every fifth packet, in each direction ---
# When the later of the two ends has sent its first repair packet.
cat >"$T/first.py" <<-'END'
	import socket, time
	s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
	s.bind(("access", 0))
	ends = set()
	print("ready", flush=True)
	while len(ends) < 2:
	    data, (_, _, kind, *_) = s.recvfrom(65535)
	    if len(data) > 28 and data[9] == 17 and data[28] == 0x51:
	        ends.add(kind == socket.PACKET_OUTGOING)
	print("%.6f" % time.time(), flush=True)
END
background first "$SERVER" python3 "$T/first.py"
must 5 '[ -s "$T/first.out" ]'
begin=$(now)
loss "inc mod 5 == 0"
must 5 '[ "$(wc -l <"$T/first.out")" -eq 2 ]' "both ends repair"
is "milliseconds until both ends repair" "$(elapsed "$begin" "$(tail -n 1 "$T/first.out")")" -lt $((500 + $(stood_still "$begin")))

# --- 5 % at random ---
loss "random mod 100 < 5"
for f in plain bare; do grows $f .sent 100; done
before=$(last plain '.sent - .echoed')
grows plain .sent 600
is "packets of 600 that were lost in the plain tunnel" $(($(last plain '.sent - .echoed') - before)) -le 5
is "percent lost without redundancy" "$(last bare '100 * (.sent - .echoed) / .sent | floor')" -ge 4

# --- the loss ends, and the repair packets with it ---
no_loss
quiet() {
	local n
	n=$(repairs)
	command sleep 1
	[ "$(repairs)" -eq "$n" ]
}
must 25 quiet "the repair packets end"
before=$(in_clear)
grows plain .echoed 100
is "packets of redundancy in the plain tunnel afterwards" $(($(in_clear) - before)) -eq 0
pass "$(repaired) packets were repaired"
is "those of the session, at the server" "$(server sessions --json | jq '[.[] | select(.kind == "plain") | .repaired] | add')" -eq "$(server_counter repaired)"
is "those of the socket, at the client" "$(client sockets --json | jq '[.[] | select(.local | endswith(":5000")) | .traffic.repaired_packets][0]')" -eq \
	"$(client_status .counters.repaired)"
check "the status says so" eval 'client status | grep -q "redundancy: .* plain: [1-9][0-9]* packets repaired, [1-9][0-9]* repair packets sent"'

# --- an encrypted-only socket beside none in clear ---
kill "$PLAIN"
media only library 5002
must 10 encrypted_up
grows only .echoed 50
before=$(in_clear) sent=$(repairs)
loss "random mod 100 < 5"
grows only .sent 100
lost=$(last only '.sent - .echoed')
grows only .sent 600
is "packets of 600 that were lost in the encrypted tunnel" $(($(last only '.sent - .echoed') - lost)) -le 5
is "repair packets" $(($(repairs) - sent)) -gt 500
is "of them in clear" $(($(in_clear) - before)) -eq 0

# --- and when it moves: to the plain tunnel and back, under loss ---
level unencrypted --pid "$LAST_PID" >/dev/null
must 5 '[ "$(in_clear)" -gt "$before" ]' "it has redundancy in the plain tunnel"
level encrypted-only --pid "$LAST_PID" >/dev/null
grows only .sent 20
before=$(in_clear) sent=$(repairs)
grows only .sent 100
is "repair packets after the move" $(($(repairs) - sent)) -gt 50
is "of them in clear" $(($(in_clear) - before)) -eq 0
