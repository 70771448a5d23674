#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# sticky.sh - a client gets its internal addresses again: after it was stopped and another one came, after it was
# killed, and after the server was restarted meanwhile.  A full pool refuses with a reason, and gives out the address
# that has been free for the longest time.
. "$(dirname "$0")/lib.sh"

inner_of() { "$1" '.plain.internal[0]' | cut -d/ -f1; }
second() { in_phone2 "$TSCF_SBINDIR/tscf-client" status --json --control "$T/$1.sock" | jq -r "$2"; }
stop_second() {
	kill -TERM "$1"
	finish "$1" 10
}

topology
topology_phone2
# Each range has one address for clients.
start_server_bare --listen $SERVER_OUTER:$PORT --pool 10.8.0.0/30 --pool 10.8.1.0/30 --encrypted-pool 10.9.0.0/24 --route $SERVICE_NET --services DTTE
start_client
address=$PHONE_INNER
check "the identity is the owner's only" [ "$(stat -c %a "$T/phone/client-id")" = 600 ]

# --- killed: the server still has the session ---
kill_client
start_client
is "the same address after SIGKILL" "$PHONE_INNER" = "$address"

# --- stopped, and another client comes in between ---
stop_client
start_second_client other "$PHONE2"
other=$LAST_PID
other_address=$(second other '.plain.internal[0]' | cut -d/ -f1)
is "another client gets another address" "$other_address" != "$address"
start_client
is "the same address after a stop" "$PHONE_INNER" = "$address"

# --- no address is left for a third client ---
stop_client
start_client
ip netns exec "$PHONE2" "$TSCF_SBINDIR/tscf-client" --foreground --server $SERVER_OUTER:$PORT --pin "$PIN" --control "$T/third.sock" \
	--state-dir "$T/third" --plain-dev third0 --encrypted-dev third1 --table-plain 100 --table-encrypted 101 --rule-priority 8000 \
	>"$T/third.log" 2>&1 &
third=$!
PIDS+=("$third")
must 10 'grep -q "no address: no internal address is free" "$T/third.log"' "a full pool is refused with a reason"
check "and stays so in its status" second third .plain.reason
stop_second "$third"

# --- all clients are stopped, and the server, too ---
stop_second "$other"
stop_client
kill_server
start_server_bare --listen $SERVER_OUTER:$PORT --pool 10.8.0.0/30 --pool 10.8.1.0/30 --encrypted-pool 10.9.0.0/24 --route $SERVICE_NET --services DTTE
# In the other order.
start_second_client other "$PHONE2"
other=$LAST_PID
is "the same address after a restart of the server" "$(second other '.plain.internal[0]' | cut -d/ -f1)" = "$other_address"
start_client
is "for both" "$PHONE_INNER" = "$address"
stop_client
stop_second "$other"

# --- the address that has been free longest is given out ---
stop_server
start_server_bare --listen $SERVER_OUTER:$PORT --pool 10.8.0.0/30 --pool 10.8.1.0/30 --encrypted-pool 10.9.0.0/24 --route $SERVICE_NET --services DTTE
start_second_client newcomer "$PHONE2"
is "a new client gets the address that was left first" "$(second newcomer '.plain.internal[0]' | cut -d/ -f1)" = "$address"
start_client
is "whose client gets another one" "$PHONE_INNER" = "$other_address"
