#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# rebind.sh - an address translator forgets the client after a silence and gives it other ports.  The encrypted tunnel
# goes on with the first record that comes through (connection ids), and its encrypted-only flow goes on at once, as do
# preferred ones in it.  The plain tunnel is resumed.
. "$(dirname "$0")/lib.sh"

topology
watch_stalls
translate 41000-41099 || skip "needs nftables with address translation"
start_capture
echo_server
start_server
start_client
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$ANY:5004" --to $HOST:7000 --rate 50 --marker "M-only " --report 20
program preferred encrypted-preferred "$TSCF_TOOLS/flow" --bind "$ANY:5006" --to $HOST:7000 --rate 50 --marker "M-preferred " --report 20
program rtp library "$TSCF_TOOLS/flow" --bind "$ANY:5008" --to $HOST:7000 --rate 50 --marker "M-rtp " --report 20
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 50 ] && [ "$(last preferred .echoed)" -gt 50 ] && [ "$(last rtp .echoed)" -gt 50 ]'
encrypted_session() { server sessions --json | jq -r '.[] | select(.transport == "dtls") | .tsid'; }
tsid=$(encrypted_session)
in_server nft -f - <<-END
	table inet outage {
		chain in { type filter hook prerouting priority -400; udp dport { $PORT, $((PORT + 1)) } drop; }
		chain out { type filter hook output priority -400; udp sport { $PORT, $((PORT + 1)) } drop; }
	}
END
translate 42000-42099
# Wait until the translator has forgotten the client.
must 10 '! in_server grep -q "dport=$PORT\|dport=$((PORT + 1))" /proc/net/nf_conntrack' "the translator has forgotten the client"
in_server nft delete table inet outage
back=$(now)
grows only .echoed 50 "the encrypted-only flow goes on"
grows preferred .echoed 50 "so does the preferred one"
grows rtp .echoed 50 "and the one in clear"
must 10 '[ "$(tunnel_of udp 5006)" = encrypted ]' "the preferred socket uses the encrypted tunnel"
settled=$(now)
grows preferred .echoed 50
stop_capture
encrypted=$(wire answered encrypted "" --from "$back") plain=$(wire answered plain "M-rtp " --from "$back")
note "the encrypted tunnel works after $(elapsed "$back" "$encrypted") ms, the plain one after $(elapsed "$back" "$plain") ms"
stall=$(stood_still "$back")
is "the encrypted tunnel is back at once, ms" "$(elapsed "$back" "$encrypted")" -lt $((250 + stall))
is "the plain tunnel is back soon, ms" "$(elapsed "$back" "$plain")" -lt $((300 + stall))
is "the encrypted tunnel is the one it was" "$(encrypted_session)" = "$tsid"
is "by one handshake" "$(server_counter encrypted_established)" -eq 1
check "it has moved" [ "$(server_counter encrypted_moved)" -ge 1 ]
is "it was not put aside for a plain one that did not get through either" "$(client_status .counters.encrypted_aside)" -eq 0
is "the preferred flow is not in clear afterwards" "$(in_clear M-preferred "$settled")" -eq 0
is "the encrypted-only flow was never in clear" "$(in_clear M-only)" -eq 0
