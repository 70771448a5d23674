#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# move.sh - moves under load lose nothing and leak nothing.  There are 1,000 packets a second both ways while the socket
# moves into the encrypted tunnel and back; a flow that only comes down, which no packet from the phone can move; and
# 1,000 sockets that move at once.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
CLIENT_CONF=("persistence = 0")
start_server
start_client

# --- a flow that only comes down, moved while there is no encrypted tunnel yet ---
program down stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6000" --report 50
must 5 '[ -s "$T/down.out" ]'
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:6001 --to "$PHONE_INNER:6000" --rate 1000 --linger 0 \
	--marker "M-down-only " --report 50
remote=$LAST_PID
must 5 '[ "$(last down .foreign)" -gt 300 ]'
is "no encrypted tunnel yet" "$(encrypted_state)" = idle
down_asked=$(now)
level encrypted-only --proto udp --port 6000 >/dev/null || fail "level of the down-only socket"
down_done=$(now)
# Packets that the server sent in clear before its confirmation are accepted for 250 ms.
grows down .foreign 300
down_settled=$(now)
note "down only: moved in $(elapsed "$down_asked" "$down_done") ms, with opening the encrypted tunnel"

# --- there and back, a flow that goes both ways ---
program load library "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 1000 --count 4500 \
	--marker "M-load " --report 50 --level-at 1500:encrypted-only --level-at 3500:unencrypted
finish "$LAST_PID" 15
down_checked=$(now)
level unencrypted --proto udp --port 6000 >/dev/null || fail "level of the down-only socket, back"
grows down .foreign 500
kill "$remote"
finish "$remote" 15
wait_until 2 '[ "$(last down .foreign)" -eq "$(last remote .sent)" ]'

is "load: every packet was sent" "$(last load .sent)" -eq 4500
is "load: none was lost" "$(last load .lost)" -eq 0
is "load: none came twice" "$(last load .duplicates)" -eq 0
is "load: both levels were set" "$(last load '.levels_set')" -eq 2
note "load: $(last load .reordered) packets out of order, longest gap $(last load .max_gap_ms) ms"
set_at=$(last load '.level_times[0]')
back_at=$(last load '.level_times[1]')
is "load: in clear before" "$(socket_in_clear udp 5004 0 "$set_at")" -ge 2000
# In the other direction packets may be under way in clear for 250 ms, and for as long as this machine stood still meanwhile.
settled=$(awk -v t="$set_at" -v stall="$(last load .max_gap_ms)" 'BEGIN { printf "%.6f", t + 0.27 + stall / 1000 }')
before_back=$(awk -v t="$back_at" 'BEGIN { printf "%.6f", t - 0.1 }')
is "load: not in clear once moved" "$(socket_in_clear udp 5004 "$settled" "$before_back")" -eq 0
is "load: nor is its text" "$(in_clear M-load "$settled" "$before_back")" -eq 0
is "load: in clear again after moving back" "$(socket_in_clear udp 5004 "$back_at")" -ge 1000
note "load: the last clear packet came $(elapsed "$set_at" "$(wire last udp 5004 --to "$before_back")") ms after the level was set"

is "down only: enough was sent" "$(last remote .sent)" -ge 5000
is "down only: none was lost" "$(($(last remote .sent) - $(last down .foreign)))" -eq 0
is "down only: in clear before" "$(in_clear M-down-only 0 "$down_asked")" -gt 0
is "down only: not in clear once moved" "$(in_clear M-down-only "$down_settled" "$down_checked")" -eq 0

# --- 1,000 sockets at once ---
must 10 '[ "$(encrypted_state)" = idle ]' "the encrypted tunnel is gone"
program many library \
	"$TSCF_TOOLS/flow" --to $HOST:7000 --sockets 1000 --rate 1000 --count 5000 --marker "M-many " --report 50
many=$LAST_PID
must 5 '[ "$(last many .attempts)" -gt 1000 ]'
asked=$(now)
level encrypted-preferred --pid "$many" >/dev/null || fail "level of 1,000 sockets"
must 5 'encrypted_up'
must 5 '[ "$(client_status ".sockets[\"encrypted-preferred\"]")" -eq 1000 ]' "1,000 sockets bear the mark"
moved=$(now)
grows many .echoed 300
settled=$(now)
note "1,000 sockets: asked to moved in $(elapsed "$asked" "$moved") ms"
finish "$many" 15
is "1,000 sockets: every packet was sent" "$(last many .sent)" -eq 5000
is "1,000 sockets: none was lost" "$(last many .lost)" -eq 0
stop_capture
is "1,000 sockets: in clear before" "$(in_clear M-many 0 "$asked")" -ge 1000
is "1,000 sockets: not in clear once moved" "$(in_clear M-many "$settled")" -eq 0
