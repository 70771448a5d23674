#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tombstone.sh - the far end goes on sending when an encrypted-only socket has been closed, as RTP does at the end of a
# call.  None of those packets goes down the link in clear, whether the program ended, was killed, or the encrypted
# tunnel is gone as well.  Of those for an encrypted-preferred socket, none does in the 2 seconds after its close.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
CLIENT_CONF=("persistence = 1")
start_server
start_client

only
program preferred encrypted-preferred "$TSCF_TOOLS/flow" --bind $ANY:5010 --to $HOST:7110 --rate 50 --marker "M-up " --report 50
phone=$LAST_PID
must 5 encrypted_up
background late "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7110 --to "$PHONE_INNER:5010" --rate 500 --marker "M-late " --report 50
late=$LAST_PID
must 10 '[ "$(last preferred .foreign)" -gt 100 ]' "RTP comes in"
closed=$(now)
kill -KILL "$phone"
wait "$phone" 2>/dev/null
must 10 '[ "$(in_clear M-late)" -gt 0 ]' "what comes for a closed preferred socket is plain after a while"
is "preferred: ms in which nothing was in clear after the close" "$(elapsed "$closed" "$(wire times M-late | head -n 1)")" -ge 1900
kill "$late" "$only"

# The second one sends fragments, of which only the first has ports.
number=0
for how in TERM KILL; do
	number=$((number + 1))
	port=$((5000 + number)) from=$((7100 + number))
	program "phone-$how" encrypted-only \
		"$TSCF_TOOLS/flow" --bind $ANY:$port --to $HOST:$from --rate 50 --marker "M-up " --report 50
	phone=$LAST_PID
	must 5 encrypted_up
	background "remote-$how" "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:$from --to "$PHONE_INNER:$port" --rate 500 --size $((number * 1500)) \
		--marker "M-remote-$how " --report 50
	must 10 "[ \"\$(last phone-$how .foreign)\" -gt 100 ]" "RTP comes in"
	kill -$how "$phone"
	wait "$phone" 2>/dev/null
	grows "remote-$how" .sent 500
	is "$how: nothing in clear after the socket was closed" "$(in_clear "M-remote-$how")" -eq 0
done
must 10 '[ "$(encrypted_state)" = idle ]' "the encrypted tunnel is released"
dropped=$(server_counter tombstone)
grows remote-TERM .sent 500
grows remote-KILL .sent 500
# Count the first fragment of each datagram; few can be in transit.
is "the server counts what it drops" "$(($(server_counter tombstone) - dropped))" -gt 900
# Other sockets of the phone are not affected.
check "another port is reachable" reachable
stop_capture
is "nothing in clear when the tunnel was gone too" "$(in_clear M-remote)" -eq 0
