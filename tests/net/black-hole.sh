#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# black-hole.sh - a path that loses packets of more than 1280 bytes without an error, and a firewall that lets only TCP
# through: bulk and voice get through both tunnels in both directions, and no tunnel is lost.
. "$(dirname "$0")/lib.sh"

TRANSPORT=auto
topology
in_server nft -f - <<-END || exit 99
	table inet path {
		counter large {}
		chain in {
			type filter hook prerouting priority raw
			iifname "access" meta l4proto udp drop
			iifname "access" meta length > 1280 counter name large drop
		}
		chain out {
			type filter hook postrouting priority raw
			oifname "access" meta length > 1280 counter name large drop
		}
	}
END
echo_server
start_server
start_client
is "the transport" "$(plain_by)" = tcp

for level in unencrypted encrypted-only; do
	program voice $level "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 50
	voice=$LAST_PID
	grows voice .echoed 20
	run $level "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 2000000 >"$T/bulk.out"
	is "$level: bytes that came back by TCP" "$(last bulk .received)" -eq 2000000
	run $level "$TSCF_TOOLS/flow" --to $HOST:7000 --size 1350 --rate 50 --count 100 --until-echoed 50 >"$T/large.out"
	is "$level: large datagrams that came back" "$(last large .echoed)" -ge 50
	grows voice .echoed 20
	kill "$voice"
	gone "$voice"
done
is "no tunnel was lost" "$(client_status '.counters | (.plain_reconnects // 0) + (.encrypted_reconnects // 0)')" -eq 0
is "packets that were too large" "$(in_server nft -j list counter inet path large | jq '.nftables[] | select(.counter) | .counter.packets')" -eq 0
