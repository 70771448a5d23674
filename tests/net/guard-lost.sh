#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-lost.sh - more sockets at once than there is room for events: the client counts that, looks at all sockets, and gives the level of a policy to one
# of whose port it was never told.
. "$(dirname "$0")/lib.sh"

topology
echo_server
start_server
gcc -static -o "$T/ports" "$(dirname "$0")/guard/born.c" || die "a static program cannot be built"
CLIENT_CONF=("policy ports { program = $T/ports local-port = 5070-5079 level = encrypted-preferred }"
	"policy any { local-port = 1-2 level = encrypted-only }")
start_guarded_client
is "lost at first" "$(client_status .counters.guard_events_lost)" -eq 0
# With a policy for any program, each of these that is bound is an event.
MANY='
import socket
for i in range(12000):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    s.close()'
kill -STOP "$CLIENT_PID"
in_phone python3 -c "$MANY"
in_phone sysctl -q -w net.ipv4.ip_local_port_range="5070 5079"
background ports "$PHONE" "$T/ports" $HOST M-ports b0 v w"$T/go" l11 s2
must 5 'grep -q value "$T/ports.out"'
kill -CONT "$CLIENT_PID"
: >"$T/go"
finish "$LAST_PID" 30
is "by a port that the client was not told of" "$(sed 's/ $//' "$T/ports.out")" = "bound=0 value=0 value=11 back=2/0"
is "lost" "$(client_status .counters.guard_events_lost)" -gt 0
is "and none was missed for that" "$(client_status .counters.sockets_missed)" -eq 0
is "all sockets are looked at" "$(grep -c 'guard: events were lost' "$T/client.log")" -ge 1

# --- the next client ---
kill_client
looks=$(grep -c 'guard: events were lost' "$T/client.log")
start_client
is "the counter goes on" "$(client_status .counters.guard_events_lost)" -gt 0
background again "$PHONE" "$T/ports" $HOST M-again b0 v l11 s2
finish "$LAST_PID" 30
for i in 1 2 3; do client_status .guard.state >/dev/null; done
is "not for what an earlier client has lost" "$(grep -c 'guard: events were lost' "$T/client.log")" -eq "$looks"
stop_client
