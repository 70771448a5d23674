#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# firewall.sh - a firewall on the access link lets only some transports through, or only one.  Both tunnels come up by
# the transports that are left, within the times that tscf-client(8) documents.  An encrypted-only socket is never in
# clear.
. "$(dirname "$0")/lib.sh"
TRANSPORT=auto

topology
command -v nft >/dev/null || skip "needs nft"
start_capture
echo_server
CLIENT_CONF=("keepalive = 1" "persistence = 0" "hold-time = 3000")
start_server

# The plain tunnel's transport and the encrypted one's.
for pair in "udp tls" "tcp dtls" "tcp tls" "dtls dtls" "tls tls"; do
	# shellcheck disable=SC2086
	filter $pair
	begun=$(now)
	start_client
	is "$pair: the plain tunnel" "$(plain_by)" = "${pair% *}"
	# 2 seconds, and some for a machine that is busy.
	is "$pair: is up in time, ms" "$(elapsed "$begun")" -lt 6000
	check "$pair: carries packets" reachable
	only
	must 5 '[ "$(last only .echoed)" -gt 10 ]' "$pair: the encrypted-only socket sends and receives"
	must 5 "[ \"\$(encrypted_by)\" = ${pair#* } ]" "$pair: the encrypted tunnel"
	is "$pair: no packet was refused" "$(last only '.send_errors.EACCES // 0')" -eq 0
	kill "$only"
	finish "$only" 5
	stop_client
done
stop_capture
is "the encrypted-only socket was never in clear" "$(in_clear M-only)" -eq 0
