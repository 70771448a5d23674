#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# sizes.sh - IP packets of every size from the smallest to 1500 bytes, and of many more up to 65535, go to the far end
# and back in both tunnels with every byte unchanged.
. "$(dirname "$0")/lib.sh"

topology
background echo "$SERVICE" "$TSCF_TOOLS/sizes" --echo $HOST:7000
must 5 '[ -s "$T/echo.out" ]' "echo server"
start_server
start_client

for l in unencrypted encrypted-only; do
	begun=$(now)
	run $l "$TSCF_TOOLS/sizes" --to $HOST:7000 >"$T/sizes.out"
	check "$l: all sizes, byte for byte" [ $? -eq 0 ]
	is "$l: sizes" "$(last sizes .exact)" -gt 2000
	is "$l: packets with wrong bytes" "$(last sizes .wrong)" -eq 0
	is "$l: sizes that never came back" "$(last sizes '.missing | tojson')" = "[]"
	note "$(last sizes .resent) packets were sent again, $(elapsed "$begun") ms"
done
is "packets that went through the encrypted tunnel" "$(client_status .counters.up_encrypted)" -gt 2000
