#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The list of sessions is whole, however many there are, and nobody's packets wait for it.
#
# Proof: of 10000 tunnels each is listed once; what is left out by --limit is counted; sorting and filters show what they say; while
# the list is made again and again no packet of the calls is lost, and other requests are answered.
. "$(dirname "$0")/lib.sh"
COUNT=10000

topology
many_clients
echo_server
start_server_bare --pool 10.64.0.0/16 --encrypted-pool 10.9.0.0/24 --route $SERVICE_NET --services DTTE --workers 2 --listen $SERVER_OUTER:$PORT --log-level warning

background load "$PHONE" "$TSCF_LOAD" --server $SERVER_OUTER:$PORT --source 100.64.0.1 --plain $COUNT --window 64 --echo $HOST:7000 --active 4 \
	--rate 50 --seconds 30 --json "$T/load.json"
load=$LAST_PID
must 120 "[ \"\$(server_status .interfaces[0].plain.tunnels)\" = $COUNT ]" "all tunnels are there"

start=$(now)
server sessions --json >"$T/list.json"
note "a list of $COUNT takes $(elapsed "$start") ms"
is "each is listed" "$(jq '[.[].tsid] | length' "$T/list.json")" = $COUNT
is "each is listed once" "$(jq '[.[].tsid] | unique | length' "$T/list.json")" = $COUNT
is "none is said to be left out" "$(jq '[.[] | select(has("omitted"))] | length' "$T/list.json")" = 0
is "each has its time" "$(jq '[.[] | select(.since > now - 150 and .since <= now and .identity == null)] | length' "$T/list.json")" = $COUNT
is "a line for each, and the heads" "$(server sessions | wc -l)" = $((COUNT + 1))
server sessions --json --limit 3 >"$T/limit.json"
is "with a limit: what is left out is counted" "$(jq -c '[length, .[3].omitted.sessions]' "$T/limit.json")" = "[4,$((COUNT - 3))]"
is "with a limit, for a person" "$(server sessions --limit 3 | tail -n 1 | sed 's/: --after .*//')" = "... and $((COUNT - 3)) sessions more"
must 20 '[ "$(server sessions --json --sort sent --limit 4 | jq ".[:4] | map(.sent_packets > 10) | all")" = true ]' "the calls come first"
pass "sorted by what was sent: the calls come first"
is "sorted" "$(server sessions --json --sort outer | jq '[.[].outer] | . == sort')" = true
is "one outer address" "$(server sessions --json --outer 100.64.0.1 | jq -r '.[].outer | sub(":[0-9]+$"; "")')" = 100.64.0.1
is "a prefix" "$(server sessions --json --outer 100.64.4.0/24 | jq length)" = 256
is "no such identity" "$(server sessions --identity nobody)" = "No sessions."

# List without a pause until the calls end.
while kill -0 "$load" 2>/dev/null && [ ! -s "$T/load.json" ]; do
	server sessions --json >/dev/null 2>&1
done &
PIDS+=($!)
server status --json >/dev/null
is "another request is answered meanwhile" $? = 0
finish "$load" 90
is "all tunnels were set up" "$(jq '[.phases[] | select(.phase | startswith("plain")) | .done] | add' "$T/load.json")" = $COUNT
is "calls were made" "$(jq '[.phases[].calls.sent] | add' "$T/load.json")" -gt 1000
is "no packet of a call was lost" "$(jq '[.phases[].calls.lost] | add' "$T/load.json")" = 0
