#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a killed client had bound does not block the ports of programs that have ended meanwhile.
#
# Proof: a client is killed while a socket is encrypted-only by a policy.  Its program ends, and the policy goes.  After the next client
# has its encrypted tunnel, for another socket, a plain socket on that port is silent no longer than a tombstone lasts, and nothing but
# the tombstone is left of the first socket.
. "$(dirname "$0")/lib.sh"
# Seconds.
TOMBSTONE=60
OTHER="policy other { protocol = udp local-port = 5080 level = encrypted-preferred }"
CLIENT_CONF=("policy ends { protocol = udp local-port = 5078 level = encrypted-only }" "$OTHER")
talk() { program "$1" stranger "$TSCF_TOOLS/flow" --bind "$ANY:$2" --to $HOST:7000 --rate 20 --report 50; }

topology
echo_server
start_server
start_client
talk other 5080
talk ends 5078
grows ends .echoed 10
kill_client
kill "$LAST_PID"
finish "$LAST_PID"
CLIENT_CONF=("$OTHER")
start_client
must 20 'plain_up && encrypted_up' "the next client has its encrypted tunnel"
since=$SECONDS
talk again 5078
must $((TOMBSTONE + 10)) '[ "$(last again .echoed)" -gt 20 ]' "the port is served again"
note "after $((SECONDS - since)) s"
is "entries for the port" "$(server sessions --json | jq '[.[].bindings[] | select(.local | endswith(":5078"))] | length')" = 0
