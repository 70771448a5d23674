#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tunnel-blocked.sh - a firewall on the way drops the encrypted tunnel from the start, which is said, or begins to do so,
# and later lets it through again, while the plain one works.  An encrypted-preferred socket goes on in clear, in both directions, as does one that only
# receives; but not while nothing at all gets through.  An encrypted-only socket is silent and never in clear.
# Afterwards all are encrypted again.
. "$(dirname "$0")/lib.sh"

topology
watch_stalls
command -v nft >/dev/null || skip "needs nft"
start_capture
echo_server
CLIENT_CONF=("hold-time = 500" "keepalive = 2")
start_server
start_client
plain=${TRANSPORT/auto/udp}

# --- blocked from the start ---
filter "$plain"
program early encrypted-preferred "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 50
early=$LAST_PID
must 15 'grep -q "no encrypted tunnel (the handshake is not finished): .* encrypted-preferred ones are in the plain tunnel" "$T/client.log"' \
	"it is said that a preferred socket is in clear, and why"
kill "$early"
gone "$early"

filter "$plain" dtls tls
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --marker "M-only " --report 50
program preferred encrypted-preferred \
	"$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 100 --marker "M-preferred " --report 50
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 50 ] && [ "$(last preferred .echoed)" -gt 50 ]' "both sockets in the encrypted tunnel"
begun=$(now)
grows preferred .echoed 100
is "the preferred socket is not in clear" "$(in_clear M-preferred "$begun")" -eq 0

# --- the whole network stalls: packets in clear would not arrive either ---
stalled=$(now)
filter
must 10 '[ "$(elapsed "$stalled")" -gt 1500 ]'
filter "$plain" dtls tls
grows preferred .echoed 100 "after a network that stalled, the preferred socket goes on"
is "and was not in clear" "$(in_clear M-preferred "$stalled")" -eq 0

filter "$plain"
blocked=$(now)
must 15 '[ "$(in_clear M-preferred "$blocked")" -gt 20 ]' "the preferred socket goes on"
must 15 '[ "$(wire answered plain M-preferred --from "$blocked")" != 0 ]' "and is answered"
answered=$(wire answered plain M-preferred --from "$blocked")
note "$(elapsed "$blocked" "$answered") ms after the encrypted tunnel was blocked"
is "in time, ms" "$(elapsed "$blocked" "$answered")" -lt $((1000 + $(stood_still "$blocked")))
must 15 '! encrypted_up' "the client knows that the encrypted tunnel is dead"
note "after $(elapsed "$blocked") ms"
check "in clear" [ "$(in_clear M-preferred "$blocked")" -gt 20 ]
check "the server has asked" [ "$(server_counter encrypted_probed)" -gt 0 ]
must 10 '[ "$(server_status ".interfaces[0].encrypted.tunnels")" -eq 0 ]' "and knows of no encrypted tunnel any more"
echoed=$(last only .echoed)
grows preferred .echoed 200
is "the encrypted-only socket is silent" "$(last only .echoed)" -eq "$echoed"

filter "$plain" dtls tls
unblocked=$(now)
must 40 'encrypted_up' "the encrypted tunnel is back"
grows only .echoed 50 "the encrypted-only socket goes on"
must 10 '[ "$(tunnel_of udp 5006)" = encrypted ]' "the preferred socket is back in the encrypted tunnel"
note "all is encrypted again $(elapsed "$unblocked") ms after the tunnel was let through"
# Clear packets in transit are accepted for 250 ms.
grows preferred .echoed 30
settled=$(now)
grows preferred .echoed 200 "where it is answered"

# --- a preferred socket that only receives: packets for it must take the other tunnel, too ---
program down encrypted-preferred "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6000" --report 50
must 10 '[ "$(tunnel_of udp 6000)" = encrypted ]' "a preferred socket that only receives is registered"
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:6001 --to "$PHONE_INNER:6000" --rate 100 --marker "M-down " --report 50
must 10 '[ "$(last down .foreign)" -gt 50 ]' "it receives"
filter "$plain"
blocked=$(now)
must 15 '[ "$(in_clear M-down "$blocked")" -gt 20 ]' "the socket that only receives goes on"
received=$(last down .foreign)
note "$(elapsed "$blocked") ms after the encrypted tunnel was blocked"
is "in time, ms" "$(elapsed "$blocked")" -lt $((1500 + $(stood_still "$blocked")))
must 5 '[ "$(last down .foreign)" -gt $((received + 20)) ]' "and hears what it is sent"
must 15 '! encrypted_up' "the client knows again that the encrypted tunnel is dead"
stop_capture
is "the encrypted-only socket was never in clear" "$(in_clear M-only)" -eq 0
is "no packet of it in the plain tunnel" "$(socket_in_clear udp 5004)" -eq 0
is "the preferred one was not in clear after it was moved back" "$(in_clear M-preferred "$settled" "$blocked")" -eq 0
