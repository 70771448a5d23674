#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# spoof.sh - the inner source address belongs to the tunnel that it came by.  A client cannot send as another client,
# nor as a host of the service network, plain or encrypted.  Clients do not reach each other.
. "$(dirname "$0")/lib.sh"

# From the attacker's namespace, through its own tunnel devices and around its own client.
forge() { in_phone2 python3 "$TSCF_SRC/tests/net/forge.py" --count 20 "$@"; }
strange() { last echo-7000 .strange; }

topology
topology_phone2
start_capture bridge
echo_server
start_server
start_client
victim=$PHONE_INNER
start_second_client attacker "$PHONE2"
attacker=$(in_phone2 "$TSCF_SBINDIR/tscf-client" status --json --control "$T/attacker.sock" | jq -r '.plain.internal[0]' | cut -d/ -f1)
background holder "$PHONE2" "$TSCF_BINDIR/tscf-run" --control "$T/attacker.sock" --level encrypted-only -- \
	"$TSCF_TOOLS/flow" --to $HOST:7000 --rate 20 --report 50
program listener stranger "$TSCF_TOOLS/flow" --bind "$victim:5004" --report 50
must 10 '[ "$(last holder .echoed)" -gt 10 ]' "the attacker's encrypted tunnel is up"
outer=$(server sessions --json | jq -r --arg a "$PHONE2_OUTER" '.[] | select(.transport == "udp" and (.outer | contains($a))) | .outer')
check "two clients, two addresses" [ "$victim" != "$attacker" ]

forge "$outer>$SERVER_OUTER:$PORT" udp "$attacker:5999" $HOST:7000 FORGED
must 5 '[ "$(strange)" -eq 20 ]' "its own address passes"
spoofed=$(server_counter spoofed)
if [ "$TSCF_INNER" = 6 ]; then false=(2001:db8:9::77 ::1 ::); else false=(10.9.0.77 127.0.0.1 0.0.0.0); fi
for source in "$victim" $HOST2 "${false[@]}"; do
	forge "$outer>$SERVER_OUTER:$PORT" udp "$source:5004" $HOST:7000 FORGED
done
must 5 "[ \"\$(server_counter spoofed)\" -eq $((spoofed + 100)) ]" "five false sources in the plain tunnel are counted"
# Through the devices, the attacker's own client checks as well: either end may drop.
forge -tscf0 udp "$victim:5004" $HOST:7000 FORGED
forge -tscf1 udp "$victim:5004" $HOST:7000 FORGED
grows holder .echoed 10
is "none of them arrived" "$(strange)" -eq 20

inter=$(server_counter inter_client)
forge "$outer>$SERVER_OUTER:$PORT" udp "$attacker:5999" "$victim:5004" FORGED
must 5 "[ \"\$(server_counter inter_client)\" -eq $((inter + 20)) ]" "client to client is dropped and counted"
is "the victim got nothing" "$(last listener .strange)" -eq 0
# An attacker knows the victim's outer address and port.
is "sessions are as they were" "$(server sessions --json | jq length)" -eq 3
stop_capture
