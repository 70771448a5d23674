#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ipsec.sh - the tunnels carry packets beside an IPsec daemon whose policies are for all packets, in both IP families.
# Nothing encrypted-only is in clear meanwhile.
export TSCF_INNER=6
. "$(dirname "$0")/lib.sh"

HOST4=192.0.2.10
PHONE_LINK=198.51.100.2 SERVER_LINK=198.51.100.1
FLOWS=
# flow NAME LEVEL PORT: one in each family, NAME4 and NAME6 (at the next port).
flow() {
	program "$1"4 "$2" "$TSCF_TOOLS/flow" --bind "0.0.0.0:$3" --to $HOST4:7000 --rate 50 --marker "M-$1 " --report 50
	program "$1"6 "$2" "$TSCF_TOOLS/flow" --bind "[::]:$(($3 + 1))" --to "$HOST:7000" --rate 50 --marker "M-$1 " --report 50
	FLOWS+=" ${1}4 ${1}6"
}
all_go_on() { for f in $FLOWS; do grows "$f" .echoed 20 "$1: $f goes on"; done; }
# traps: as strongSwan has them for leftsubnet and rightsubnet 0.0.0.0/0 and ::/0, and a passthrough for the gateway.
traps() {
	local any direction way
	for direction in out in fwd; do
		way="src $PHONE_LINK dst $SERVER_LINK"
		[ $direction = out ] || way="src $SERVER_LINK dst $PHONE_LINK"
		# shellcheck disable=SC2086 # several words
		in_phone ip xfrm policy add $way dir $direction priority 160000 || return
		for any in 0.0.0.0/0 ::/0; do
			# shellcheck disable=SC2086
			in_phone ip xfrm policy add src $any dst $any dir $direction priority 400000 tmpl $way proto esp reqid 1 mode tunnel || return
		done
	done
}
topology
add_address "$SERVER" service 192.0.2.1/24
add_address "$SERVICE" service $HOST4/24
ip -n "$SERVICE" route add default via 192.0.2.1
start_capture
echo_server
udp_echo $HOST4 7000
start_server --pool 10.8.0.0/24 --encrypted-pool 10.9.0.0/24 --route 192.0.2.0/24
CLIENT_CONF=('policy fixed { level = encrypted-only protocol = udp local-port = 5010-5019 }')
start_client
flow only encrypted-only 5000
flow policy stranger 5010
flow plain library 5020
must 10 encrypted_up
all_go_on "before"

traps || skip "needs IPsec policies"
all_go_on "policies for all packets"
is "what the client has put into the kernel is there" "$(client_status .kernel.state)" = complete
stop_client
start_client
all_go_on "a client that starts beside them"
in_phone ip xfrm policy flush
all_go_on "they were flushed, with those of the client"

# A program that sets this back is noticed with the next change.
for family in ipv4 ipv6; do in_phone sysctl -qw "net.$family.conf.tscf1.disable_policy=0"; done
client reload >/dev/null
must 5 '[ "$(in_phone sysctl -n net.ipv4.conf.tscf1.disable_policy)$(in_phone sysctl -n net.ipv6.conf.tscf1.disable_policy)" = 11 ]' "the setting is put back"

stop_capture
for f in only policy; do is "$f: packets in clear" "$(in_clear "M-$f ")" -eq 0; done
