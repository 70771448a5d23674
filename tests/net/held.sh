#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# held.sh - a socket becomes encrypted-only while the encrypted tunnel cannot be set up, and is unencrypted again before
# the tunnel is there.  What waited for the tunnel is not sent: the server would bind the socket by it.  The socket goes
# on in clear, both ways; another one, which has stayed encrypted-only, goes on in the tunnel.
. "$(dirname "$0")/lib.sh"

topology
command -v nft >/dev/null || skip "needs nft"
start_capture
echo_server
CLIENT_CONF=("hold-time = 60000" "transport = udp")
start_server
start_client
program left stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 20 --report 50
must 10 '[ "$(last left ".echoed // 0")" -gt 10 ]' "the socket sends in clear"

filter udp
level encrypted-only --proto udp --port 5004 &
moving=$!
must 5 '[ "$(tunnel_of udp 5004)" = prohibited ]' "the socket is encrypted-only, and waits"
program stays encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 20 --marker "M-stays " --report 50
must 5 '[ "$(client_status .counters.held)" -gt 10 ]' "packets wait"
check "the socket is unencrypted again" level unencrypted --proto udp --port 5004
wait "$moving"
grows left .echoed 5 "it goes on in clear"
is "before there is a tunnel" "$(client_status .encrypted.state)" = connecting
# Clear packets that were under way when it became encrypted-only are refused; none is any more.
refused=$(server_counter clear_refused)
filter udp dtls tls
must 30 encrypted_up "the encrypted tunnel is there"
must 10 '[ "$(last stays ".echoed // 0")" -gt 10 ]' "the socket that has stayed goes on in it"
grows left .echoed 40 "the one that has left goes on in clear"
is "the server refuses none of its packets" "$(server_counter clear_refused)" -eq "$refused"
check "what waited was dropped" [ "$(client_status .counters.hold_dropped)" -gt 0 ]
stop_capture
is "the socket that has stayed was never in clear" "$(in_clear M-stays)" -eq 0
