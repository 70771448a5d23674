#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# cloned.sh - two clients with one identifier at one outer address, as cloned machines behind an address translator have
# them.  They do not take each other's addresses: the first keeps its addresses and loses nothing, the second gets
# others, and both ends say so.  A client that was killed still gets its former addresses again.
. "$(dirname "$0")/lib.sh"

topology
topology_phone2
watch_stalls
# To the server both are at one address.
in_server nft -f - <<-END || exit 99
	table ip cloned {
		chain in { type nat hook input priority 100; ip saddr $PHONE2_OUTER udp dport $PORT snat to $PHONE_OUTER:40000-49999; }
	}
END
echo_server
start_server
start_client
first=$PHONE_INNER
program call library "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 50
must 10 '[ "$(last call .echoed)" -gt 50 ]'
mkdir "$T/clone"
cp "$T/phone/client-id" "$T/clone/"
start_second_client clone "$PHONE2" --transport udp
clone() { in_phone2 "$TSCF_SBINDIR/tscf-client" status --json --control "$T/clone.sock" | jq -r "$1"; }

must 10 '[ "$(clone .plain.shared_identifier)" = true ]' "the second client is told"
is "it has addresses of its own" "$(clone '.plain.internal[0]' | cut -d/ -f1)" != "$first"
check "and says so" grep -q "another client has the same identifier" "$T/clone.log"
check "and so does the server" grep -q "two clients have the same identifier" "$T/server.log"
must 40 '[ "$(client_status .plain.shared_identifier)" = true ]' "the first client is told, too"
is "it has its addresses" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = "$first"
is "and has lost nothing" "$(last call ".max_gap_ms | floor")" -lt $((500 + 2 * $(longest_stall)))
is "nor set up its tunnel again" "$(client_status '.counters.plain_reconnects // 0')" -eq 0
