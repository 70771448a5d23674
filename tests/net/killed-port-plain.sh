#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a killed client had bound does not block a port when the next client wants no encrypted tunnel at all.
#
# Proof: a client is killed while a socket is encrypted-only by a policy.  Its program ends, and the policy goes.  The next client has
# no encrypted socket; a plain socket on that port is silent no longer than a tombstone lasts, and the client gives the encrypted
# tunnel up that it had only to say so.
. "$(dirname "$0")/lib.sh"
# Seconds.
TOMBSTONE=60
CLIENT_CONF=("persistence = 5" "policy ends { protocol = udp local-port = 5078 level = encrypted-only }")
talk() { program "$1" stranger "$TSCF_TOOLS/flow" --bind "$ANY:5078" --to $HOST:7000 --rate 20 --report 50; }

topology
echo_server
start_server
start_client
talk ends
grows ends .echoed 10
kill_client
kill "$LAST_PID"
finish "$LAST_PID"
CLIENT_CONF=("persistence = 5")
start_client
must 20 plain_up
since=$SECONDS
talk again
must $((TOMBSTONE + 15)) '[ "$(last again .echoed)" -gt 20 ]' "the port is served again"
note "after $((SECONDS - since)) s"
is "entries for the port" "$(server sessions --json | jq '[.[].bindings[] | select(.local | endswith(":5078"))] | length')" = 0
must 20 '[ "$(client_status .encrypted.state)" = idle ]' "no encrypted tunnel is kept"
is "encrypted tunnels in all" "$(server_counter encrypted_established)" = 2
