#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# firewall-change.sh - a firewall on the access link changes while the tunnels are up.  Both change to other transports
# within the time that tscf-client(8) documents, and return to better ones when these are possible again.  Internal
# address and sockets stay, and an encrypted-only socket is never in clear.
. "$(dirname "$0")/lib.sh"
TRANSPORT=auto

topology
command -v nft >/dev/null || skip "needs nft"
start_capture
echo_server
CLIENT_CONF=("keepalive = 1" "persistence = 0" "hold-time = 3000")
start_server

filter udp dtls
start_client
address=$PHONE_INNER
program clear stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6000" --to $HOST:7000 --rate 100 --report 50
only
must 5 '[ "$(encrypted_by)" = dtls ]'
filter tcp tls
changed=$(now)
must 15 '[ "$(plain_by)" = tcp ] && [ "$(encrypted_by)" = tls ]' "both go to TCP and TLS"
is "by other transports in time, ms" "$(elapsed "$changed")" -lt 9000
grows only .echoed 20
grows clear .echoed 20
is "the internal address is the same" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = "$address"
filter udp tcp dtls tls
must 30 '[ "$(plain_by)" = udp ] && [ "$(encrypted_by)" = dtls ]' "both come back to UDP and DTLS"
lost_only=$(last only .lost) lost_clear=$(last clear .lost)
grows only .echoed 20
grows clear .echoed 20
is "the internal address is the same" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = "$address"
stop_capture
is "the encrypted-only socket was never in clear" "$(in_clear M-only)" -eq 0
