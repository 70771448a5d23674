#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# keepalive.sh - each end checks whether the other is there.  The round trip that this measures is shown for both
# tunnels.  An idle tunnel is kept alive.  A server that has fallen silent is noticed in the time that tscf(7) says, in
# an idle tunnel and in a busy one; so is an idle encrypted tunnel that does not answer while the plain one does.  The
# server ends the session of a client that has fallen silent, but not after a time in which only the server stood still.
. "$(dirname "$0")/lib.sh"

PERSISTENCE=10
# What a busy machine may add to times, in milliseconds.
SLACK=3000

round_trip() { client_status ".$1.round_trip_ms"; }
# between LEAST VALUE MOST
between() { [ "$2" -ge "$1" ] && [ "$2" -le "$3" ]; }
sessions() { server sessions --json | jq length; }
aside() { client_status .counters.encrypted_aside; }
# lost WHAT SINCE MILLISECONDS TUNNEL: the tunnel is lost at most about so long after SINCE.
lost() {
	must 20 "[ \"\$(client_status .$4.state)\" != up ]" "$1: the loss of the $4 tunnel is noticed"
	is "$1: milliseconds until the loss of the $4 tunnel was noticed" "$(elapsed "$2")" -le $(($3 + SLACK))
}
# put_aside WHAT SINCE MILLISECONDS FORMER: the counter of tunnels put aside is above FORMER at most so long after
# SINCE.
put_aside() {
	must 10 "[ \"\$(aside)\" -gt $4 ]" "$1: the encrypted tunnel is put aside"
	is "$1: milliseconds until the encrypted tunnel was put aside" "$(elapsed "$2")" -le $(($3 + SLACK))
}

topology
echo_server
SERVER_CONF+=("tunnel-persistence-time = $PERSISTENCE")
start_server

# --- the round trip: 40 ms are on the way, and far less than a second in this host ---
background delay "$PHONE" python3 "$TSCF_SRC/tests/net/delay.py" 20 3004 "$SERVER_LINK" $PORT
background delay-encrypted "$PHONE" python3 "$TSCF_SRC/tests/net/delay.py" 20 3005 "$SERVER_LINK" $((PORT + 1))
encrypted_way=$LAST_PID
must 5 '[ -s "$T/delay.out" ] && [ -s "$T/delay-encrypted.out" ]' "the long way is there"
CLIENT_CONF=("keepalive = 1")
SERVER_OUTER=127.0.0.1 PORT=3004 start_client
is "no round trip of a tunnel that never was" "$(round_trip encrypted)" -eq 0
# A socket that wants the encrypted tunnel and sends nothing.
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --report 50
only=$LAST_PID
must 10 encrypted_up "the encrypted tunnel is up"
for tunnel in plain encrypted; do
	must 10 "between 40 \"\$(round_trip $tunnel)\" 600" "the round trip of the $tunnel tunnel is measured"
	pass "round trip of the $tunnel tunnel: $(round_trip $tunnel) ms"
done

# --- an idle tunnel, for longer than the server keeps a silent one ---
plain=$(client_status .plain.traffic.sent_packets) encrypted=$(client_status .encrypted.traffic.sent_packets)
must 30 "[ \"\$(client_status .plain.traffic.sent_packets)\" -ge $((plain + PERSISTENCE + 2)) ]" "keepalives in the plain tunnel"
is "keepalives in the encrypted tunnel, meanwhile" "$(client_status .encrypted.traffic.sent_packets)" -ge $((encrypted + PERSISTENCE / 2))
# On a busy machine the client may have tried another way, too; the server counts that session until it ends.
is "both sessions are still there" "$(server sessions --json | jq '[.[] | select(.state == "up")] | length')" -eq 2
is "and were never lost" "$(client_status '.counters | .plain_reconnects + .encrypted_reconnects')" -eq 0

# --- idle, nothing answers: 1 s of silence, and 2.25 s of asking.  The encrypted tunnel is kept for 10 s more: the network may only stall ---
before=$(aside)
kill -STOP "$SERVER_PID"
stopped=$(now)
lost idle "$stopped" 3250 plain
lost idle "$stopped" 13250 encrypted
is "idle: the encrypted tunnel is not put aside for one that does not answer either" "$(aside)" -eq "$before"
is "idle: not before its time" "$(elapsed "$stopped")" -ge 10000
kill -CONT "$SERVER_PID"
must 15 plain_up "idle: the plain tunnel comes back"
must 15 encrypted_up "the encrypted tunnel comes back"

# --- idle, only the plain tunnel answers: the same, and 0.6 s more until the encrypted one is lost ---
must 10 '[ "$(round_trip encrypted)" -ge 40 ]' "the round trip of the new encrypted tunnel is measured"
before=$(aside) losses=$(client_status .counters.encrypted_reconnects)
kill -STOP "$encrypted_way"
stopped=$(now)
put_aside "idle, plain answers" "$stopped" 3250 "$before"
lost "idle, plain answers" "$stopped" 3850 encrypted
is "the encrypted tunnel was lost once" "$(client_status .counters.encrypted_reconnects)" -eq $((losses + 1))
check "the plain tunnel is still up" plain_up
kill -CONT "$encrypted_way"
must 15 encrypted_up "the encrypted tunnel comes back again"
kill "$only"
stop_client

# --- packets are sent: 8 without an answer, then 0.56 s of keepalives, with any keepalive time ---
must 5 '[ "$(sessions)" -eq 0 ]' "the sessions are released"
CLIENT_CONF=()
start_client
program busy library "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 20 --report 50
grows busy .echoed 10
kill -STOP "$SERVER_PID"
stopped=$(now)
SLACK=1500 lost busy "$stopped" 1000 plain
kill -CONT "$SERVER_PID"
must 15 plain_up "busy: the plain tunnel comes back"
grows busy .echoed 10

# --- the server stands still for longer than it keeps a silent client, and this one's packets lie there ---
tsid=$(client_status .plain.tsid)
kill -STOP "$SERVER_PID"
stopped=$(now)
grows busy .sent 3
# It would go on to another session.
kill -STOP "$CLIENT_PID"
must $((PERSISTENCE + 5)) "[ \"\$(elapsed $stopped)\" -ge $((PERSISTENCE * 1000 + 1500)) ]" "the server stands still"
continued=$(now)
kill -CONT "$SERVER_PID"
must 10 "server sessions --json && [ \"\$(elapsed $continued)\" -ge 1500 ]" "the server has looked for silent clients"
is "its session is still there" "$(server sessions --json | jq -r '.[].tsid')" = "$tsid"
kill -CONT "$CLIENT_PID"
grows busy .echoed 10

# --- a client that ends without a release ---
kill_client
killed=$(now)
is "the server has its session" "$(sessions)" -eq 1
must $((PERSISTENCE + 10)) '[ "$(sessions)" -eq 0 ]' "the server ends the session of a client that is gone"
is "milliseconds until the server ended it" "$(elapsed "$killed")" -le $((PERSISTENCE * 1000 + SLACK))
is "not before its time" "$(elapsed "$killed")" -ge $((PERSISTENCE * 1000 - 2000))
