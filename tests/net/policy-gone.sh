#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sockets that stop being encrypted-only while both tunnels are down are served when the tunnels are back.
#
# Proof: three sockets are encrypted-only by policies.  A firewall takes both tunnels; then the policies of two go, and the
# program of one of these ends and another takes its port, as plain sockets.  When the firewall is gone, the server keeps the
# third encrypted, serves the others, and has them in clear in the end: what the former encrypted tunnel held for them does not pass to the next one.
. "$(dirname "$0")/lib.sh"

policy() { printf 'policy p%s { protocol = udp local-port = %s level = %s }' "$1" "$1" "$2"; }
CLIENT_CONF=("$(policy 5078 encrypted-only)" "$(policy 5080 encrypted-only)" "$(policy 5082 encrypted-only)")
talk() { program "t-$1" stranger "$TSCF_TOOLS/flow" --bind "$ANY:$2" --to $HOST:7000 --rate 20 --report 50; }
bound() { server sessions --json | jq -c '[.[].bindings[] | select(.level == "encrypted-only" and .state == "active") | .local | sub(".*:"; "")] | sort'; }

topology
echo_server
start_server
start_client
for port in 5078 5082 5080; do talk "$port" "$port"; done
ends=$LAST_PID
for port in 5078 5080 5082; do grows "t-$port" .echoed 10; done
filter
must 30 '! plain_up && ! encrypted_up'
must 30 'grep -q "routes of the server are given up" "$T/client.log"'
kill "$ends"
finish "$ends"
sed -i '/^policy p5078/d; /^policy p5080/d' "$T/client.conf"
check "a reload without two of the policies" client reload
talk again 5080
in_server nft delete table inet firewall
must 40 'plain_up && encrypted_up' "both tunnels are back"
for program in t-5078 t-5082 t-again; do grows "$program" .echoed 20; done
# A tombstone keeps the port of the program that has ended out of the clear for a while.
must 60 '[ "$(bound)" = "[\"5082\"]" ]' "the server holds only what is encrypted-only still"
