#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A server with four workers serves many clients as one would.
#
# Proof: of clients with outer addresses of their own each worker has some, and all tunnels of a client are at one; their
# calls, encrypted ones included, lose nothing; limits hold for all workers together, to the tunnel, and no address of
# the pool is left over; what is seen from outside are sums.  Between two phones at two workers packets keep their order,
# plain and encrypted, while the others call.
. "$(dirname "$0")/lib.sh"

topology
topology_phone2
many_clients
echo_server

# 125 addresses for clients; the two phones have two of them.
configure() {
	cat >"$T/server.conf" <<-END
		workers = 4
		tscf-interface "one" {
			assigned-services = "DTTE"
			inter-client-block = false
			$1
			$2
			tscf-port {
				address = "$SERVER_OUTER"
				port = $PORT
			}
			tscf-port {
				address = "$SERVER_OUTER"
				port = $PORT
				transport-protocol = tcp
			}
			tscf-address-pool {
				range = "10.8.0.0/25"
				encrypted-range = "10.9.0.0/25"
			}
		}
		route = { "$SERVICE_NET", "10.8.0.0/25" }
	END
}
configure 'max-tunnels = 42' 'max-encrypted-tunnels = 16'
start_server_bare --config "$T/server.conf" --log-level info
is "there are four workers" "$(server_status .workers)" = 4

# load NAME OPTION...: many clients; the results are in NAME.json.
load() {
	background "$1" "$PHONE" "$TSCF_LOAD" --server $SERVER_OUTER:$PORT --source 100.64.0.1 --pin "$PIN" --echo $HOST:7000 \
		--json "$T/$1.json" "${@:2}"
}
# result NAME FIELD PHASE...: the sum of a number over phases.
result() { jq -r --arg names "${*:3}" "[.phases[] | select([.phase] | inside(\$names | split(\", \"))) | .$2] | add" "$T/$1.json"; }
tunnels() { server_status ".interfaces[0].$1.tunnels"; }

# One over TCP and TLS: such connections are divided among workers as datagrams are.
start_client --transport tcp
start_second_client phone2 "$PHONE2"
inner2=$(in_phone2 "$TSCF_SBINDIR/tscf-client" status --json --control "$T/phone2.sock" | jq -r '.plain.internal[0]' | cut -d/ -f1)
server sessions --json >"$T/phones.json"
is "the phones are at two workers" "$(jq '[.[].worker] | unique | length' "$T/phones.json")" = 2

# --- limits ---
load limits --plain 60 --window 32 --encrypted 30 --encrypted-window 16 --seconds 0
finish "$LAST_PID" 30
is "plain tunnels up to the limit" "$(result limits "done" plain)" = 40
is "encrypted tunnels up to the limit" "$(result limits "done" encrypted)" = 16
must 5 '[ "$(tunnels plain) $(tunnels encrypted)" = "2 0" ]' "the tunnels are gone"

# --- the whole pool, and calls ---
configure '' ''
server reload || fail "reload"
# The 40 addresses that were used just now are not given out yet.
load calls --plain 90 --window 2 --encrypted 20 --active 60 --active-encrypted 20 --rate 20 --seconds 4
load_pid=$LAST_PID
must 20 '[ "$(tunnels plain) $(tunnels encrypted)" = "85 20" ]' "all tunnels are there"
pass "every address of the pool is used (83 and 2)"
server sessions --json >"$T/sessions.json"
is "every worker has some of the clients" "$(jq '[.[].worker] | unique | length' "$T/sessions.json")" = 4
is "each worker has its share at least" "$(jq '[.[] | .worker] | group_by(.) | map(length) | min' "$T/sessions.json")" -ge 15
is "sessions are listed once each" "$(jq '[.[].tsid] | unique | length' "$T/sessions.json")" = 105
is "all tunnels of a client are at one worker" \
	"$(jq '[.[] | {address: (.outer | sub(":[0-9]+$"; "")), worker}] | unique | group_by(.address) | map(length) | max' "$T/sessions.json")" = 1
is "every encrypted tunnel knows its plain one" "$(jq '[.[] | select(.kind == "encrypted" and .partner != null)] | length' "$T/sessions.json")" = 20

# --- from worker to worker, in order ---
background echo2 "$PHONE2" "$TSCF_TOOLS/flow" --bind "$inner2:7000" --echo --report 50
must 5 '[ -s "$T/echo2.out" ]' "echo server on the second phone"
program clear stranger "$TSCF_TOOLS/flow" --to "$inner2:7000" --rate 1000 --count 1500 --linger 2000 --until-echoed 1500
clear=$LAST_PID
program secret encrypted-only "$TSCF_TOOLS/flow" --to "$inner2:7000" --rate 500 --count 750 --linger 2000 --until-echoed 750
check "packets go from phone to phone" finish "$clear" 20
check "encrypted ones do" finish "$LAST_PID" 20
is "by TCP and TLS, at one worker" "$(server sessions --json | jq -r --arg outer "$PHONE_OUTER:" \
	'[.[] | select(.outer | startswith($outer)) | [.transport, .worker]] | [(map(.[0]) | sort | join(" ")), (map(.[1]) | unique | length)] | join(" ")')" = "tcp tls 1"
for flow in clear secret; do
	is "$flow: in order" "$(last $flow .reordered)" = 0
	is "$flow: none twice" "$(last $flow .duplicates)" = 0
done

finish "$load_pid" 40
is "tunnels as there are addresses" "$(result calls "done" "plain (for calls), plain")" = 83
is "encrypted ones" "$(result calls "done" "encrypted (for calls)")" = 20
is "calls were made" "$(result calls calls.sent calls)" -gt 4000
is "no packet of a call was lost" "$(jq '[.phases[].calls.lost] | add' "$T/calls.json")" = 0
# Clients that have had a call end without a release.
must 5 '[ "$(tunnels plain)" = 62 ]' "the tunnels are gone"
is "what began has ended or is there" "$(($(server_counter plain_established) - $(server_counter plain_ended)))" = 62
check "the server ends as it should" stop_server
