#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# icmp.sh - ICMP errors quote the packet that they are about.  One about an encrypted packet travels encrypted, in both
# directions, and reaches the program.  The test has the far host's port unreachable, the tunnel server's time exceeded,
# and the phone's own port unreachable.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
start_server
start_client

# First in clear: this proves that the test sees quotes.
in_phone "$TSCF_TOOLS/flow" --connect --bind "$PHONE_INNER:5003" --to $HOST:9 --count 5 --linger 200 --marker "M-plain " >"$T/plain.out"
check "plain: the program sees ECONNREFUSED" jq -e '.receive_errors.ECONNREFUSED + .send_errors.ECONNREFUSED > 0' "$T/plain.out"
is "plain: packets and quotes are in clear" "$(in_clear M-plain)" -gt "$(last plain .sent)"

run encrypted-only "$TSCF_TOOLS/flow" --connect --bind "$PHONE_INNER:5004" --to $HOST:9 --rate 20 --count 20 --linger 500 \
	--marker "M-refused " >"$T/refused.out"
check "encrypted: the program sees ECONNREFUSED" jq -e '.receive_errors.ECONNREFUSED + .send_errors.ECONNREFUSED > 0' "$T/refused.out"

# The socket stays, so the tunnel stays; its packets end in the server.
came=$(client_status .counters.down_encrypted)
program ttl encrypted-only "$TSCF_TOOLS/flow" --connect \
	--bind "$PHONE_INNER:5005" --to $HOST:9 --ttl 1 --rate 20 --marker "M-expired " --report 50
must 5 '[ "$(client_status .counters.down_encrypted)" -gt "$came" ]' "time exceeded comes through the encrypted tunnel"

# For the kernel a raw socket has no port: the phone answers packets for it with port unreachable, without a mark.
program raw encrypted-only "$TSCF_TOOLS/flow" --kind raw \
	--bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 50 --marker "M-raw " --report 50
must 5 '[ "$(last raw .echoed)" -gt 50 ]' "a raw socket gets its answers"
fence
stop_capture
is "no packet of the refused socket in clear, nor a quote" "$(in_clear M-refused)" -eq 0
is "none of the expired one" "$(in_clear M-expired)" -eq 0
is "none of the raw one" "$(in_clear M-raw)" -eq 0
is "no quote by ports either" "$(($(socket_in_clear udp 5004) + $(socket_in_clear udp 5005) + $(socket_in_clear udp 5006)))" -eq 0
