#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# plot.sh - contrib/plot draws a real call, from captures of both ends: its packets, the move from the plain to the encrypted tunnel, what
# the network loses, and the delay; and the level of its socket, from the client's log.
. "$(dirname "$0")/lib.sh"

command -v sipp >/dev/null || skip "needs sipp"
[ -e /usr/share/sip-tester/g711a.pcap ] || skip "needs sip-tester's pcap files"
command -v nft >/dev/null || skip "needs nft"
topology
start_server
start_client
background server-capture "$SERVER" "$TSCF_SBINDIR/tscf-server" capture "$T/server.pcapng" --control "$SERVER_CONTROL"
server_capture=$LAST_PID
background client-capture "$PHONE" "$TSCF_SBINDIR/tscf-client" capture "$T/client.pcapng" --control "$CLIENT_CONTROL"
client_capture=$LAST_PID
must 5 '[ -s "$T/client.pcapng" ] && [ -s "$T/server.pcapng" ]' "the captures have begun"

background uas "$SERVICE" sipp -sn uas -i $HOST -p 5060 -mi $HOST -mp 6000 -rtp_echo -nostdin
must 10 '[ -n "$(ip netns exec $SERVICE ss -Hlnu "src $HOST:5060")" ]' "the other phone listens"
mkdir "$T/sipp"
ln -s /usr/share/sip-tester "$T/sipp/pcap"
# shellcheck disable=SC2016 # expanded by the inner shell
program sipp stranger sh -c 'cd "$1" && shift && exec sipp "$@"' - "$T/sipp" \
	-sn uac_pcap -i "$PHONE_INNER" -p 5080 -mi "$PHONE_INNER" -mp 22000 -m 1 -nostdin $HOST:5060
sipp=$LAST_PID
must 10 '[ "$(client_status .counters.up_plain)" -gt 60 ]' "the call is there"
asked=$(now)
check "it is moved" level encrypted-only --pid "$sipp"
must 10 '[ "$(client_status .counters.up_encrypted)" -gt 30 ]' "the call is in the encrypted tunnel"
in_server nft -f - <<-END
	table inet lossy {
		chain input {
			type filter hook input priority 0
			udp dport $((PORT + 1)) numgen inc mod 5 == 0 drop
		}
	}
END
must 10 '[ "$(client_status .counters.up_encrypted)" -gt 90 ]'
in_server nft delete table inet lossy
finish "$sipp" 40
sleep 0.1
kill -INT "$client_capture" "$server_capture"
finish "$client_capture" 10
is "the client's capture" $? -eq 0
finish "$server_capture" 10
is "the server's capture" $? -eq 0

python3 "$TSCF_SRC/contrib/plot" --port 22000 --title "a <call>" "$T/client.pcapng" "$T/server.pcapng" >"$T/call.svg"
is "a picture" $? -eq 0
check "it is XML" python3 -c 'import sys, xml.dom.minidom as m; assert m.parse(sys.argv[1]).documentElement.tagName == "svg"' "$T/call.svg"
python3 "$TSCF_SRC/contrib/plot" --port 22000 --title "a <call>" "$T/server.pcapng" "$T/client.pcapng" >"$T/other.svg"
check "the order of the files does not matter" cmp "$T/call.svg" "$T/other.svg"
says=$(grep -o 'up: [0-9].*median)' "$T/call.svg")
note "$says"
sent=$(tshark -n -r "$T/client.pcapng" -Y 'udp.srcport == 22000' 2>/dev/null | wc -l)
is "all packets of the call" "$(sed 's/up: \([0-9]*\) .*/\1/' <<<"$says")" -eq "$sent"
lost=$(sed 's/[^,]*, \([0-9]*\)\..*/\1/' <<<"$says")
is "what was lost on the way up shows" "$lost" -ge 2
is "nothing was lost on the way down" "$(grep -c 'down: [0-9]* packets, 0.00 % lost' <<<"$says")" -eq 1
is "plain at first, then encrypted" "$(grep -cE 'rect .*fill="#(e69f00|009e73)"' "$T/call.svg")" -gt 40
# As the journal has it.
sed -n "s/^tscf-client: info: \(sipp .* was .*\)/$asked host tscf-client[1]: \1/p" "$T/client.log" >"$T/log"
python3 "$TSCF_SRC/contrib/plot" --port 22000 --log "$T/log" "$T/client.pcapng" "$T/server.pcapng" >"$T/levels.svg"
is "the log of the client is understood" "$(grep -c '<title>encrypted-only; by tscf-client level</title>' "$T/levels.svg")" -eq 1
python3 "$TSCF_SRC/contrib/plot" "$T/server.pcapng" --port 1 >/dev/null 2>&1
is "no such flow" $? -eq 1
