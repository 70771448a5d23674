#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# forged.sh - no downgrade from the plain side.  An attacker on the access link sees everything and can forge any
# source.  Clear packets for and from an encrypted-only socket are dropped and counted at both ends.  Control messages
# that the other end has not made, whatever is known of the tunnel, and messages that are repeated, are dropped and
# counted, and change nothing.
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
# Nothing of these is answered, and all are counted, 20 for each message: unchanged COUNTER BEFORE MESSAGES WHAT.
both_sessions() { server sessions --json | jq -c '[.[] | [.tsid, .outer, .transport, .bindings]]'; }
all=$(both_sessions)
from=$(now)
unchanged_up() {
	settle
	is "server: $4 is dropped and counted" "$(($(server_counter "$1") - $2))" -eq $((20 * $3))
	is "server: $4 changes nothing" "$(both_sessions)" = "$all"
}
unchanged_down() {
	settle
	is "client: $4 is dropped and counted" "$(($(client_status ".counters.$1") - $2))" -eq $((20 * $3))
	is "client: $4 does not end the tunnel" "$(client_status .counters.plain_reconnects)" -eq 0
	is "client: $4 makes the server do nothing" "$(both_sessions)" = "$all"
}
wrong=$(server_counter control_wrong_tsid)
forge_up message 5 00112233445566aa
unchanged_up control_wrong_tsid "$wrong" 1 "a wrong TSID"
wrong=$(client_status .counters.control_unsealed)
forge_down message 5 00112233445566aa
unchanged_down control_unsealed "$wrong" 1 "a wrong TSID"

# The right TSID, which anyone on the link can read: bind, release, close and unshield for the socket; release of the tunnel, keepalive,
# resumption and service of the client.
wrong=$(server_counter control_unsealed)
for binding in 01020011${family}00 02020011${family}00 00010011${family}00; do
	forge_up message 9 "$TSID" 10=0002 "12=$binding$local_end"
done
forge_up message 9 "$TSID" 10=0003 "12=00020011${family}00$local_end"
forge_up message 9 "$TSID" 10=0001 "18=$(printf '00%.0s' {1..32})"
forge_up message 5 "$TSID"
forge_up message 7 "$TSID"
forge_up message 8 "$TSID"
forge_up message 3 "$TSID" "26=$(printf '00%.0s' {1..32})" "25=$(printf '00%.0s' {1..32})"
unchanged_up control_unsealed "$wrong" 9 "a message without a MAC"
wrong=$(client_status .counters.control_unsealed)
forge_down message 5 "$TSID" 9=0009
forge_down message 7 "$TSID" 20=
forge_down message 8 "$TSID" 9=0003
unchanged_down control_unsealed "$wrong" 3 "a message without a MAC"

made_up=42=$(printf 'ab%.0s' {1..24})
wrong=$(server_counter control_forged)
forge_up message 5 "$TSID" "$made_up"
forge_up message 7 "$TSID" "$made_up"
unchanged_up control_forged "$wrong" 2 "a made-up MAC"
wrong=$(client_status .counters.control_forged)
forge_down message 5 "$TSID" 9=0009 "$made_up"
forge_down message 7 "$TSID" 20= "$made_up"
unchanged_down control_forged "$wrong" 2 "a made-up MAC"

# What was said before, once more, and with a byte changed; forge.py's own messages have a sequence number of their own.
fence
honest() { grep -vE '^.{24}10000000' | tail -n 1; }
seen=$(wire raw up keepalive-request | honest)
wrong=$(server_counter control_replayed)
forge_up bytes "$seen"
unchanged_up control_replayed "$wrong" 1 "a message that was seen before"
wrong=$(server_counter control_forged)
forge_up bytes "1005${seen:4}"
unchanged_up control_forged "$wrong" 1 "a keepalive that was made a release"
seen=$(wire raw down keepalive-response | honest)
wrong=$(client_status .counters.control_replayed)
forge_down bytes "$seen"
unchanged_down control_replayed "$wrong" 1 "a message that was seen before"

is "the encrypted tunnel is the same" "$(encrypted_session)" = "$before"
is "its binding still holds" "$(last only .errors)" -eq 0
check "another socket is reachable" wait_until 10 reachable
fence
stop_capture
is "the socket was never in clear" "$(in_clear M-only)" -eq 0
is "forged packets aside, nothing of it in the plain tunnel" "$(socket_in_clear udp 5004 "$from")" -eq 0
