#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# overtaken.sh - the latest level given to a socket applies, in whatever order the server gets and confirms the requests
# for it and for earlier levels.  A move to the plain tunnel that the server has not confirmed yet is overtaken by one
# to the encrypted tunnel.  A program changes its level all the time while three of ten datagrams are lost in each
# direction.  Server and client know how many were.
. "$(dirname "$0")/lib.sh"

filter() {
	in_phone nft -f - <<-END
		table inet loss {
			chain out { type filter hook output priority 0; udp dport $((PORT + 1)) $1 counter drop; }
			chain in { type filter hook input priority 0; udp sport $((PORT + 1)) $1 counter drop; }
		}
	END
}
# encrypted_session MEMBER
encrypted_session() { server sessions --json | jq -r ".[] | select(.kind == \"encrypted\") | .$1"; }
# dropped CHAIN: datagrams, by the filter.
dropped() { in_phone nft -j list chain inet loss "$1" | jq '[.. | .counter? | .packets? // empty] | add'; }
# near A B: they differ by at most a quarter of B; what others may still have overtaken is not lost yet.
near() { [ "$1" -ge $(($2 * 3 / 4 - 64)) ] && [ "$1" -le $(($2 * 5 / 4 + 64)) ]; }

topology
command -v nft >/dev/null && in_phone nft list ruleset >/dev/null 2>&1 || skip "needs nft"
start_capture
echo_server
start_server
start_client

# --- a move to the plain tunnel waits for its confirmation, and is overtaken ---
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$ANY:5006" --to $HOST:7000 --rate 100 --marker "M-only " --report 50
only=$LAST_PID
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 10 ]'
filter ""
level unencrypted --pid "$only" >/dev/null &
plain_word=$!
grows only .attempts 20
level encrypted-only --pid "$only" >/dev/null &
encrypted_word=$!
grows only .attempts 10
in_phone nft delete table inet loss
wait "$plain_word" "$encrypted_word"
overtaken=$(now)
grows only .echoed 100
is "the level is that of the last word" "$(client sockets --json | jq -r '[.[] | select(.local | endswith(":5006"))][0].level')" = encrypted-only
kill "$only"

# --- there and back under loss ---
cat >"$T/flip.py" <<'END'
import random, socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[2], 5004))
s.setblocking(False)
random.seed(7)
def send_for(seconds, text):
    end = time.time() + seconds
    while time.time() < end:
        try:
            s.sendto(text, (sys.argv[1], 7000))
        except OSError:
            pass
        time.sleep(0.005)
for i in range(12):
    for level in (1, 2):
        try:
            s.setsockopt(socket.SOL_SOCKET, 0x7453, level)
        except OSError:
            pass
        send_for(random.uniform(0.01, 0.1), b"M-flip%d" % level)
print("final", time.time(), flush=True)
while True:
    send_for(1, b"M-final")
END
is "no loss of the plain tunnel is known" "$(server sessions --json | jq '.[] | select(.kind == "plain") | .lost_packets') $(
	client_status .plain.traffic.lost)" = "null null"
tsid=$(encrypted_session tsid) up_before=$(encrypted_session lost_packets) down_before=$(client_status .encrypted.traffic.lost)
filter "numgen random mod 100 < 30"
program flip encrypted-only python3 "$T/flip.py" $HOST $ANY
must 60 'grep -q final "$T/flip.out"' "the program has changed its mind often enough"
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST2:7001 --to "$PHONE_INNER:5004" --rate 200 --linger 0 \
	--marker "M-remote " --report 50
# Lost requests are repeated, some more than once: after so many packets the server has surely got them.
must 15 '[ "$(last remote ".sent // 0")" -gt 600 ]'
final=$(now)
must 15 '[ "$(last remote ".sent // 0")" -gt 1200 ]'
is "the encrypted tunnel is the same" "$(encrypted_session tsid)" = "$tsid"
up=$(dropped out) down=$(dropped in)
up_lost=$(($(encrypted_session lost_packets) - up_before)) down_lost=$(($(client_status .encrypted.traffic.lost) - down_before))
check "the server knows what was lost: $up_lost, of $up dropped" near "$up_lost" "$up"
check "and the client: $down_lost, of $down dropped" near "$down_lost" "$down"
is "enough to tell" $((up > 150 && down > 150)) -eq 1
stop_capture
is "overtaken: not in clear" "$(in_clear M-only "$overtaken")" -eq 0
is "under loss: what is sent after the last word is not in clear" "$(in_clear M-final "$final")" -eq 0
is "under loss: nor what is received" "$(in_clear M-remote "$final")" -eq 0
is "under loss: nothing sent while encrypted-only goes up in clear" \
	"$(tcpdump -A -nr "$PCAP" "dst host $SERVER_LINK and udp dst port $PORT" 2>/dev/null | grep -c M-flip2)" -eq 0
