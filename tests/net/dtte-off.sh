#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# dtte-off.sh - where DTTE is not among the assigned services, encrypted-preferred sockets stay plain and encrypted-only
# ones are prohibited, with an error.  A reload reads the services again, and they apply to tunnels that are set up
# after it.  An existing encrypted tunnel stays, and a reload puts nothing encrypted-only in clear.
. "$(dirname "$0")/lib.sh"

# flow_at NAME LEVEL [OPTION...]: a flow that runs until it is killed.
flow_at() {
	local name=$1 level=$2
	shift 2
	program "$name" "$level" \
		"$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --marker "M-$name " --report 50 "$@"
}

topology
start_capture
echo_server
services_config "SIP"
start_server_bare --config "$T/server.conf"
CLIENT_CONF=("policy user { uid = 4242 level = encrypted-only }")
start_client
CLIENT_CONF=()

# Its first packet is held until the server has refused the tunnel.
is "a TCP connection is refused at once" "$(in_phone setpriv --reuid 4242 --clear-groups python3 -c '
import socket, sys
try: socket.create_connection((sys.argv[1], 7000), 3)
except OSError as e: print(e.errno in (13, 113))' $HOST)" = True
# The policy stays.  It concerns no other socket of this test; those that become plain are exceptions from it.
flow_at preferred encrypted-preferred
preferred=$LAST_PID
flow_at only encrypted-only
only=$LAST_PID
must 10 '[ "$(last only .send_errors.EACCES)" -gt 5 ]' "the encrypted-only program sees EACCES"
is "encrypted state" "$(encrypted_state)" = failed
check "status says why" [ -n "$(client_status '.encrypted.reason // empty')" ]
is "the encrypted-only socket is shown as prohibited" \
	"$(client sockets --json | jq -r '[.[] | select(.level == "encrypted-only")][0].tunnel')" = prohibited
grows preferred .echoed 20 "encrypted-preferred goes on"
# --- the other levels still work, also with many sockets at once ---
flow_at changes encrypted-only --bind "$ANY:5014"
changes=$LAST_PID
flow_at many encrypted-only --sockets 100 --rate 500
many=$LAST_PID
must 10 '[ "$(last changes ".send_errors.EACCES // 0")" -gt 5 ] && [ "$(last many ".send_errors.EACCES // 0")" -gt 100 ]'
must 10 '[ "$(client_status ".sockets[\"encrypted-only\"]")" -ge 102 ]' "all are listed"
level encrypted-preferred --pid "$changes" >/dev/null
grows changes .echoed 20 "from encrypted-only to encrypted-preferred: it is plain"
level unencrypted --pid "$many" >/dev/null || fail "level of 100 sockets"
must 5 '[ "$(client_status .sockets.unencrypted)" -eq 100 ]' "all of 100 sockets are moved back"
grows many .echoed 200 "from encrypted-only to unencrypted: 100 are plain"
# --- a socket that becomes encrypted-only now gets nothing in clear any more ---
program down stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6000" --report 50
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST2:6001 --to "$PHONE_INNER:6000" --rate 200 --linger 0 \
	--marker "M-down-only " --report 50
remote=$LAST_PID
must 5 '[ "$(last down ".foreign // 0")" -gt 50 ]'
level encrypted-only --proto udp --port 6000 >/dev/null
settled=$(awk -v t="$(now)" 'BEGIN { printf "%.6f", t + 0.3 }')
got=$(last down .foreign)
grows remote .sent 400
kill "$remote"
fence
is "to encrypted-only: nothing comes in clear" "$(in_clear M-down-only "$settled")" -eq 0
is "to encrypted-only: nothing is received" "$(last down .foreign)" -le $((got + 60))
# --- a shield whose request is lost at first is not set after it was lifted ---
program back stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6002" --to $HOST:7000 --rate 50 --report 50
must 5 '[ "$(last back ".echoed // 0")" -gt 5 ]'
in_phone nft -f - <<-END
	table ip loss {
		chain out { type filter hook output priority 0; udp dport $PORT @th,64,8 0x10 drop; }
	}
END
level encrypted-only --proto udp --port 6002 >/dev/null
grows back .attempts 5
in_phone nft delete table ip loss
level unencrypted --proto udp --port 6002 >/dev/null || fail "level, back at once"
grows back .attempts 100
grows back .echoed 20 "what was encrypted-only for a moment is plain again"
kill "$changes" "$many"
kill "$only" "$preferred"
finish "$only"
finish "$preferred"
is "encrypted-only: nothing came through" "$(last only .echoed)" -eq 0
is "encrypted-only: not in clear" "$(in_clear M-only)" -eq 0
is "encrypted-preferred: no error" "$(last preferred .errors)" -eq 0
is "encrypted-preferred: none was lost" "$(last preferred .lost)" -eq 0
is "encrypted-preferred: all of it in clear" "$(in_clear M-preferred)" -eq "$((2 * $(last preferred .sent)))"

# --- reload with DTTE: tunnels set up after it have the service; settings that need a restart are named ---
services_config "SIP, DTTE"
printf '%s\n' 'mtu = 1300' 'realtime-dscp = none' 'realtime-priority = 0' 'state-dir = "/nonexistent"' >>"$T/server.conf"
check "reload" server reload
for setting in mtu realtime-dscp realtime-priority; do
	check "a warning says that $setting has not changed" grep -q "reload: $setting changes when the server is restarted" "$T/server.log"
done
check "none says so of what an option sets" eval '! grep -q "reload: state-dir" "$T/server.log"'
stop_client
start_client
flow_at later encrypted-only --bind "$PHONE_INNER:5004"
must 10 'encrypted_up && [ "$(last later .echoed)" -gt 10 ]' "a tunnel established after the reload is encrypted"

# --- reload without DTTE: the encrypted tunnel stays ---
services_config "SIP"
check "reload" server reload
grows later .echoed 50 "the encrypted tunnel outlives the reload"
is "encrypted-only: no error after the reload" "$(last later .errors)" -eq 0
stop_capture
is "encrypted-only: never in clear" "$(in_clear M-later)" -eq 0
