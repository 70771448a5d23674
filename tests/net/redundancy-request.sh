#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# redundancy-request.sh - sockets ask for redundancy by tscf-run, policy, command and option; the server grants it where
# it is assigned.  It stays with the socket when that moves, when the tunnel or the server is new, and ends with it.
. "$(dirname "$0")/lib.sh"

# of PORT FIELD: of the socket with that local port.
of() {
	client sockets --json | jq -r --arg port ":$1" "[.[] | select(.local | endswith(\$port))][0].$2"
}

has() { [ "$(of "$1" redundancy_in_force)" = "$2" ]; }

# at_server: how many sockets have redundancy there.
at_server() { server sessions --json | jq '[.[].redundancy_sockets] | add // 0'; }

# flow_on PORT LEVEL [OPTION-OF-TSCF-RUN...]: a flow from that port that runs until it is killed.
flow_on() {
	local port=$1 level=$2
	shift 2
	background "flow$port" "$PHONE" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level "$level" "$@" -- \
		"$TSCF_TOOLS/flow" --bind "$PHONE_INNER:$port" --to $HOST:7000 --rate 50 --report 50
}

topology
echo_server
services_config "DTTE"
start_server_bare --config "$T/server.conf"
CLIENT_CONF=("policy media { local-port = 6000-6009 level = unencrypted redundancy = 3 }")
start_client
CLIENT_CONF=()

# --- not assigned: the socket works, and everybody is told ---
flow_on 5000 unencrypted --redundancy
run=$LAST_PID
grows flow5000 .echoed 10 "without the service the socket works"
must 5 '[ "$(client_status ".redundancy.reason // empty")" != "" ]' "the status says why there is none"
is "what it asks for" "$(of 5000 redundancy)" = auto
is "what it has" "$(of 5000 redundancy_in_force)" = none
check "sockets says that it is not in force" eval 'client sockets | grep -q "redundancy auto is not in force"'
is "the server has none" "$(at_server)" = 0

# --- assigned by a reload, for tunnels that are set up after it ---
services_config "DTTE, redundancy"
check "reload" server reload
kill "$run"
finish "$run"
must 5 '[ "$(client_status .redundancy.sockets)" = 0 ]' "the socket has ended"
stop_client
CLIENT_CONF=("policy media { local-port = 6000-6009 level = unencrypted redundancy = 3 }")
start_client
CLIENT_CONF=()
flow_on 5000 unencrypted --redundancy
run=$LAST_PID
must 5 'has 5000 auto' "tscf-run --redundancy: granted"
must 5 '[ "$(at_server)" = 1 ]' "the server shows it"
flow_on 6002 default
must 5 'has 6002 3' "by a policy: granted"
flow_on 5002 unencrypted --redundancy=2
two=$LAST_PID
must 5 'has 5002 2' "a factor"
flow_on 5004 unencrypted
grows flow5004 .echoed 1
check "the command" client redundancy 4 --proto udp --port 5004
must 5 'has 5004 4' "of a running program"
must 5 '[ "$(at_server)" = 4 ]' "four sockets have it"
check "the command, none" client redundancy none --proto udp --port 5004
must 5 '[ "$(at_server)" = 3 ]' "and no more"
check "the command comes before tscf-run" client redundancy 1 --proto udp --port 5000
must 5 'has 5000 1'
is "no binding was made" "$(server_status .bindings)" = 0
check "an illegal factor is refused" eval '! client redundancy 5 --proto udp --port 5004 2>/dev/null'
check "no such socket" eval '! client redundancy auto --proto udp --port 5999 2>/dev/null'

# --- it moves with the socket ---
check "to encrypted-only" level encrypted-only --proto udp --port 5000
must 10 'encrypted_up && [ "$(of 5000 tunnel)" = encrypted ]'
is "it has it still" "$(of 5000 redundancy_in_force)" = 1
grows flow5000 .echoed 20 "encrypted, with redundancy asked for"
check "back" level unencrypted --proto udp --port 5000
must 10 '[ "$(of 5000 tunnel)" = plain ]'
is "and still" "$(of 5000 redundancy_in_force)" = 1
is "the server has the same" "$(at_server)" = 3

# --- the server is restarted, killed or not ---
stop_server
start_server_bare --config "$T/server.conf"
must 20 'plain_up && [ "$(at_server)" = 3 ]' "asked again after a restart"
must 10 'has 5000 1'
kill_server
start_server_bare --config "$T/server.conf"
must 30 'plain_up && [ "$(at_server)" = 3 ]' "asked again after the server was killed"

# --- a socket that ends has no entry ---
kill "$two"
finish "$two"
must 5 '[ "$(at_server)" = 2 ]' "an ended socket leaves nothing at the server"

# --- the option, under the library ---
background option "$PHONE" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level unencrypted -- \
	python3 -u -c '
import os, socket, struct, sys, time
def get(s): return struct.unpack("ii", s.getsockopt(socket.SOL_SOCKET, 0x7456, 8))
def set(s, *what):
    try: s.setsockopt(socket.SOL_SOCKET, 0x7456, struct.pack("ii", *what))
    except OSError as e: return os.strerror(e.errno)
    return "ok"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(get(s), set(s, 255, 0), get(s), set(s, 9, 0), set(s, 1, 3), flush=True)
s.bind((sys.argv[1], 5006))
time.sleep(1000)' "$PHONE_INNER"
must 20 '[ -s "$T/option.out" ]'
is "SO_TSC_REDUNDANCY" "$(cat "$T/option.out")" = "(0, 0) ok (255, 0) Invalid argument Operation not supported"
must 5 'has 5006 auto' "asked before the socket had a port"

# --- a user other than root has a limit ---
before=$(client_status .redundancy.sockets)
background crowd "$PHONE" setpriv --reuid 4242 --clear-groups env PATH=/usr/bin:/bin python3 -u -c '
import socket, sys, time
s = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(140)]
for i, one in enumerate(s): one.bind((sys.argv[1], 20000 + i))
print("bound", flush=True)
time.sleep(1000)' "$PHONE_INNER"
crowd=$LAST_PID
must 20 '[ -s "$T/crowd.out" ]'
check "140 sockets of a user ask" client redundancy auto --pid "$crowd"
is "128 of them may" "$(client_status .redundancy.sockets)" = $((before + 128))
must 10 '[ "$(client_status .redundancy.granted)" = $((before + 128)) ]' "the server grants as many"
kill "$crowd"
must 10 '[ "$(client_status .redundancy.sockets)" = "$before" ]' "they end"
