#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A list of sessions can be read in pieces: sessions that end between two pieces do not shift the others.
#
# Proof: of 3000 tunnels, in the order of the server and sorted by an address and by age, each is listed once, though the last one of each
# piece ends before the next piece is asked for.
. "$(dirname "$0")/lib.sh"
COUNT=3000

# pieces [OPTION...]: the TSIDs of a list.
pieces() {
	local next=
	: >"$T/pieces"
	while :; do
		server sessions --json --limit 700 ${next:+--after "$next"} "$@" >"$T/piece.json" || fail "sessions --after $next"
		jq -r '.[].tsid // empty' "$T/piece.json" >>"$T/pieces"
		next=$(jq -r '.[-1].omitted.next // empty' "$T/piece.json")
		[ -n "$next" ] || return 0
		server disconnect "$(tail -n 1 "$T/pieces")" >/dev/null || fail "disconnect"
	done
}

topology
many_clients
start_server_bare --pool 10.64.0.0/16 --encrypted-pool 10.9.0.0/24 --route $SERVICE_NET --services DTTE --workers 2 --listen $SERVER_OUTER:$PORT --log-level warning
# Longer than this test may take.
background load "$PHONE" "$TSCF_LOAD" --server $SERVER_OUTER:$PORT --source 100.64.0.1 --plain $COUNT --window 64 --seconds 300 --json "$T/load.json"
must 60 "[ \"\$(server_status .interfaces[0].plain.tunnels)\" = $COUNT ]" "all tunnels are there"

for order in "" "--sort outer" "--sort age"; do
	server sessions --json | jq -r '.[].tsid // empty' | sort >"$T/whole"
	# shellcheck disable=SC2086 # an option and its value
	pieces $order
	is "pieces${order:+, }$order" "$(wc -l <"$T/pieces")" -gt 2900
	is "listed twice" "$(sort "$T/pieces" | uniq -d | wc -l)" -eq 0
	is "left out" "$(sort "$T/pieces" | comm -23 "$T/whole" - | wc -l)" -eq 0
done
next=$(server sessions --limit 3 | sed -n 's/^\.\.\. and [0-9]* sessions more: --after //p')
is "the next one, for a person" "$(server sessions --limit 1 --after "$next" | awk 'NR == 2 { print $4 }')" = \
	"$(server sessions --limit 4 | awk 'NR == 5 { print $4 }')"
client=$(server sessions --json --limit 1 | jq -r '.[0].internal[0]')
is "one client, by its internal address" "$(server sessions --json --client "$client" | jq -r '.[].internal[0]')" = "$client"
is "no such client" "$(server sessions --client nobody)" = "No sessions."
