#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tcp.sh - an established TCP connection moves from plain to encrypted and back, and its content arrives with every
# byte, both ways.  A connection from outside to an encrypted-only listener is encrypted from its first segment, and
# stays so after the program has closed it.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
start_server
start_client

program stream library "$TSCF_TOOLS/tcp" --bind "$PHONE_INNER:5100" \
	--to $HOST:7000 --bytes 6000000 --rate 1500000 --marker M-stream --report 50 \
	--level-at 1500000:encrypted-only --level-at 4500000:unencrypted
finish "$LAST_PID" 30
check "the transfer ended well" [ $? -eq 0 ]
is "all came back" "$(last stream .received)" -eq 6000000
is "byte for byte" "$(last stream .exact)" = true
is "levels could be set" "$(last stream '.level_errors | length')" -eq 0
# When the segments that were under way, and what was queued in the socket before the level was set, have come back; before it moves back.
from=$(jq -r 'select(.received >= 2700000) | .time' "$T/stream.out" | head -n 1)
to=$(jq -r 'select(.sent < 4000000) | .time' "$T/stream.out" | tail -n 1)
note "$(last stream .retransmits) segments were sent again, longest gap $(last stream .max_gap_ms) ms"
is "in clear before the move" "$(socket_in_clear tcp 5100 0 "$from")" -gt 100
is "not in clear while moved" "$(socket_in_clear tcp 5100 "$from" "$to")" -eq 0
is "in clear after moving back" "$(socket_in_clear tcp 5100 "$to")" -gt 100

# --- a connection from outside ---
program listener encrypted-only \
	"$TSCF_TOOLS/tcp" --listen "$PHONE_INNER:5200"
listener=$LAST_PID
must 5 'grep -q ready "$T/listener.out"'
must 5 encrypted_up
must 5 '[ "$(tunnel_of tcp 5200)" = encrypted ]' "the listener is in the encrypted tunnel"
in_service "$TSCF_TOOLS/tcp" --to "$PHONE_INNER:5200" --bytes 200000 --marker M-called >"$T/caller.out"
check "a call from outside arrives" [ $? -eq 0 ]
finish "$listener" 5
# The last segments, and those of TIME_WAIT.
must 5 '! in_phone ss -Htan "sport = :5200" | grep -qv TIME-WAIT'
fence
stop_capture
is "the accepted connection was never in clear" "$(socket_in_clear tcp 5200)" -eq 0
is "nor was its text" "$(in_clear M-called)" -eq 0
