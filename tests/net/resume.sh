#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# resume.sh - the client's outer address is replaced, an address translator gives it another port, its link goes down
# and comes up, it stands still, and its first packets are lost.  The plain session goes on with the same TSID and
# address each time, the encrypted tunnel comes back with its address, an inner TCP connection survives with every byte,
# both RTP flows go on, and no byte of the encrypted-only one is in clear.
. "$(dirname "$0")/lib.sh"

if [ "$TSCF_OUTER" = 6 ]; then NFT=ip6 SECOND_OUTER=2001:db8:1::7 BITS=64; else NFT=ip SECOND_OUTER=198.51.100.7 BITS=24; fi

topology
# replace_address OLD NEW
replace_address() {
	ip -n "$PHONE" addr del "$1/$BITS" dev access
	add_address "$PHONE" access "$2/$BITS"
	ip -n "$PHONE" route replace default via "$SERVER_LINK"
}
translate 41000-41099 || skip "needs nftables with address translation"
watch_stalls
start_capture
echo_server
# The two addresses belong to two workers.
start_server --workers 2
start_client
address=$PHONE_INNER
program only encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --marker "M-only " --report 50
program rtp library "$TSCF_TOOLS/flow" --bind $ANY:5006 --to $HOST:7000 --rate 50 --marker "M-rtp " --report 50
program stream library "$TSCF_TOOLS/tcp" --bind "$PHONE_INNER:5100" --to $HOST:7000 --seconds 60 --rate 100000 --marker M-stream \
	--patience 20000 --report 50
stream=$LAST_PID
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ] && [ "$(last rtp .echoed)" -gt 20 ]'
tsid=$(client_status .plain.tsid) encrypted_address=$(client_status '.encrypted.internal[0]')
translated_port() { client_status .plain.nat | sed "s/.*://" | cut -c1-3; }
is "the client knows its translated port" "$(translated_port)" = 410
is "a round trip is measured in the plain tunnel" "$(client_status .plain.round_trip_ms)" -ge 1
is "and in the encrypted one" "$(client_status .encrypted.round_trip_ms)" -ge 1

# goes_on WHAT PLAIN ENCRYPTED: everything comes back by itself, the flows within so many milliseconds after happens, which are
# those that tscf(7) names.
goes_on() {
	local what=$1
	within "$what: the plain flow goes on" "$2" rtp .echoed
	within "$what: the encrypted-only flow goes on" "$3" only .echoed
	must 5 encrypted_up
	grows stream .received 20000 "$what: the TCP connection goes on"
	# On a busy machine another way may win.
	if [ "$(plain_by)" = udp ]; then
		must 10 '[ "$(client_status .plain.mtu_confirmed)" = true ]' "$what: the MTU of the new path is found"
		pass "$what: the MTU of the new path is found"
	fi
	is "$what: the session is the same" "$(client_status .plain.tsid)" = "$tsid"
	is "$what: so is the internal address" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = "$address"
	is "$what: and the encrypted one" "$(client_status '.encrypted.internal[0]')" = "$encrypted_address"
}
# Where no end is told that the path has changed, TCP notices by its own repetition: at most as long after the outage
# as the outage was.
if [ "$TRANSPORT" = udp ]; then OUTAGE=0 DEAF=0; else OUTAGE=1500 DEAF=600; fi

# --- the address is replaced ---
happens
replace_address $PHONE_OUTER $SECOND_OUTER
goes_on "address replaced" 500 500

# --- the translator forgets the client, and gives it other ports ---
# forget PORTS: the translator forgets all it knows, and gives these ports from then on.
forget() {
	# Packets are dropped before the translator, so they keep no port alive.
	in_server nft -f - <<-END
		table $NFT outage {
			chain in { type filter hook prerouting priority -400; meta l4proto { tcp, udp } th dport { $PORT, $((PORT + 1)) } drop; }
			chain out { type filter hook output priority -400; meta l4proto { tcp, udp } th sport { $PORT, $((PORT + 1)) } drop; }
		}
	END
	translate "$1"
	# Longer than its time-out.
	command sleep 1.5
	in_server nft delete table $NFT outage
}
forget 42000-42099
happens
goes_on "other port" $((300 + OUTAGE)) $((600 + OUTAGE))
is "the client knows its new port" "$(translated_port)" = 420

# --- the link goes down, long enough to be noticed, and comes up ---
ip -n "$PHONE" link set access down
must 30 '! plain_up' "the client notices"
ip -n "$PHONE" link set access up
# In IPv6 it has lost its address.
[ "$TSCF_OUTER" = 4 ] || add_address "$PHONE" access $SECOND_OUTER/$BITS
ip -n "$PHONE" route replace default via $SERVER_LINK
happens
# A SYN that is lost while the link comes up is sent again by TCP after a second.
goes_on "link down and up" $((500 + DEAF)) $((500 + DEAF))

# --- the client stands still, as in a host that sleeps: longer than the server waits and the translator remembers ---
kill -STOP "$CLIENT_PID"
attempts=$(last rtp .attempts)
must 20 "[ \$(last rtp .attempts) -ge $((attempts + 300)) ]" "it stands still for 6 seconds"
forget 43000-43099
happens
kill -CONT "$CLIENT_PID"
goes_on "asleep" 500 2800
is "the client knows the port that it has then" "$(translated_port)" = 430
check "and that it stood still" grep -q 'this process stood still' "$T/client.log"

# --- the first packets from another address are lost, at the plain port only: by the encrypted port it would be another tunnel ---
in_server nft -f - <<-END || die "needs nftables"
	table $NFT deaf {
		chain in { type filter hook prerouting priority -400; meta l4proto { tcp, udp } th dport $PORT drop; }
	}
END
replace_address $SECOND_OUTER $PHONE_OUTER
command sleep 0.6
in_server nft delete table $NFT deaf
happens
goes_on "first packets lost" $((500 + DEAF)) $((600 + DEAF))

kill -TERM "$stream"
finish "$stream" 20
is "the TCP connection is right to the byte" "$(last stream .exact)" = true
is "its own errors" "$(last stream '.errors | length')" -eq 0
is "the server has set up one session" "$(server_status '.counters.plain_established // 0')" -eq 1
is "and resumed it" "$(server_status '.counters.plain_resumed // 0')" -ge 2
stop_capture
is "the encrypted-only flow was never in clear" "$(in_clear M-only)" -eq 0
is "no packet of its socket in the plain tunnel" "$(socket_in_clear udp 5004)" -eq 0
is "the other one was" "$(in_clear M-rtp)" -gt 50
