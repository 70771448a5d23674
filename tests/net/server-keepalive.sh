#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# server-keepalive.sh - a client that sends nothing by itself behind an address translator that forgets it after 7 seconds of silence.  With the
# service server-keepalive the translator remembers it, and what comes for the phone reaches it at any time; without, it does not.
. "$(dirname "$0")/lib.sh"

topology
translate 41000-41099 || skip "needs nftables with address translation"
in_server sysctl -qw net.netfilter.nf_conntrack_udp_timeout=7 net.netfilter.nf_conntrack_udp_timeout_stream=7
SERVER_CONF=("keepalive-timer-datagram = 0" "tunnel-persistence-time = 0" "server-keepalive-timer = 5")
CLIENT_CONF=("keepalive = 0")

# remembered: the translator has the client's tunnel.
remembered() { in_server grep -q "dport=$PORT " /proc/net/nf_conntrack; }
# begin SERVICES: a server and a client, whose phone sends back what it gets.
begin() {
	SERVICES=$1
	start_server
	start_client
	background phone-echo "$PHONE" "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --echo --report 50
	must 5 "[ -s '$T/phone-echo.out' ]"
}
# calls: one packet from the service network to the phone, and back.
calls() { in_service "$TSCF_TOOLS/flow" --to "$PHONE_INNER:5004" --count 1 --linger 1000 --until-echoed 1 >/dev/null; }

begin DTTE
check "the phone is reached at first" calls
must 25 '! remembered' "the translator has forgotten the client"
if calls; then fail "the phone is reached, so this test proves nothing"; else pass "the phone is not reached any more"; fi
stop_client
stop_server
kill -TERM "$LAST_PID"

begin DTTE,server-keepalive
heard() { client_status .plain.traffic.received_packets; }
before=$(heard)
must 40 "[ \"\$(heard)\" -ge $((before + 3)) ]" "three keepalives of the server"
check "the translator remembers the client" remembered
check "the phone is reached after that time" calls
is "status shows the service" "$(server_status '[.interfaces[0].services[]] | index("server-keepalive") != null')" = true
