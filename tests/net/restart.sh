#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# restart.sh - tscf-server is stopped and started again, and killed and started again.  Sessions, internal addresses and
# TSIDs stay the same, an inner TCP connection survives, and plain data goes on, after a stop at once and without an
# action of the client.  What is encrypted-only is shielded from the first packet on until the encrypted tunnel is
# back.  A damaged store is renamed.
. "$(dirname "$0")/lib.sh"

topology
watch_stalls
start_capture
echo_server
start_server
start_client
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$ANY:5004" --to $HOST:7000 --rate 50 --marker "M-only " --report 50
program rtp library "$TSCF_TOOLS/flow" --bind "$ANY:5006" --to $HOST:7000 --rate 50 --marker "M-rtp " --report 50
program stream library "$TSCF_TOOLS/tcp" --bind "$PHONE_INNER:5100" --to $HOST:7000 --seconds 60 --rate 50000 --marker M-stream \
	--patience 20000 --report 50
stream=$LAST_PID
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ] && [ "$(last rtp .echoed)" -gt 20 ]'
# Packets from outside, independent of what the client does.
background to-only "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7001 --to "$PHONE_INNER:5004" --rate 100 --marker "M-down " --report 50
background to-rtp "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7002 --to "$PHONE_INNER:5006" --rate 100 --marker "M-plain " --report 50
must 5 '[ "$(last only .foreign)" -gt 20 ] && [ "$(last rtp .foreign)" -gt 20 ]'
tsid=$(client_status .plain.tsid) address=$PHONE_INNER encrypted_address=$(client_status '.encrypted.internal[0]')

# goes_on WHAT PLAIN ENCRYPTED: all is as it was, the flows within so many milliseconds after happens: those that tscf(7) names, over TCP and TLS
# RECONNECT.
if [ "$TRANSPORT" = udp ]; then RECONNECT=0; else RECONNECT=2100; fi
goes_on() {
	local plain=$2 encrypted=$3
	[ "$plain" -ge $RECONNECT ] || plain=$RECONNECT
	[ "$encrypted" -ge $RECONNECT ] || encrypted=$RECONNECT
	within "$1: plain packets come down" "$plain" rtp .foreign
	within "$1: encrypted ones too" "$encrypted" only .foreign
	must 5 encrypted_up
	grows stream .received 10000 "$1: the TCP connection goes on"
	is "$1: the session is the same" "$(client_status .plain.tsid)" = "$tsid"
	is "$1: the internal address is the same" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = "$address"
	is "$1: and the encrypted one" "$(client_status '.encrypted.internal[0]')" = "$encrypted_address"
	is "$1: nothing was set up again" "$(server_counter plain_established)" -eq 0
}

stop_server
start_server
happens
goes_on "stopped" 300 600
is "stopped: what was encrypted-only was shielded meanwhile" "$(($(server_counter shielded) + $(server_counter quiet)))" -gt 0

kill_server
start_server
happens
goes_on "killed" 300 700

# --- the client is stopped: the server acts alone ---
stop_server
kill -STOP "$CLIENT_PID"
from=$(now)
start_server
if [ "$TRANSPORT" = udp ]; then
	must 5 '[ "$(in_clear M-plain "$from")" -gt 20 ]' "stopped, no client: plain packets are sent at once"
else
	must 5 '[ "$(server_counter no_connection)" -gt 20 ]' "stopped, no client: there is no connection for plain packets"
fi
must 5 '[ "$(server_counter shielded)" -gt 20 ]' "stopped, no client: encrypted-only ones are shielded"
kill_server
from=$(now)
start_server
must 5 '[ "$(server_counter quiet)" -gt 20 ]' "killed, no client: the session is quiet"
must 5 '[ "$(server_counter shielded)" -gt 20 ]' "killed, no client: and its shields are there"
is "killed, no client: nothing comes down in clear" "$(in_clear M-plain "$from")" -eq 0
happens
kill -CONT "$CLIENT_PID"
goes_on "asleep" 500 800

# --- a store that cannot be read ---
stop_server
printf 'not a data base, but as long as the first page of one should be%01000d' 0 >"$T/state/server.db"
start_server
must 20 'plain_up && encrypted_up' "with a damaged store both tunnels come back"
check "it is put aside" [ -e "$T/state/server.db.damaged" ]
check "and the log says so" grep -q 'server.db is damaged' "$T/server.log"
grows only .foreign 20 "encrypted again"

kill -TERM "$stream"
finish "$stream" 20
is "the TCP connection is right to the byte" "$(last stream .exact)" = true
stop_capture
is "the encrypted-only flow was never in clear" "$(in_clear M-only)" -eq 0
is "nor was what was sent to it" "$(in_clear M-down)" -eq 0
is "no packet of its socket in the plain tunnel" "$(socket_in_clear udp 5004)" -eq 0
