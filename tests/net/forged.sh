#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# forged.sh - no downgrade from the plain side.  An attacker on the access link sees everything and can forge any
# source.  Clear packets for and from an encrypted-only socket are dropped and counted at both ends.  Control messages
# with a wrong TSID do nothing.  Requests on the plain tunnel, even with the right TSID, change no binding and end no
# encrypted tunnel.
. "$(dirname "$0")/lib.sh"

# forge_up, forge_down KIND WORD...: as the phone to the server, as the server to the phone.
forge_up() { in_phone python3 "$TSCF_SRC/tests/net/forge.py" --count 20 "$OUTER>$SERVER_OUTER:$PORT" "$@"; }
forge_down() { in_server python3 "$TSCF_SRC/tests/net/forge.py" --count 20 "$SERVER_OUTER:$PORT>$OUTER" "$@"; }
# A moment for what was forged to arrive: the flow's own packets overtake nothing.
settle() {
	grows only .echoed 30 "the encrypted-only socket goes on"
}
encrypted_session() { server sessions --json | jq -c '[.[] | select(.transport == "dtls") | [.tsid, .bindings]]'; }

topology
start_capture
echo_server
start_server
start_client
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --connect --rate 100 --marker "M-only " --report 50
only=$LAST_PID
program open stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5998" --report 50
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 50 ]'
outer() { server sessions --json | jq -r '.[] | select(.transport == "udp") | .outer'; }
OUTER=$(outer)
TSID=$(server sessions --json | jq -r '.[] | select(.transport == "udp") | .tsid' | sed 's/^0x//')
before=$(encrypted_session)

# --- packets: first the forging is shown to work, then it must have no effect ---
forge_up udp "$PHONE_INNER:5999" $HOST:7000 FORGED
must 5 '[ "$(last echo-7000 .strange)" -eq 20 ]' "a forged packet of an unmoved socket arrives"
forge_down udp $HOST:7000 "$PHONE_INNER:5998" FORGED
must 5 '[ "$(last open .strange)" -eq 20 ]' "a forged packet for an unmoved socket arrives"

refused=$(server_counter clear_refused)
forge_up udp "$PHONE_INNER:5004" $HOST:7000 FORGED
settle
is "server: a clear packet from the encrypted-only socket is dropped" "$(last echo-7000 .strange)" -eq 20
is "server: and counted" "$(($(server_counter clear_refused) - refused))" -eq 20

refused=$(client_status .counters.down_clear_refused)
forge_down udp $HOST:7000 "$PHONE_INNER:5004" FORGED
settle
is "client: a clear packet for the encrypted-only socket is dropped" "$(last only .strange)" -eq 0
is "client: and counted" "$(($(client_status .counters.down_clear_refused) - refused))" -eq 20

refused=$(server_status '[.counters.clear_refused, .counters.fragment_unknown] | add')
forge_up tail "$PHONE_INNER" $HOST FORGED-TAIL
forge_up unreachable "$PHONE_INNER" $HOST:7000 "$PHONE_INNER:5004"
settle
is "server: fragments without a first one and clear quotes are dropped and counted" \
	"$(($(server_status '[.counters.clear_refused, .counters.fragment_unknown] | add') - refused))" -eq 40
forge_down unreachable $HOST "$PHONE_INNER:5004" $HOST:7000
settle
is "client: a clear ICMP error about the socket does not reach it" "$(last only '.receive_errors + .send_errors | length')" -eq 0

# --- control messages.  A binding TLV for the socket, udp, without remote: release, close, and level unencrypted ---
local_end=138c$(python3 -c 'import ipaddress, sys; print(ipaddress.ip_address(sys.argv[1]).packed.hex())' "$PHONE_INNER")
family=0$TSCF_INNER
wrong=$(server_counter control_wrong_tsid)
forge_up message 5 00112233445566aa
settle
is "a wrong TSID is dropped and counted" "$(($(server_counter control_wrong_tsid) - wrong))" -eq 20
wrong=$(client_status .counters.control_wrong_tsid)
forge_down message 5 00112233445566aa
settle
is "by the client too" "$(($(client_status .counters.control_wrong_tsid) - wrong))" -eq 20
is "and it keeps its plain tunnel" "$(client_status .counters.plain_reconnects)" -eq 0
for binding in 01020011${family}00 02020011${family}00 00010011${family}00; do
	forge_up message 9 "$TSID" 10=0002 "12=$binding$local_end"
done
forge_up message 9 "$TSID" 10=0003 "12=00020011${family}00$local_end"
settle
is "bind, release and close on the plain tunnel change nothing" "$(encrypted_session)" = "$before"
is "the binding still holds" "$(last only .errors)" -eq 0

# --- the right TSID, which anyone on the link can read: the plain tunnel may end, the encrypted one may not ---
from=$(now)
forge_up message 5 "$TSID"
settle
is "a forged release ends no encrypted tunnel" "$(encrypted_session)" = "$before"
must 15 "plain_up && [ \"\$(server sessions --json | jq length)\" -eq 2 ]" "the client mends its plain tunnel"
settle
check "another socket is reachable again" wait_until 10 reachable
is "the socket saw no error" "$(last only .errors)" -eq 0

# --- strict-tsid, at either end: a wrong TSID ends the plain tunnel, and nothing else ---
stop_client
stop_server
kill "$only"
finish "$only" 5
echo 'tscf-interface "strict" { strict-tsid = true }' >"$T/strict.conf"
start_server --config "$T/strict.conf"
CLIENT_CONF=("strict-tsid = true")
start_client
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --connect --rate 100 --marker "M-only " --report 50
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 50 ]'
before=$(encrypted_session)
for end in up down; do
	OUTER=$(outer)
	lost=$(client_status .counters.plain_reconnects)
	"forge_$end" message 5 00112233445566aa
	must 15 '[ "$(client_status .counters.plain_reconnects)" -gt "$lost" ]' "strict, $end: the plain tunnel ends"
	must 15 plain_up "strict, $end: the client sets up another"
	settle
	pass "strict, $end: the plain tunnel ends, and is set up again"
done
is "strict: the encrypted tunnel is the same" "$(encrypted_session)" = "$before"
is "strict: the socket saw no error" "$(last only .errors)" -eq 0
fence
stop_capture
is "the socket was never in clear" "$(in_clear M-only)" -eq 0
is "forged packets aside, nothing of it in the plain tunnel" "$(socket_in_clear udp 5004 "$from")" -eq 0
