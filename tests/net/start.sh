#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# start.sh - the quick start of README as it stands there, at most five commands on both sides together, on hosts where nothing is configured: after
# that a SIP call goes through the encrypted tunnel, and nothing of it is in clear.
. "$(dirname "$0")/lib.sh"

# commands FROM TO: the commands of README between two of its lines, without the remarks behind them.
commands() { sed -n "/^$1\$/,/^$2\$/p" "$TSCF_SRC/README" | sed -n 's/^    //p' | sed 's/ *(.*)$//'; }
COUNT=0
# on HOST COMMAND: run it there by a shell, as somebody would who has typed it.
on() {
	COUNT=$((COUNT + 1))
	note "$1: $2"
	"$T/$1/in" bash -c "$2" >"$T/$1.out" 2>"$T/$1.log" || fail "$1: $2: $(cat "$T/$1.log")"
}

command -v sipp >/dev/null || skip "needs sipp"
[ -e /usr/share/sip-tester/g711a.pcap ] || skip "needs sip-tester's pcap files"
topology
command -v nft >/dev/null || skip "needs nft"
own_system server-host "$SERVER"
own_system phone-host "$PHONE"
SERVER_CONTROL=$T/server-host/run/tscf/server.sock
CLIENT_CONTROL=$T/phone-host/run/tscf/client.sock
# The server's default route leads to clients.  The service network knows nothing of them.
in_server sysctl -qw net.ipv4.ip_forward=0
ip -n "$SERVER" route add default via 198.51.100.254
ip -n "$SERVICE" route del default
start_capture

while read -r command; do
	on server-host "$command"
done < <(commands 'On the server, which also routes between its tunnels and the service network:' 'On the client:')
invitation=$(grep '^tscf://' "$T/server-host.out")
check "the last one prints an invitation" test -n "$invitation"
while read -r command; do
	on phone-host "${command/tscf:\/\/.../"$invitation"}"
done < <(commands 'On the client:' 'Then programs get levels:')
is "commands" "$COUNT" -le 5
is "commands at least" "$COUNT" -ge 4
client status --wait-up 20 >"$T/status.out" || die "the tunnel is not up"
pass "the tunnel is up"
PHONE_INNER=$(client_status '.plain.internal[0]' | cut -d/ -f1)

background uas "$SERVICE" sipp -sn uas -i $HOST -p 5060 -mi $HOST -mp 6000 -rtp_echo -nostdin
must 10 '[ -n "$(ip netns exec $SERVICE ss -Hlnu "src $HOST:5060")" ]' "the other phone listens"
mkdir "$T/sipp"
ln -s /usr/share/sip-tester "$T/sipp/pcap"
from=$(now)
# shellcheck disable=SC2016 # expanded by the inner shell
program sipp encrypted-only sh -c 'cd "$1" && shift && exec sipp "$@"' - "$T/sipp" \
	-sn uac_pcap -i "$PHONE_INNER" -p 5080 -mi "$PHONE_INNER" -mp 22000 -m 1 -nostdin $HOST:5060
must 20 "[ \$(records up data $from) -gt 60 ] && [ \$(records down data $from) -gt 60 ]" "sound both ways in the encrypted tunnel"
pass "sound both ways in the encrypted tunnel"
finish "$LAST_PID" 30
is "the call went well" $? -eq 0
is "client of the session" "$(server sessions --json | jq -r '[.[] | select(.kind == "encrypted" and .state == "up")] | length')" -eq 1
stop_capture
is "no SIP in clear" "$(wire sip | wc -l)" -eq 0
is "nothing of the call in clear" "$(wire flows | wc -l)" -eq 0
is "nor outside the tunnels, to the service network" "$(wire outside | grep -c 192.0.2.)" -eq 0
