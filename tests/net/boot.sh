#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# boot.sh - the client is started before there is a network and a name service.  It waits, and has its tunnel within two
# seconds after the server's name can be resolved, with or without a notice from the host.  The log says each fault
# once.
. "$(dirname "$0")/lib.sh"

failures() { client_status .plain.failures; }
# The questions that have come to the name server, by the firewall that swallows them.
questions() { in_server nft -j list table inet deaf | jq '[.nftables[].rule.expr[]?.counter.packets | values] | add'; }
deaf() {
	in_server nft -f - <<-END
		table inet deaf { chain in { type filter hook prerouting priority raw; udp dport 53 counter drop; }; }
	END
}
begin() {
	: >"$T/client.log"
	SERVER_OUTER=server.example launch_client "$@"
	must 10 'client status --json'
}
up_in_time() {
	must 10 plain_up "$1: the tunnel comes up"
	is "$1: milliseconds until it is up" "$(elapsed "$from")" -le $((2000 + $(stood_still "$from")))
}
log_lines() { grep -c "$1" "$T/client.log"; }

topology
watch_stalls
start_capture
echo_server
start_server
private_names

# --- no link, no address, no name ---
ip -n "$PHONE" link set access down
ip -n "$PHONE" addr flush dev access
begin
program only encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --marker "M-only " --report 50
must 20 '[ "$(failures)" -ge 5 ]' "it has asked five times"
check "status says why" grep -q "cannot resolve server.example" <(client_status .plain.reason)
check "and for people, how often" grep -Eq "^plain: cannot resolve server.example.*\([0-9]+ attempts in vain\)" <(client status)
is "the log says so, once" "$(log_lines "warning: cannot resolve server.example")" -eq 1
ip -n "$PHONE" link set access up
ip -n "$PHONE" addr add "$PHONE_OUTER/24" dev access
ip -n "$PHONE" route add default via $SERVER_LINK
echo "$SERVER_LINK server.example" >>"$T/hosts"
from=$(now)
up_in_time "everything at once"
check "the log says how often it was in vain" grep -Eq "is used, after [0-9]+ attempts in vain in [0-9]+ s" "$T/client.log"
must 10 '[ "$(last only .echoed)" -gt 10 ]' "a program that waited meanwhile is served"
is "failures, while there is a tunnel" "$(failures)" -eq 0
kill "$LAST_PID"
finish "$LAST_PID"
stop_client

# --- a name server that does not answer yet: nothing on the host tells when it does ---
: >"$T/hosts"
echo "nameserver $SERVER_LINK" >"$T/resolv.conf"
deaf
begin
must 20 '[ "$(questions)" -ge 10 ]' "it asks again and again"
background dns "$SERVER" python3 "$TSCF_SRC/tests/net/dns.py" $SERVER_LINK server.example $SERVER_LINK
must 5 '[ -s "$T/dns.out" ]' "the name server"
in_server nft delete table inet deaf
from=$(now)
up_in_time "it answers"
stop_client

# --- the host is told of another name server, by a file that is replaced in its place ---
echo "nameserver 203.0.113.53" >"$T/resolv.conf"
begin
must 20 '[ "$(client_status .plain.state)" = connecting ]'
command sleep 0.5 & # The first question is on its way to nobody.
wait "$!"
echo "nameserver $SERVER_LINK" >"$T/resolv.conf"
from=$(now)
up_in_time "another name server"
stop_client
stop_capture
is "the encrypted-only socket was never in clear" "$(in_clear M-only)" -eq 0
